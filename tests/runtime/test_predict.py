"""`edgedigits predict` as a user types it: what it prints, what it ends with, what it says to bad input."""

from __future__ import annotations

import csv
import io
import json
import os
import pty
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image

from tests.runtime.samples import draw_text

COMMAND = [sys.executable, "-m", "edgedigits"]


def predict(*arguments: str | Path, **options: object) -> subprocess.CompletedProcess[str]:
    run = subprocess.run(
        [*COMMAND, "predict", *map(str, arguments)], capture_output=True, text=True, check=False, **options
    )
    assert "Traceback" not in run.stderr
    return run


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of seven pictures that each show a 7, in every format."""
    folder = tmp_path_factory.mktemp("pictures")
    (folder / "deeper").mkdir()
    for i, suffix in enumerate(("png", "jpg", "jpeg", "bmp", "tiff", "webp")):
        cv2.imwrite(str(folder / ("deeper" if i % 2 else "") / f"seven{i}.{suffix}"), draw_text("7"))
    cv2.imwrite(str(folder / "SEVEN.PNG"), draw_text("7"))
    (folder / "notes.txt").write_text("not a picture, and not to be tried")
    return folder


def test_text_names_the_image_and_what_it_says(folder: Path) -> None:
    run = predict(folder / "seven0.png")
    assert (run.returncode, run.stdout, run.stderr) == (0, f"{folder / 'seven0.png'}: 7\n", "")


def test_a_folder_is_searched_through(folder: Path) -> None:
    run = predict(folder)
    assert run.returncode == 0
    assert len(run.stdout.splitlines()) == 7
    assert all(line.endswith(": 7") for line in run.stdout.splitlines())


def test_a_pattern_may_be_left_to_us(folder: Path) -> None:
    run = predict(f"{folder}/**/seven*.jp*g")
    assert run.returncode == 0
    assert len(run.stdout.splitlines()) == 2


def test_an_image_named_twice_is_read_once(folder: Path) -> None:
    assert len(predict(folder, folder / "seven0.png").stdout.splitlines()) == 7


def test_jsonl_has_one_object_a_line(folder: Path) -> None:
    run = predict(folder, "--format", "jsonl")
    rows = [json.loads(line) for line in run.stdout.splitlines()]
    assert len(rows) == 7
    for row in rows:
        assert row["text"] == "7"
        (digit,) = row["digits"]
        assert digit["value"] == 7
        assert 0.5 < digit["confidence"] <= 1
        x, y, width, height = digit["box"]
        assert 100 < x < x + width < 220
        assert 60 < y < y + height < 190
        assert Path(row["path"]).exists()


def test_csv_has_a_heading_and_a_row_an_image(folder: Path) -> None:
    run = predict(folder, "--format", "csv")
    rows = list(csv.DictReader(io.StringIO(run.stdout)))
    assert [row["text"] for row in rows] == ["7"] * 7
    assert [row["digits"] for row in rows] == ["1"] * 7


def test_standard_input_is_read_with_its_orientation(folder: Path, tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 3
    turned = tmp_path / "turned.jpg"
    Image.fromarray(draw_text("7")).transpose(Image.Transpose.ROTATE_180).save(turned, exif=exif)
    for path in (folder / "seven0.png", turned):
        run = subprocess.run(
            [*COMMAND, "predict", "-", "--format", "jsonl"], input=path.read_bytes(), capture_output=True, check=False
        )
        assert run.returncode == 0
        assert json.loads(run.stdout)["text"] == "7"
        assert json.loads(run.stdout)["path"] == "-"


def test_nothing_readable_ends_with_3(tmp_path: Path) -> None:
    path = tmp_path / "blank.png"
    cv2.imwrite(str(path), np.full((100, 100), 240, np.uint8))
    run = predict(path)
    assert (run.returncode, run.stdout, run.stderr) == (3, f"{path}: no digit found\n", "")


def test_one_broken_file_never_stops_the_rest(folder: Path, tmp_path: Path) -> None:
    whole = (folder / "deeper" / "seven1.jpg").read_bytes()
    bad = {
        "empty.png": b"",
        "half.jpg": whole[: len(whole) // 2],
        "text.png": b"just text",
    }
    for name, content in bad.items():
        (tmp_path / name).write_bytes(content)
    (tmp_path / "good.jpg").write_bytes(whole)
    run = predict(tmp_path)
    assert run.returncode == 2
    assert run.stdout == f"{tmp_path / 'good.jpg'}: 7\n"
    lines = run.stderr.splitlines()
    assert len(lines) == 4
    assert all(any(str(tmp_path / name) in line for line in lines) for name in bad)
    assert lines[-1] == "3 of 4 inputs could not be used."


@pytest.mark.parametrize("shape", [(1, 1), (1, 20000), (6000, 8000)])
def test_odd_sizes_are_read(tmp_path: Path, shape: tuple[int, int]) -> None:
    path = tmp_path / "odd.png"
    cv2.imwrite(str(path), np.full(shape, 255, np.uint8))
    run = predict(path)
    assert (run.returncode, run.stderr) == (3, "")


def test_an_image_of_no_pixels_is_named(tmp_path: Path) -> None:
    content = bytearray(cv2.imencode(".png", np.zeros((1, 1), np.uint8))[1].tobytes())
    content[16:24] = bytes(8)
    path = tmp_path / "zero.png"
    path.write_bytes(content)
    run = predict(path)
    assert run.returncode == 2
    assert "zero.png: not an image" in run.stderr


@pytest.mark.skipif(os.geteuid() == 0 if hasattr(os, "geteuid") else True, reason="root may read every file")
def test_an_unreadable_file_is_named(folder: Path, tmp_path: Path) -> None:
    path = tmp_path / "secret.png"
    path.write_bytes((folder / "seven0.png").read_bytes())
    path.chmod(0)
    run = predict(path)
    assert run.returncode == 2
    assert "secret.png cannot be read (Permission denied); check its permissions" in run.stderr


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["gone.png"], "gone.png does not exist"),
        (["*.nothing"], "no file matches"),
        (["."], "holds no images"),
        (["--engine", "tensorrt", "x.png"], "choose one of onnxruntime"),
        (["--model", "onnx-int3", "x.png"], "it has onnx-int8"),
        (["--bundle", "nowhere", "x.png"], "No bundle at nowhere"),
        (["--format", "xml", "x.png"], "text"),
        ([], "Missing argument"),
        (["--threads", "0", "x.png"], "--threads"),
        ([""], "the name is empty"),
        (["x" * 5000], "File name too long"),
        (["/dev/zero"], "not an image"),
        (["--threshold", "2", "x.png"], "not in the range 0<=x<=1"),
        (["--threshold", "nan", "x.png"], "nan is no number"),
        (["--expect", "[", "x.png"], "no regular expression"),
        (["--expect", "", "x.png"], "The pattern is empty"),
        (["--length", "four", "x.png"], "'four' is not a valid integer"),
        (["--length", "0", "x.png"], "--length"),
        (["--range", "5", "x.png"], "such as 1900..2099"),
        (["--range", "9..1", "x.png"], "name the least one first"),
        (["--checksum", "crc32", "x.png"], "'luhn', 'mod11'"),
        (["--jobs", "0", "x.png"], "--jobs"),
        (["--max-megapixels", "nan", "x.png"], "nan is no number"),
        (["--explain", "", "x.png"], "the name is empty"),
        (["--explain", "/dev/null/x", "x.png"], "choose another folder"),
        (["--treshold", "0.5", "x.png"], "Did you mean"),
    ],
)
def test_bad_usage_is_answered_in_plain_words(tmp_path: Path, arguments: list[str], says: str) -> None:
    run = predict(*arguments, cwd=tmp_path)
    assert run.returncode == 2
    assert run.stdout == ""
    assert says in run.stderr
    assert len(run.stderr.splitlines()) == 1


def test_a_bad_standard_input_does_not_stop_the_rest(folder: Path) -> None:
    run = subprocess.run(
        [*COMMAND, "predict", "-", folder / "seven0.png"], input=b"no image", capture_output=True, check=False
    )
    assert run.returncode == 2
    assert run.stdout.endswith(b"seven0.png: 7\n")
    assert b"standard input: not an image" in run.stderr


def test_a_number_is_read_as_it_is_expected_to_be(tmp_path: Path) -> None:
    path = tmp_path / "year.png"
    cv2.imwrite(str(path), draw_text("2021", size=(420, 200)))
    fits = predict(path, "--format", "jsonl", "--expect", r"20\d\d", "--length", "4", "--range", "1900..2099")
    assert fits.returncode == 0
    assert json.loads(fits.stdout)["text"] == "2021"
    assert json.loads(fits.stdout)["expected"] is True
    misfit = predict(path, "--length", "5")
    assert (misfit.returncode, misfit.stdout) == (3, f"{path}: 2021 (not as expected)\n")
    table = csv.DictReader(io.StringIO(predict(path, "--format", "csv", "--checksum", "ean13").stdout))
    assert next(table)["expected"] == "false"
    assert "expected" not in json.loads(predict(path, "--format", "jsonl").stdout)


def test_a_threshold_marks_what_is_unreadable(folder: Path) -> None:
    run = predict(folder / "seven0.png", "--threshold", "1", "--format", "jsonl")
    assert run.returncode == 0
    row = json.loads(run.stdout)
    (digit,) = row["digits"]
    assert (row["text"], digit["value"]) == ("?", None)
    assert digit["alternatives"][0] == [7, digit["confidence"]]
    assert predict(folder / "seven0.png").stdout.endswith(": 7\n")


def test_explain_writes_pictures_and_gives_hints(tmp_path: Path) -> None:
    path = tmp_path / "small.png"
    large = draw_text("2021", size=(900, 300), height=120)
    cv2.imwrite(str(path), cv2.resize(large, None, fx=0.15, fy=0.15, interpolation=cv2.INTER_AREA))
    run = predict(path, "--explain", tmp_path / "how", "--format", "jsonl")
    assert run.returncode == 0
    assert "small" in {hint["kind"] for hint in json.loads(run.stdout)["hints"]}
    assert f"Hint: {path}: the digits are about" in run.stderr
    assert cv2.imread(str(tmp_path / "how" / "small.png")).shape[1] == 1280
    assert "hints" not in json.loads(predict(path, "--format", "jsonl").stdout)


def test_pictures_overwrite_nothing_and_are_not_read_again(folder: Path, tmp_path: Path) -> None:
    image = tmp_path / "seven.png"
    image.write_bytes((folder / "seven0.png").read_bytes())
    for _ in range(2):
        run = predict(tmp_path, "--save-dir", tmp_path / "drawn", "--explain", tmp_path / "how")
        assert run.stdout == f"{image}: 7\n"
    assert predict(image, "--save-dir", tmp_path).returncode == 0
    assert image.read_bytes() == (folder / "seven0.png").read_bytes()
    assert (tmp_path / "seven-2.png").exists()
    predict(image, "--save-dir", tmp_path / "both", "--explain", tmp_path / "both")
    assert len(list((tmp_path / "both").iterdir())) == 2


def test_a_limit_on_pixels_can_be_set(folder: Path) -> None:
    run = predict(folder / "seven0.png", "--max-megapixels", "0.01")
    assert run.returncode == 2
    assert "more than the 0.01 megapixels allowed" in run.stderr


def test_save_dir_gets_each_image_with_its_reading(folder: Path, tmp_path: Path) -> None:
    run = predict(folder, "--save-dir", tmp_path / "out" / "pictures")
    assert run.returncode == 0
    written = sorted((tmp_path / "out" / "pictures").iterdir())
    assert len(written) == 7
    for path in written:
        picture = cv2.imread(str(path))
        assert picture.shape[0] > 240
        # the box is drawn in colour on a picture that had none
        assert (np.ptp(picture.astype(int), axis=2) > 80).any()


def test_save_dir_that_cannot_be_made_is_named(folder: Path) -> None:
    run = predict(folder / "seven0.png", "--save-dir", folder / "notes.txt" / "deeper")
    assert run.returncode == 2
    assert "notes.txt" in run.stderr


def test_show_without_a_screen_says_so(folder: Path) -> None:
    screenless = {k: v for k, v in os.environ.items() if k not in ("DISPLAY", "WAYLAND_DISPLAY")}
    run = predict(folder / "seven0.png", "--show", env=screenless)
    assert run.returncode == 2
    assert "no screen" in run.stderr
    assert "--save-dir" in run.stderr


def test_progress_is_shown_on_a_terminal_only(folder: Path) -> None:
    assert predict(folder).stderr == ""
    ours, theirs = pty.openpty()
    run = subprocess.run([*COMMAND, "predict", str(folder)], stdout=subprocess.PIPE, stderr=theirs, check=False)
    os.close(theirs)
    shown = os.read(ours, 65536).decode()
    os.close(ours)
    assert run.returncode == 0
    assert b"\r" not in run.stdout
    assert "Reading" in shown
    assert "100%" in shown


def test_a_reader_that_goes_away_is_no_error(folder: Path) -> None:
    run = subprocess.run(
        f"{' '.join(COMMAND)} predict {folder} | head -n 1", shell=True, capture_output=True, text=True, check=False
    )
    assert len(run.stdout.splitlines()) == 1
    assert run.stderr == ""
