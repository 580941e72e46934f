"""Images in: every common file, upright, and a clear word where there is no image."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image

from edgedigits import InputError, Reader, image_kinds
from edgedigits.images import load_grey, load_image, readable_suffixes
from tests.runtime.samples import draw_text

PICTURE = draw_text("7")


def encoded(image: Image.Image, form: str, **options: object) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, form, **options)
    return buffer.getvalue()


def assert_shows_the_seven(image: np.ndarray) -> None:
    assert image.dtype == np.uint8
    assert image.shape == (*PICTURE.shape, 3)
    assert np.abs(image[..., 0].astype(int) - PICTURE).mean() < 4


@pytest.mark.parametrize("suffix", ["png", "jpg", "jpeg", "bmp", "tiff", "tif", "webp"])
def test_every_format_is_read_from_paths_and_bytes(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"seven.{suffix}"
    path.write_bytes(cv2.imencode(f".{suffix}", PICTURE)[1].tobytes())
    assert_shows_the_seven(load_image(path))
    assert_shows_the_seven(load_image(str(path)))
    assert_shows_the_seven(load_image(path.read_bytes()))


@pytest.mark.parametrize(
    "make",
    [
        lambda grey: encoded(grey.convert("P"), "PNG"),
        lambda grey: encoded(grey.convert("1", dither=Image.Dither.NONE), "PNG"),
        lambda grey: encoded(grey.convert("LA"), "PNG"),
        lambda grey: encoded(grey.convert("RGBA"), "PNG"),
        lambda grey: encoded(grey.convert("CMYK"), "JPEG"),
        lambda grey: encoded(grey.convert("CMYK"), "TIFF"),
        lambda grey: encoded(grey, "JPEG", progressive=True),
        lambda grey: encoded(Image.fromarray(np.asarray(grey).astype(np.uint16) * 257), "PNG"),
        lambda grey: encoded(Image.fromarray(np.asarray(grey).astype(np.uint16) * 257), "TIFF"),
    ],
    ids=["palette", "bilevel", "grey-alpha", "alpha", "cmyk-jpeg", "cmyk-tiff", "progressive", "16-bit", "16-bit-tiff"],
)
def test_unusual_pixels(make: Callable[[Image.Image], bytes]) -> None:
    image = load_image(make(Image.fromarray(PICTURE)))
    assert image.shape == (*PICTURE.shape, 3)
    assert np.abs(image[..., 0].astype(int) - PICTURE).mean() < 32
    assert image[PICTURE < 60].mean() + 100 < image[PICTURE > 200].mean()


def test_dark_ink_on_nothing_stands_on_white_paper() -> None:
    rgba = np.zeros((*PICTURE.shape, 4), np.uint8)
    rgba[..., 3] = 255 - PICTURE
    assert load_image(encoded(Image.fromarray(rgba), "PNG"))[0, 0].min() > 200


def test_light_ink_on_nothing_stands_on_black_paper() -> None:
    rgba = np.full((*PICTURE.shape, 4), 255, np.uint8)
    rgba[..., 3] = np.where(PICTURE < 128, 255, 0)
    image = load_image(encoded(Image.fromarray(rgba), "PNG"))
    assert image[0, 0].max() == 0
    assert image.max() == 255


LARGE = cv2.resize(PICTURE, (2000, 1500))
MANY_FORMS = {
    "grey.png": LARGE,
    "colour.jpg": cv2.merge([LARGE, LARGE, 255 - LARGE]),
    "alpha.png": cv2.merge([LARGE, LARGE, LARGE, 255 - LARGE]),
    "light on nothing.png": cv2.merge([255 - LARGE, LARGE, 255 - LARGE, 255 - LARGE]),
    "10 bits.png": LARGE.astype(np.uint16) * 4,
    "16 bits, alpha.png": cv2.merge([LARGE.astype(np.uint16) * 257] * 4),
    "float.tiff": LARGE.astype(np.float32) / 255,
    "alpha.tiff": cv2.merge([LARGE, LARGE, LARGE, 255 - LARGE]),
    "alpha.webp": cv2.merge([LARGE, LARGE, LARGE, 255 - LARGE]),
    "grey.bmp": LARGE,
}


@pytest.mark.parametrize("name", MANY_FORMS)
def test_large_files_are_the_same_however_they_are_decoded(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    cv2.imwrite(str(path), MANY_FORMS[name], [cv2.IMWRITE_PNG_COMPRESSION, 1])
    whole = cv2.cvtColor(load_image(path.read_bytes()), cv2.COLOR_BGR2GRAY)
    from_file, from_bytes = load_grey(path, 2000), load_grey(path.read_bytes(), 2000)
    assert from_file.size == from_bytes.size == (2000, 1500)
    assert np.array_equal(from_file.pixels, from_bytes.pixels)
    assert np.abs(from_file.pixels.astype(int) - whole).max() <= 2
    assert np.array_equal(cv2.cvtColor(load_image(path), cv2.COLOR_BGR2GRAY), whole)


def test_arrays_are_left_as_they_are() -> None:
    for image in (MANY_FORMS["alpha.png"], MANY_FORMS["colour.jpg"]):
        before = image.copy()
        load_grey(image, 500)
        load_image(image)
        assert np.array_equal(image, before)


def test_large_files_with_odd_names_are_read(tmp_path: Path) -> None:
    path = tmp_path / "sieben \N{DIGIT SEVEN} – 七.png"
    path.write_bytes(cv2.imencode(".png", LARGE)[1].tobytes())
    assert np.array_equal(load_grey(path, 2000).pixels, LARGE)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs named pipes")
def test_large_images_are_read_from_pipes(tmp_path: Path) -> None:
    path = tmp_path / "pipe"
    os.mkfifo(path)
    writer = threading.Thread(target=path.write_bytes, args=(cv2.imencode(".png", LARGE)[1].tobytes(),))
    writer.start()
    assert np.array_equal(load_grey(path, 2000).pixels, LARGE)
    writer.join()


def test_large_files_are_read_by_an_opencv_that_takes_no_array(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def imread_of_4_6(path: str, *flags: object, read: Callable[..., np.ndarray] = cv2.imread) -> np.ndarray:
        if len(flags) != 1:
            raise cv2.error("imread() takes at most 2 arguments")
        return read(path, *flags)

    path = tmp_path / "large.png"
    cv2.imwrite(str(path), LARGE)
    monkeypatch.setattr(cv2, "imread", imread_of_4_6)
    assert np.array_equal(load_grey(path, 2000).pixels, LARGE)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_exif_orientation_is_honoured_for_files_and_bytes(tmp_path: Path, orientation: int) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    undone = {2: 0, 3: 3, 4: 1, 5: 5, 6: 2, 7: 6, 8: 4}
    stored = Image.fromarray(PICTURE)
    if orientation > 1:
        stored = stored.transpose(Image.Transpose(undone[orientation]))
    content = encoded(stored, "JPEG", exif=exif, quality=95)
    path = tmp_path / "turned.jpg"
    path.write_bytes(content)
    assert_shows_the_seven(load_image(content))
    assert_shows_the_seven(load_image(path))


def test_jpeg_with_something_behind_its_end_is_whole() -> None:
    content = encoded(Image.fromarray(PICTURE), "JPEG")
    assert_shows_the_seven(load_image(content + b"\xff\xda motion photo \xff\xc0" * 50))


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "empty"),
        (b"this is a shopping list", "not an image"),
        (cv2.imencode(".jpg", PICTURE)[1].tobytes()[:1500], "cut short"),
        (cv2.imencode(".png", PICTURE)[1].tobytes()[:900], "cut short"),
        (cv2.imencode(".webp", PICTURE)[1].tobytes()[:300], "cut short"),
        (cv2.imencode(".bmp", PICTURE)[1].tobytes()[:30], "not an image"),
        (b"\x89PNG\r\n\x1a\n" + b"IEND" + bytes(40), "not an image"),
    ],
)
def test_what_is_no_image_is_named(tmp_path: Path, content: bytes, says: str) -> None:
    path = tmp_path / "photo.png"
    path.write_bytes(content)
    with pytest.raises(InputError, match=f"photo.png.*{says}"):
        load_image(path)


def test_missing_files_and_folders_are_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"gone\.png does not exist"):
        load_image(tmp_path / "gone.png")
    with pytest.raises(InputError, match="is a folder"):
        load_image(tmp_path)


@pytest.mark.parametrize("shape", [(0, 0), (0, 5), (5, 0, 3), (4, 4, 2), (2, 2, 2, 2)])
def test_arrays_that_are_no_images_are_refused(shape: tuple[int, ...]) -> None:
    with pytest.raises(InputError):
        load_image(np.zeros(shape, np.uint8))


def test_arrays_of_other_types_are_refused() -> None:
    with pytest.raises(InputError, match="uint8"):
        load_image(np.zeros((4, 4)))  # type: ignore[arg-type]


def half_a_jpeg(progressive: bool) -> bytes:
    """A JPEG of which the second half is missing, with an end nevertheless, as some tools mend it."""
    whole = encoded(Image.fromarray(draw_text("123456789", size=(1800, 300))), "JPEG", progressive=progressive)
    return whole[: len(whole) // 2] + b"\xff\xd9"


def damaged_tiff(compression: str) -> bytes:
    page = np.tile(draw_text("27", size=(400, 300)), (4, 1))
    content = bytearray(encoded(Image.fromarray(page), "TIFF", compression=compression, strip_size=4000))
    middle = len(content) // 2
    content[middle : middle + 400] = bytes(400)
    return bytes(content)


DAMAGED_IMAGES = {
    "jpeg": half_a_jpeg(False),
    "progressive jpeg": half_a_jpeg(True),
    "tiff lzw": damaged_tiff("tiff_lzw"),
    "tiff deflate": damaged_tiff("tiff_adobe_deflate"),
}


@pytest.mark.parametrize("name", DAMAGED_IMAGES)
def test_damage_is_told(name: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    content = DAMAGED_IMAGES[name]
    assert load_grey(content, 1600).damaged
    reading = Reader().read(content)
    assert reading.damaged
    assert reading.as_dict()["damaged"] is True
    assert capfd.readouterr() == ("", "")

    path = tmp_path / "damaged"
    path.write_bytes(content)
    command = [sys.executable, "-m", "edgedigits", "predict", path, "--format", "jsonl"]
    run = subprocess.run(command, capture_output=True, text=True, check=False)
    row = json.loads(run.stdout)
    assert run.returncode == 3
    assert row["damaged"] is True
    assert [hint["kind"] for hint in row["hints"]] == ["damaged"]
    assert f"Hint: {path}: the file is damaged" in run.stderr
    assert run.stderr.count("\n") == 1


@pytest.mark.parametrize("name", MANY_FORMS)
def test_whole_images_are_not_called_damaged(name: str) -> None:
    assert not load_grey(cv2.imencode(name[name.index(".") :], MANY_FORMS[name])[1].tobytes(), 2000).damaged


def test_a_few_bytes_too_many_are_no_damage() -> None:
    """Some cameras write them before the end."""
    content = encoded(Image.fromarray(PICTURE), "JPEG")
    assert not load_grey(content[:-2] + bytes(3) + content[-2:], 2000).damaged


class Upload:
    """What a web framework hands over for a file."""


@pytest.mark.parametrize(
    ("source", "says"),
    [
        (Image.fromarray(PICTURE), r"not PIL\.Image\.Image; np\.asarray\(image\.convert\('L'\)\) makes an array"),
        (PICTURE.tolist(), "not builtins.list"),
        (None, "not builtins.NoneType"),
        (7, "not builtins.int"),
        (io.BytesIO(b""), "not _io.BytesIO"),
        (Upload(), "not .*Upload"),
    ],
)
def test_what_is_no_source_is_refused_with_what_is_one(source: object, says: str) -> None:
    with pytest.raises(InputError, match=f"a path, the bytes of an image file or an array, uint8, but {says}"):
        Reader().read(source)  # type: ignore[arg-type]


@pytest.mark.skipif(not cv2.haveImageWriter(".avif"), reason="this OpenCV decodes no AVIF")
def test_avif_is_read_where_opencv_decodes_it(tmp_path: Path) -> None:
    content = cv2.imencode(".avif", cv2.cvtColor(PICTURE, cv2.COLOR_GRAY2BGR))[1].tobytes()
    path = tmp_path / "seven.avif"
    path.write_bytes(content)
    assert_shows_the_seven(load_image(path))
    assert_shows_the_seven(load_image(content))
    assert ".avif" in readable_suffixes()


def heic() -> bytes:
    pillow_heif = pytest.importorskip("pillow_heif", reason="needs the extra heic")
    buffer = io.BytesIO()
    pillow_heif.from_pillow(Image.fromarray(PICTURE).convert("RGB")).save(buffer, quality=90)
    return buffer.getvalue()


def test_heic_is_read_where_its_extra_is_installed(tmp_path: Path) -> None:
    content = heic()
    path = tmp_path / "seven.heic"
    path.write_bytes(content)
    assert_shows_the_seven(load_image(path))
    assert_shows_the_seven(load_image(content))
    assert np.abs(load_grey(path, 2000).pixels.astype(int) - PICTURE).mean() < 4
    assert ".heic" in readable_suffixes()


def test_heic_without_its_extra_names_the_command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(image_kinds, "find_spec", lambda _: None)
    head = b"\0\0\0\x18ftypheic\0\0\0\0mif1heic"
    with pytest.raises(InputError, match=r'a HEIC photo; to read it: pip install "edgedigits\[heic\]"'):
        load_image(head + bytes(100))
    assert ".heic" not in readable_suffixes()


@pytest.mark.parametrize(
    ("start", "name", "readable"),
    [
        (b"\x89PNG\r\n\x1a\n", "a PNG image", True),
        (b"GIF89a", "a GIF image", False),
        (b"\0\0\0\x1cftypavis\0\0\0\0avis", "an animation", False),
    ],
)
def test_files_say_what_they_are(tmp_path: Path, start: bytes, name: str, readable: bool) -> None:
    path = tmp_path / "file"
    path.write_bytes(start)
    kind = image_kinds.identify_file(path)
    assert kind is not None
    assert (kind.name, kind.readable) == (name, readable)
    path.write_bytes(b"a shopping list")
    assert image_kinds.identify_file(path) is None
