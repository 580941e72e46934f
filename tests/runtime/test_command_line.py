"""The command line as a whole: what reaches the terminal, what is written over, what a broken machine says, Ctrl-C."""

from __future__ import annotations

import csv
import errno
import io
import json
import os
import pty
import re
import shlex
import shutil
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import click
import cv2
import numpy as np
import pytest
from click.shell_completion import ShellComplete
from PIL import Image

import edgedigits.cli
from edgedigits import image_kinds
from edgedigits.cli import commands, run
from edgedigits.cli.output import WRITERS, Row
from edgedigits.cli.pictures import write_picture
from edgedigits.cli.terminal import printable
from edgedigits.digit import Digit
from edgedigits.errors import InputError
from edgedigits.expectation import Expectation, constrain
from edgedigits.image_kinds import readable_suffixes
from edgedigits.reading import Reading
from tests.conftest import ROOT
from tests.runtime.samples import draw_text

COMMAND = [sys.executable, "-m", "edgedigits"]
Predict = Callable[..., tuple[int, str, str]]


@pytest.fixture
def predict(capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Predict:
    """Runs `edgedigits predict` in this process; gives the exit code, and what it printed and complained."""
    for name in ("FORCE_COLOR", "NO_COLOR", "EDGEDIGITS_BUNDLE"):
        monkeypatch.delenv(name, raising=False)

    def call(*arguments: object) -> tuple[int, str, str]:
        code = run(["predict", "--jobs", "1", *map(str, arguments)])
        printed = capfd.readouterr()
        return code, printed.out, printed.err

    return call


@pytest.fixture
def seven(tmp_path: Path) -> Path:
    path = tmp_path / "seven.png"
    cv2.imwrite(str(path), draw_text("7"))
    return path


# what reaches the terminal


def test_names_reach_the_terminal_with_everything_in_them_visible(predict: Predict, seven: Path) -> None:
    evil = seven.with_name("a\x1b[31m\u202egnp.\x07\n.png")
    seven.rename(evil)
    seven.with_name("b\x1b]0;title\x07.png").write_bytes(b"no image")
    shown = r"a\x1b[31m\u202egnp.\x07\n.png"
    for form in ("text", "csv"):
        _, out, err = predict(seven.parent, "--format", form)
        assert shown in out
        assert r"b\x1b]0;title\x07.png" in err
        assert not re.search("[\x00-\x09\x0b-\x1f\u202e]", out + err)
    assert json.loads(predict(evil, "--format", "jsonl")[1])["path"] == str(evil)


def test_a_name_that_is_not_utf8_ends_nothing(seven: Path) -> None:
    odd = os.fsencode(seven.parent) + b"/\xff\xfe.png"
    try:
        shutil.copy(seven, odd)
    except OSError:
        pytest.skip("this file system takes no names that are not UTF-8")
    strict = {**os.environ, "PYTHONIOENCODING": "utf-8:strict", "PYTHONUTF8": "0"}
    read = subprocess.run([*COMMAND, "predict", str(seven.parent)], capture_output=True, env=strict, check=False)
    assert (read.returncode, read.stderr) == (0, b"")
    assert rb"\xff\xfe.png: 7" in read.stdout
    assert b"seven.png: 7" in read.stdout


def test_json_gives_back_a_name_that_is_not_utf8(predict: Predict, seven: Path) -> None:
    odd = seven.with_name(os.fsdecode(b"\xff.png"))
    try:
        seven.rename(odd)
    except OSError:
        pytest.skip("this file system takes no names that are not UTF-8")
    assert os.fsencode(json.loads(predict(odd, "--format", "jsonl")[1])["path"]) == os.fsencode(odd)


@pytest.mark.parametrize("first", "=+-@")
def test_no_cell_is_a_formula(predict: Predict, seven: Path, first: str, monkeypatch: pytest.MonkeyPatch) -> None:
    name = f"{first}1+1|cmd.png"
    seven.rename(seven.with_name(name))
    monkeypatch.chdir(seven.parent)
    _, out, _ = predict("--format", "csv", "--", name)
    (row,) = csv.DictReader(io.StringIO(out))
    assert not row["path"].startswith(tuple("=+-@\t\r"))
    assert Path(row["path"]).samefile(name)


@pytest.mark.parametrize("text", ["=1+1", "@SUM(A1)", "+cmd|calc", "-x", "-5", "-", "=", "+12", "7"])
def test_no_label_is_a_formula(text: str, capfd: pytest.CaptureFixture[str]) -> None:
    with WRITERS["csv"](("text",)) as write:
        write(Row("a.png", text, False, {}, (text,)))
    (row,) = csv.DictReader(io.StringIO(capfd.readouterr().out))
    assert row["text"] == (f"'{text}" if text in ("=1+1", "@SUM(A1)", "+cmd|calc", "-x") else text)


def test_crops_are_printed_as_readings_are(predict: Predict, seven: Path) -> None:
    odd = seven.with_name("=7\x1b.png")
    seven.rename(odd)
    (row,) = json.loads(predict(odd, "--crops", "--format", "json")[1])
    assert (row["path"], row["text"]) == (str(odd), "7")
    assert predict(odd, "--crops")[1] == f"{seven.parent}/=7\\x1b.png: 7\n"
    heading, cells = predict(odd, "--crops", "--format", "csv")[1].splitlines()
    assert heading == "path,text,confidence"
    assert cells.startswith(f"{seven.parent}/=7\\x1b.png,7,0.9")


def test_nothing_of_a_manifest_reaches_the_terminal_as_it_is(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    bundled = Path(edgedigits.cli.__file__).parent.parent / "bundled"
    shutil.copytree(bundled, tmp_path / "bundle")
    manifest = json.loads((bundled / "manifest.json").read_text())
    manifest["provenance"]["training_data"] = "\x1b[2J\x9b31mMNIST"
    (tmp_path / "bundle" / "manifest.json").write_text(json.dumps(manifest))
    run(["inspect", str(tmp_path / "bundle")])
    printed = "".join(capfd.readouterr())
    assert "MNIST" in printed
    assert not re.search("[\x1b\x9b]", printed)


def test_a_bar_never_shares_a_line_with_a_result(tmp_path: Path) -> None:
    for number in range(6):
        cv2.imwrite(str(tmp_path / f"{number}.png"), draw_text("7"))
    ours, theirs = pty.openpty()
    with subprocess.Popen([*COMMAND, "predict", str(tmp_path)], stdout=theirs, stderr=theirs) as process:
        os.close(theirs)
        shown = _read_all(ours)
    assert process.returncode == 0
    assert "100%" in shown
    rows = _rows(shown)
    assert sum(row.endswith(": 7") for row in rows) == 6
    assert not [row for row in rows if ": 7" in row and "%" in row]


def _read_all(descriptor: int) -> str:
    pieces = []
    try:
        while piece := os.read(descriptor, 65536):
            pieces.append(piece)
    except OSError:  # Linux ends a terminal so
        pass
    os.close(descriptor)
    return b"".join(pieces).decode()


def _rows(shown: str) -> list[str]:
    """Return the rows of a terminal as they are left: a carriage return writes over, ESC [K takes away."""
    rows = []
    for line in re.sub(r"\x1b\[\?25[lh]|\x1b\[\d*m", "", shown).split("\n"):
        row = ""
        for part in line.split("\r"):
            row = part[3:] if part.startswith("\x1b[K") else part + row[len(part) :]
        rows.append(row)
    return rows


def test_terminals_get_colours_unless_they_are_unwanted(
    predict: Predict, seven: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "\x1b" not in "".join(predict(seven, "gone.png")[1:])
    monkeypatch.setenv("FORCE_COLOR", "1")
    code, out, err = predict(seven, "gone.png")
    assert (code, out) == (2, f"{seven}: \x1b[1m7\x1b[0m\n")
    assert err.startswith("\x1b[31mError:\x1b[0m gone.png")
    monkeypatch.setenv("NO_COLOR", "1")
    assert "\x1b" not in "".join(predict(seven, "gone.png")[1:])


def test_what_is_not_as_expected_is_said_of_its_line() -> None:
    digits = tuple(Digit(value, 0.9, (0, 0, 9, 9), line) for line, value in ((0, 1), (0, 2), (1, 3), (2, 4), (2, 5)))
    reading = constrain(Reading(digits, (99, 99)), Expectation(length=2))
    assert (reading.expected, reading.unexpected_lines) == (False, (1,))
    assert reading.in_one_line() == "12 | 3 (not as expected) | 45"
    assert reading.in_one_line(numbers=True) == "12 | 3 (not as expected) | 45"
    assert reading.as_dict()["unexpected_lines"] == [1]


def test_printable_leaves_letters_of_all_languages() -> None:
    assert printable("Zürich 東京 😀 naïve\u00a0x") == "Zürich 東京 😀 naïve\u00a0x"


# pictures


def test_pictures_never_replace_what_this_run_did_not_make(predict: Predict, seven: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    out.mkdir()
    (out / "seven.png").write_text("a letter of 1921")
    code, printed, err = predict(seven, "--save-dir", out)
    assert (code, printed) == (2, f"{seven}: 7\n")
    assert (
        err
        == f"Error: {out / 'seven.png'} is there already, and kept: name another folder, or replace with --overwrite.\n"
    )
    assert (out / "seven.png").read_text() == "a letter of 1921"
    assert predict(seven, "--save-dir", out, "--overwrite") == (0, printed, f"1 picture written to {out}/\n")
    assert cv2.imread(str(out / "seven.png")) is not None
    assert [path.name for path in out.iterdir()] == ["seven.png"]


@pytest.mark.parametrize("overwrite", [False, True])
def test_pictures_never_go_through_a_link(predict: Predict, seven: Path, tmp_path: Path, overwrite: bool) -> None:
    before = seven.read_bytes()
    out = tmp_path / "out"
    out.mkdir()
    (out / "seven.png").symlink_to(seven)
    (out / "elsewhere.png").symlink_to(tmp_path / "made-by-a-link.png")
    other = tmp_path / "elsewhere.png"
    other.write_bytes(before)
    code, _, _ = predict(seven, other, "--save-dir", out, *(["--overwrite"] if overwrite else []))
    assert code == (0 if overwrite else 2)
    assert seven.read_bytes() == before
    assert not (tmp_path / "made-by-a-link.png").exists()
    assert (out / "seven.png").is_symlink() is not overwrite


def test_pictures_never_replace_an_image_that_is_read(predict: Predict, seven: Path, tmp_path: Path) -> None:
    before = seven.read_bytes()
    link = tmp_path / "elsewhere" / "eight.png"
    link.parent.mkdir()
    link.symlink_to(seven)
    other = tmp_path / "elsewhere" / "seven.png"
    other.write_bytes(before)
    # the picture of `other` would be called as the file that `link` leads to
    assert predict(link, other, "--save-dir", tmp_path, "--overwrite")[0] == 0
    assert seven.read_bytes() == before
    assert {path.name for path in tmp_path.glob("*.png")} == {"seven.png", "seven-2.png", "eight.png"}


def test_a_picture_is_whole_whenever_somebody_looks(tmp_path: Path) -> None:
    path = tmp_path / "picture.png"
    picture = np.random.default_rng(0).integers(0, 255, (300, 300, 3), np.uint8)
    write_picture(path, picture, overwrite=False)
    writers = [
        threading.Thread(target=lambda: [write_picture(path, picture, overwrite=True) for _ in range(15)])
        for _ in range(2)
    ]
    for writer in writers:
        writer.start()
    looks = 0
    while any(writer.is_alive() for writer in writers) or not looks:
        seen = cv2.imdecode(np.frombuffer(path.read_bytes(), np.uint8), cv2.IMREAD_COLOR)
        assert np.array_equal(seen, picture)
        looks += 1
    assert [found.name for found in tmp_path.iterdir()] == ["picture.png"]


@pytest.mark.parametrize("links", [True, False])
def test_a_picture_that_appears_meanwhile_is_kept(tmp_path: Path, links: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    if not links:  # as on a memory card

        def refuse(*_: object) -> None:
            raise PermissionError

        monkeypatch.setattr(os, "link", refuse)
    picture = np.zeros((9, 9, 3), np.uint8)
    write_picture(tmp_path / "picture.png", picture, overwrite=False)
    assert cv2.imread(str(tmp_path / "picture.png")).shape == (9, 9, 3)
    (tmp_path / "picture.png").write_text("other")
    with pytest.raises(InputError, match="--overwrite"):
        write_picture(tmp_path / "picture.png", picture, overwrite=False)
    assert (tmp_path / "picture.png").read_text() == "other"


# folders


def test_what_is_skipped_in_a_folder_is_named_and_counted(predict: Predict, seven: Path) -> None:
    for name in ("a.nef", "b.nef", "c.NEF", "d.nef", "readme.txt", "clip.mp4"):
        seven.with_name(name).touch()
    seven.with_name("photo.jxl").write_bytes(b"\xff\x0a")
    code, out, err = predict(seven.parent)
    assert (code, out) == (2, f"{seven}: 7\n")
    assert sorted(err.splitlines()) == [
        "5 of 6 inputs could not be used.",
        f"Error: {seven.parent}: 1 skipped (photo.jxl): a JPEG XL image is not read here; save it as PNG or JPEG.",
        f"Error: {seven.parent}: 4 skipped (a.nef, b.nef, c.NEF and 1 more): a .nef file is not read here;"
        " develop it to JPEG.",
    ]


@pytest.fixture
def camera_roll(seven: Path) -> Path:
    """A folder with a PNG, a HEIC and an AVIF picture that each show a 7."""
    if ".avif" not in readable_suffixes():
        pytest.skip("this OpenCV decodes no AVIF")
    heif = pytest.importorskip("pillow_heif", reason="the extra heic is not installed")
    picture = cv2.cvtColor(cv2.imread(str(seven)), cv2.COLOR_BGR2RGB)
    heif.from_pillow(Image.fromarray(picture)).save(seven.with_name("photo.HEIC"), quality=90)
    cv2.imwrite(str(seven.with_name("photo.avif")), picture)
    return seven.parent


def test_photos_of_phones_are_read(predict: Predict, camera_roll: Path) -> None:
    code, out, err = predict(camera_roll)
    assert (code, err) == (0, "")
    assert [line.rpartition("/")[2] for line in out.splitlines()] == ["photo.HEIC: 7", "photo.avif: 7", "seven.png: 7"]


def test_photos_of_phones_that_are_not_read_are_named(
    predict: Predict, camera_roll: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(image_kinds, "_decodes_heic", lambda: False)
    shutil.copy(camera_roll / "photo.HEIC", camera_roll / "other.heic")
    code, out, err = predict(camera_roll)
    assert (code, len(out.splitlines())) == (2, 2)
    (line, count) = err.splitlines()
    assert line.startswith(f"Error: {camera_roll}: 2 skipped (other.heic, photo.HEIC): a HEIC photo is not read here")
    assert 'pip install "edgedigits[heic]"' in line
    assert count == "2 of 4 inputs could not be used."


def test_one_file_that_cannot_be_looked_at_does_not_hide_the_rest(
    predict: Predict, seven: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    secret = seven.with_name("secret.png")
    secret.touch()
    seven.with_name("nowhere.png").symlink_to("gone")
    look = Path.is_file

    def refuse(path: Path) -> bool:
        if path == secret:
            raise PermissionError(errno.EACCES, "Permission denied", str(path))
        return look(path)

    monkeypatch.setattr(Path, "is_file", refuse)
    code, out, err = predict(seven.parent)
    assert (code, out) == (2, f"{seven}: 7\n")
    assert f"{secret} cannot be searched (Permission denied)" in err
    assert "nowhere.png does not exist" in err
    assert "2 of 3 inputs" in err


def test_hidden_files_and_folders_are_not_searched(predict: Predict, seven: Path) -> None:
    for name in (".thumbnails/seven.png", "photos/.git/seven.png", "photos/._seven.png"):
        path = seven.parent / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"no image")
    assert predict(seven.parent) == (0, f"{seven}: 7\n", "")


# what people type


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("clip.mp4", b"\0\0\0\x18ftypmp42", "is a video; `edgedigits webcam clip.mp4` reads it."),
        ("my clip.avi", b"RIFF\0\0\0\0AVI LIST", "is a video; `edgedigits webcam 'my clip.avi'` reads it."),
        ("clip.mkv", b"\x1a\x45\xdf\xa3", "is a video"),
        (
            "drawing.svg",
            b'<?xml version="1.0"?>\n<svg xmlns=""/>',
            "SVG drawing, which has no pixels",
        ),
        ("page.html", b"<!DOCTYPE html>", "is a web page"),
        ("scans.zip", b"PK\x03\x04", "is an archive; unpack it"),
        ("ftp://example.org/seven.png", None, "only http and https"),
        ("file:///seven.png", None, "only http and https"),
    ],
)
def test_what_is_no_picture_is_called_what_it_is(
    predict: Predict, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, content: bytes | None, says: str
) -> None:
    monkeypatch.chdir(tmp_path)
    if content is not None:
        Path(name).write_bytes(content)
    code, out, err = predict(name)
    assert (code, out) == (2, "")
    assert says in err
    assert len(err.splitlines()) == 1


@pytest.mark.parametrize(
    ("typed", "says"),
    [
        ("predict x.png --length abc", "'abc' is not a valid integer."),
        ("predict x.png --threshold abc", "'abc' is not a valid number."),
        ("webcam --frames abc", "'abc' is not a valid integer."),
        ("bench --seconds abc", "'abc' is not a valid number."),
        ("train --epochs abc", "'abc' is not a valid integer."),
    ],
)
def test_what_is_no_number_is_said_to_be_none(typed: str, says: str, capfd: pytest.CaptureFixture[str]) -> None:
    assert run(typed.split()) == 2
    shown = capfd.readouterr().err
    assert says in shown
    assert "range" not in shown


def test_json_is_one_list(predict: Predict, seven: Path) -> None:
    shutil.copy(seven, seven.with_name("eight.png"))
    rows = json.loads(predict(seven.parent, "--format", "json")[1])
    assert [row["text"] for row in rows] == ["7", "7"]
    assert json.loads(predict("gone.png", "--format", "json")[1]) == []


def test_the_environment_names_the_bundle(predict: Predict, seven: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EDGEDIGITS_BUNDLE", "nowhere")
    code, _, err = predict(seven)
    assert code == 2
    assert "No bundle at nowhere" in err
    assert "EDGEDIGITS_BUNDLE names this bundle" in err
    assert run(["inspect"]) == 2
    bundled = Path(edgedigits.cli.__file__).parent.parent / "bundled"
    assert predict(seven, "--bundle", bundled)[0] == 0
    monkeypatch.setenv("EDGEDIGITS_BUNDLE", str(bundled))
    assert predict(seven)[0] == 0


@pytest.mark.parametrize("name", ["train", "evaluate", "evaluate-photos", "export"])
def test_a_command_that_is_not_installed_says_what_brings_it(
    name: str, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(edgedigits.cli, "entry_points", lambda **_: [])
    assert run([name, "build/train"]) == 2
    assert "pip install edgedigits-" in capfd.readouterr().err


@pytest.mark.parametrize(
    ("typed", "meant"), [(["modles", "list"], "models"), (["models", "instal", "x"], "install"), (["trian"], "train")]
)
def test_a_command_that_is_mistyped_is_guessed(typed: list[str], meant: str, capfd: pytest.CaptureFixture[str]) -> None:
    assert run(typed) == 2
    said = capfd.readouterr().err
    assert "Did you mean" in said
    assert f"'{meant}'" in said
    assert len(said.splitlines()) == 1


@pytest.mark.parametrize("typed", ["xyz", "--modles"])
def test_a_command_that_is_like_no_other_is_not_guessed(typed: str, capfd: pytest.CaptureFixture[str]) -> None:
    assert run([typed]) == 2
    said = capfd.readouterr().err
    assert typed in said
    assert "Did you mean" not in said


def every_command() -> Iterator[tuple[str, ...]]:
    """Yield the words that call each command."""
    waiting: list[tuple[tuple[str, ...], click.Command]] = [((), commands)]
    while waiting:
        words, command = waiting.pop()
        yield words
        if isinstance(command, click.Group):
            context = click.Context(command)
            below = {name: command.get_command(context, name) for name in command.list_commands(context)}
            waiting += [((*words, name), found) for name, found in below.items() if found is not None]


@pytest.mark.parametrize("words", list(every_command()), ids=" ".join)
def test_h_is_help_with_examples(words: tuple[str, ...], capfd: pytest.CaptureFixture[str]) -> None:
    assert run([*words, "-h"]) == 0
    shown = capfd.readouterr().out
    assert "Examples:\n" in shown
    examples = re.findall(r"^    (?:sudo )?edgedigits (.*?)(?: [>|&].*)?$", shown, re.MULTILINE)
    assert examples
    for example in examples:
        typed = shlex.split(example)
        assert tuple(typed[: len(words)]) == words
        _assert_parses(commands, typed)


def _assert_parses(command: click.Command, typed: list[str]) -> None:
    """Assert that a command has the options that are typed; values may be those of another machine."""
    while isinstance(command, click.Group):
        found = command.get_command(click.Context(command), typed.pop(0))
        assert found is not None
        command = found
    options = {option for parameter in command.params for option in parameter.opts}
    assert {word for word in typed if word.startswith("--")} <= options


def test_webcam_without_a_display_names_its_own_option() -> None:
    screenless = {k: v for k, v in os.environ.items() if k not in ("DISPLAY", "WAYLAND_DISPLAY")}
    shown = subprocess.run(
        [*COMMAND, "webcam", "--window"], capture_output=True, text=True, env=screenless, check=False
    )
    assert shown.returncode == 2
    assert "leave --window out" in shown.stderr
    assert "--save-dir" not in shown.stderr


@pytest.mark.parametrize(
    ("words", "incomplete", "completed"),
    [
        ([], "pre", {"predict"}),
        (["predict"], "--over", {"--overwrite"}),
        (["predict", "--format"], "j", {"jsonl", "json"}),
        (["predict", "--engine"], "o", {"onnxruntime", "opencv"}),
        (["predict", "--model"], "onnx-i", {"onnx-int8"}),
        (["webcam", "--checksum"], "ean", {"ean8", "ean13"}),
    ],
)
def test_a_shell_completes_what_is_typed(
    words: list[str], incomplete: str, completed: set[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("EDGEDIGITS_BUNDLE", raising=False)
    shell = ShellComplete(commands, {}, "edgedigits", "_EDGEDIGITS_COMPLETE")
    assert {found.value for found in shell.get_completions(words, incomplete)} == completed


def test_a_shell_completes_paths_of_images() -> None:
    (found,) = ShellComplete(commands, {}, "edgedigits", "_EDGEDIGITS_COMPLETE").get_completions(["predict"], "Ima")
    assert found.type == "file"


def test_the_documented_command_makes_a_shell_complete(tmp_path: Path) -> None:
    (tmp_path / "edgedigits").write_text(f'#!/bin/sh\nexec {sys.executable} -m edgedigits "$@"\n')
    (tmp_path / "edgedigits").chmod(0o755)
    (line,) = re.findall(r"^eval .*$", (ROOT / "docs" / "install.md").read_text(), re.MULTILINE)
    typed = "COMP_WORDS=(edgedigits pre); COMP_CWORD=1; _edgedigits_completion edgedigits"
    script = f'{line}; {typed}; echo "${{COMPREPLY[@]}}"'
    found = {**os.environ, "PATH": f"{tmp_path}:{os.environ['PATH']}"}
    done = subprocess.run(["bash", "-c", script], capture_output=True, text=True, env=found, check=False)
    if "Couldn't detect Bash version" in done.stderr or "not supported for Bash" in done.stderr:
        pytest.skip("this bash is too old to be completed for")
    assert done.stdout == "predict\n"


# broken machines


def shell(line: str, folder: Path) -> subprocess.CompletedProcess[str]:
    command = re.sub(r"(?<![\w/])edgedigits(?![\w/])", " ".join(COMMAND), line)  # not in the name of a folder
    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, check=False, cwd=folder)
    assert "Traceback" not in done.stderr
    assert "please report" not in done.stderr
    assert "Exception ignored" not in done.stderr
    return done


def test_a_full_disk_is_called_so(seven: Path) -> None:
    done = shell("edgedigits predict seven.png > /dev/full", seven.parent)
    assert done.returncode == 1
    assert done.stderr.startswith("Error: No space left on device")
    assert len(done.stderr.splitlines()) == 1


def test_a_picture_that_does_not_fit_leaves_nothing_and_takes_no_reading_away(seven: Path) -> None:
    done = shell("ulimit -f 1; edgedigits predict seven.png --save-dir out", seven.parent)
    assert (done.returncode, done.stdout) == (2, "seven.png: 7\n")
    assert "out/seven.png cannot be written (File too large)" in done.stderr
    assert "written to" not in done.stderr
    assert list((seven.parent / "out").iterdir()) == []


def test_a_closed_standard_input_is_called_so(seven: Path) -> None:
    done = shell("edgedigits predict seven.png - <&-", seven.parent)
    assert (done.returncode, done.stdout) == (2, "seven.png: 7\n")
    assert "Standard input is closed" in done.stderr


def test_a_reader_that_goes_away_ends_it_quietly(seven: Path) -> None:
    for line in ("predict seven.png", "--help"):
        done = shell(f"edgedigits {line} | true; exit ${{PIPESTATUS[0]}}", seven.parent)
        assert (done.returncode, done.stderr) == (0, "")


def test_a_working_folder_that_is_gone_disturbs_only_what_needs_it(seven: Path) -> None:
    done = shell(f"mkdir gone; cd gone; rmdir ../gone; edgedigits predict {seven} seven.png", seven.parent)
    assert (done.returncode, done.stdout) == (2, f"{seven}: 7\n")
    assert "seven.png does not exist" in done.stderr


def test_too_few_open_files_are_called_so(seven: Path) -> None:
    done = shell("ulimit -n 16; edgedigits predict " + " ".join(["seven.png", "./seven.png"] * 2), seven.parent)
    assert done.returncode in (0, 1)  # as many as one image takes may do
    large = ROOT / "Images" / "number-240.jpg"  # which takes two files more while it is decoded
    done = shell(f"ulimit -n 5; edgedigits predict {large}", seven.parent)
    assert done.returncode == 1
    assert "raise the limit of open files" in done.stderr


@pytest.mark.parametrize(
    "module", ["edgedigits.cli", "click", "numpy", "numpy._core.multiarray", "cv2", "onnxruntime", "edgedigits.reader"]
)
def test_ctrl_c_while_it_imports_ends_it_quietly(seven: Path, module: str) -> None:
    code = f"""
import signal, sys
signal.signal(signal.SIGINT, signal.default_int_handler)
class Interrupt:
    def find_spec(self, name, *_):
        if name == {module!r}:
            sys.meta_path.remove(self)
            signal.raise_signal(signal.SIGINT)
sys.meta_path.insert(0, Interrupt())
sys.argv = ["edgedigits", "predict", {str(seven)!r}]
from edgedigits.__main__ import main
main()
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr.strip()) == (130, "", "Stopped.")
