"""Hostile input: nothing that is fed to the reader crashes it, takes it long or takes its memory."""

from __future__ import annotations

import io
import os
import struct
import sys
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from PIL import Image

from edgedigits import InputError, Reader
from edgedigits.image_headers import read_header
from edgedigits.images import MAX_PIXELS, load_image
from tests.conftest import ROOT
from tests.runtime.adversarial import ADVERSARIAL
from tests.runtime.hostile import MUTATIONS, Measured, Mutation, mutated, whole_images

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="the limits are Linux's")

WHOLE = whole_images()
SAMPLES = {
    path.name: path.read_bytes() for path in sorted((ROOT / "Images").glob("*-*[05].*")) if path.stat().st_size < 60_000
}


@pytest.fixture(scope="module")
def measured() -> Iterator[Measured]:
    with Measured() as measured:
        yield measured


mutations = st.lists(
    st.tuples(st.sampled_from(sorted(MUTATIONS)), st.integers(0, 1 << 20), st.integers(0, 1 << 16)),
    min_size=1,
    max_size=6,
)


def fuzz(examples: int) -> Callable[..., Callable[..., None]]:
    return settings(
        max_examples=examples,
        deadline=None,
        derandomize=True,
        phases=(Phase.generate, Phase.shrink),
        suppress_health_check=list(HealthCheck),
    )


@pytest.mark.parametrize("name", sorted(WHOLE))
def test_whole_images_are_read(measured: Measured, name: str) -> None:
    assert measured.complaint("predict", WHOLE[name]) == ""
    assert measured.complaint("predict --save-dir", WHOLE[name]) == ""
    header = read_header(WHOLE[name])
    assert header is not None
    shape = load_image(WHOLE[name]).shape
    assert (header.width, header.height) == (shape[1], shape[0])


@fuzz(250)
@given(st.sampled_from(sorted(WHOLE)), mutations)
def test_damaged_images_do_no_harm(measured: Measured, name: str, how: list[Mutation]) -> None:
    assert measured.complaint("predict", mutated(WHOLE[name], how)) == ""


@pytest.mark.slow
@fuzz(8000)
@given(st.sampled_from(sorted(WHOLE)), mutations)
def test_thousands_of_damaged_images_do_no_harm(measured: Measured, name: str, how: list[Mutation]) -> None:
    assert measured.complaint("predict", mutated(WHOLE[name], how)) == ""


@pytest.mark.slow
@fuzz(1500)
@given(st.sampled_from(sorted(SAMPLES)), mutations)
def test_damaged_photos_do_no_harm(measured: Measured, name: str, how: list[Mutation]) -> None:
    assert measured.complaint("predict", mutated(SAMPLES[name], how)) == ""


@fuzz(60)
@given(hnp.arrays(np.uint8, hnp.array_shapes(min_dims=2, max_dims=3, max_side=80)))
def test_arrays_of_any_shape_do_no_harm(measured: Measured, pixels: np.ndarray) -> None:
    assert measured.complaint("predict", pixels) == ""


@pytest.mark.slow
@fuzz(1000)
@given(hnp.arrays(np.uint8, hnp.array_shapes(min_dims=2, max_dims=3, max_side=300)))
def test_many_arrays_of_any_shape_do_no_harm(measured: Measured, pixels: np.ndarray) -> None:
    assert measured.complaint("predict", pixels) == ""


@pytest.mark.parametrize("name", sorted(ADVERSARIAL))
def test_pictures_made_to_take_time_do_not(measured: Measured, name: str) -> None:
    assert measured.complaint("predict", ADVERSARIAL[name]()) == ""


def chunk(kind: bytes, content: bytes) -> bytes:
    body = kind + content
    return struct.pack(">I", len(content)) + body + struct.pack(">I", zlib.crc32(body))


def png_bomb(side: int) -> bytes:
    """A PNG of a few kilobytes whose pixels, one bit each, would take side² bytes."""
    packer = zlib.compressobj(9)
    rows = b"".join(packer.compress(bytes(side // 8 + 1)) for _ in range(min(side, 2000))) + packer.flush()
    head = struct.pack(">IIBBBBB", side, side, 1, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


def overwritten(content: bytes, at: int, form: str, *values: int) -> bytes:
    packed = struct.pack(form, *values)
    return content[:at] + packed + content[at + len(packed) :]


def tiff_entry(content: bytes, tag: int) -> int:
    """Return where the value of a little-endian TIFF's tag stands."""
    (directory,) = struct.unpack_from("<I", content, 4)
    (count,) = struct.unpack_from("<H", content, directory)
    places = [directory + 2 + 12 * i for i in range(count)]
    return next(at for at in places if struct.unpack_from("<H", content, at)[0] == tag) + 8


def jpeg_frame(content: bytes) -> int:
    """Return where the height stands in a JPEG's start-of-frame segment."""
    return next(content.index(mark) + 5 for mark in (b"\xff\xc0", b"\xff\xc2") if mark in content)


BOMBS = {
    "png": png_bomb(60_000),
    "jpeg": overwritten(WHOLE["jpeg"], jpeg_frame(WHOLE["jpeg"]), ">HH", 65_500, 65_500),
    "jpeg progressive": overwritten(
        WHOLE["jpeg progressive"], jpeg_frame(WHOLE["jpeg progressive"]), ">HH", 65_500, 65_500
    ),
    "bmp": overwritten(WHOLE["bmp"], 18, "<ii", 50_000, 50_000),
    "bmp upside down": overwritten(WHOLE["bmp"], 18, "<ii", 50_000, -50_000),
    "webp": overwritten(WHOLE["webp"], WHOLE["webp"].index(b"\x9d\x01\x2a") + 3, "<HH", 16_383, 16_383),
    "webp alpha": overwritten(WHOLE["webp alpha"], 24, "<IH", 0x00FFFFFF, 0xFFFF),
    "tiff": overwritten(WHOLE["tiff"], tiff_entry(WHOLE["tiff"], 256), "<I", 1 << 24),
    "tiff tiles": overwritten(
        overwritten(WHOLE["tiff tiles"], tiff_entry(WHOLE["tiff tiles"], 322), "<I", 1 << 15),
        tiff_entry(WHOLE["tiff tiles"], 323),
        "<I",
        1 << 15,
    ),
}


@pytest.mark.parametrize("name", sorted(BOMBS))
def test_bombs_are_refused_by_their_header(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for decoder in ("imdecode", "imread"):
        monkeypatch.setattr(cv2, decoder, lambda *_: pytest.fail("it was decoded"))
    with pytest.raises(
        InputError, match=r"need room for .* megapixels, more than the 100|takes .* more than the 140 MB"
    ):
        load_image(BOMBS[name])


def progressive_jpeg(side: int) -> bytes:
    """A JPEG of a few hundred bytes whose coefficients alone take 6 side² bytes."""
    small = io.BytesIO()
    Image.new("RGB", (16, 16), "white").save(small, "JPEG", progressive=True, subsampling=0)
    content = small.getvalue()
    return overwritten(content, jpeg_frame(content), ">HH", side, side)


def animated_webp(side: int) -> bytes:
    """A WebP of two small frames on a canvas of any size."""
    frames = [Image.new("RGB", (16, 16), colour) for colour in ("white", "black")]
    buffer = io.BytesIO()
    frames[0].save(buffer, "WEBP", save_all=True, append_images=frames[1:], lossless=True)
    return overwritten(buffer.getvalue(), 24, "<HBHB", side - 1, 0, side - 1, 0)


def png_of_rows(side: int, bits: int, colour: int, samples: int) -> bytes:
    """A PNG of white rows, of any bit depth and colour type, made a row at a time."""
    row = b"\0" + b"\xff" * (side * samples * bits // 8)
    packer = zlib.compressobj(1)
    rows = b"".join(packer.compress(row) for _ in range(side)) + packer.flush()
    head = struct.pack(">IIBBBBB", side, side, bits, colour, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


def png_with(more: bytes) -> bytes:
    """A PNG of 64×64 pixels with chunks before its pixels."""
    content = cv2.imencode(".png", np.full((64, 64), 200, np.uint8))[1].tobytes()
    return content[:33] + more + content[33:]


def tiff_of_doubles(width: int, height: int) -> bytes:
    return cv2.imencode(".tiff", np.full((height, width), 0.5), [cv2.IMWRITE_TIFF_COMPRESSION, 1])[1].tobytes()


def heic_of(side: int, named: int) -> bytes:
    """A HEIC whose boxes name another size than the picture in it has."""
    pillow_heif = pytest.importorskip("pillow_heif", reason="needs the extra heic")
    buffer = io.BytesIO()
    pillow_heif.from_pillow(Image.new("RGB", (side, side), "white")).save(buffer)
    return buffer.getvalue().replace(struct.pack(">II", side, side), struct.pack(">II", named, named))


GREEDY: dict[str, Callable[[], bytes]] = {
    "png chunk of 4 GB": lambda: png_with(struct.pack(">I", 0xFFFFFFF0) + b"tEXt")[:45],
    "png chunk of 2 GB": lambda: png_with(struct.pack(">I", 0x7FFFFFFF) + b"IDAT"),
    "png texts": lambda: png_with(chunk(b"zTXt", b"key\0\0" + zlib.compress(bytes(8_000_000), 9)) * 200),
    "png profile": lambda: png_with(chunk(b"iCCP", b"key\0\0" + zlib.compress(bytes(50_000_000), 9))),
    "png of many chunks": lambda: png_with(chunk(b"tEXt", b"a\0") * 300_000),
    "png 16 bits, alpha": lambda: png_of_rows(4200, 16, 6, 4),
    "png 16 bits, alpha, too large": lambda: png_of_rows(9000, 16, 6, 4),
    "png alpha": lambda: png_of_rows(9900, 8, 6, 4),
    "png grey": lambda: png_of_rows(9900, 8, 0, 1),
    "jpeg progressive": lambda: progressive_jpeg(10_000),
    "jpeg progressive, in limits": lambda: progressive_jpeg(4_900),
    "jpeg of many segments": lambda: b"\xff\xd8" + b"\xff\x01" * 4_000_000 + WHOLE["jpeg"][2:],
    "webp": lambda: overwritten(WHOLE["webp"], WHOLE["webp"].index(b"\x9d\x01\x2a") + 3, "<HH", 9_900, 9_900),
    "webp animated": lambda: animated_webp(9_900),
    "webp animated, in limits": lambda: animated_webp(2_900),
    "heic": lambda: heic_of(3_000, 3_000),
    "heic that names a small size": lambda: heic_of(3_000, 64),
    "heic that names a large size": lambda: heic_of(64, 9_000),
    "tiff of doubles": lambda: tiff_of_doubles(4_000, 3_000),
    "tiff of doubles, in limits": lambda: tiff_of_doubles(2_000, 2_000),
    "tiff of a million strips": lambda: overwritten(WHOLE["tiff"], tiff_entry(WHOLE["tiff"], 257), "<I", 1_000_000),
}
"""Files that made a process take up to 4 GB, or seconds, though each has less than a hundred megapixels."""


@pytest.mark.parametrize("name", GREEDY)
def test_files_take_no_more_than_the_process_may(name: str) -> None:
    content = GREEDY[name]()
    for command in ("predict", "predict --save-dir"):
        with Measured() as alone:  # what a process read before stays with it in part
            assert alone.complaint(command, content) == ""


def test_the_limit_can_be_raised_and_lowered() -> None:
    picture = WHOLE["png grey"]
    assert load_image(picture, max_pixels=96 * 72).shape == (72, 96, 3)
    with pytest.raises(InputError, match="--max-megapixels"):
        load_image(picture, max_pixels=96 * 72 - 1)
    with pytest.raises(InputError, match="more than the"):
        Reader(max_pixels=1000).read(picture)


def test_the_largest_that_is_allowed_by_default_is_read() -> None:
    side = int(MAX_PIXELS**0.5)
    image = cv2.imencode(".jpg", np.full((side, side), 200, np.uint8))[1].tobytes()
    assert Reader().read(image).size == (side, side)


def test_who_raises_the_limit_of_pixels_allows_what_they_take() -> None:
    picture = tiff_of_doubles(4_000, 3_000)
    with pytest.raises(InputError, match=r"takes .* MB, more than the 140 MB allowed.*--max-megapixels"):
        load_image(picture)
    assert load_image(picture, max_pixels=MAX_PIXELS + 1).shape == (3_000, 4_000, 3)
    assert load_image(picture, max_memory=1_000_000_000).shape == (3_000, 4_000, 3)


def test_a_jpeg_of_a_thousand_scans_is_refused() -> None:
    whole = WHOLE["jpeg progressive"]
    start, end = whole.rindex(b"\xff\xda"), whole.rindex(b"\xff\xd9")
    with pytest.raises(InputError, match="scans"):
        load_image(whole[:end] + whole[start:end] * 1000 + whole[end:])


def test_what_has_no_end_is_not_read_to_it() -> None:
    with pytest.raises(InputError, match="not an image"):
        load_image("/dev/zero")


def test_a_file_that_is_too_long_is_not_kept(tmp_path: Path) -> None:
    path = tmp_path / "long.jpg"
    path.write_bytes(WHOLE["jpeg"])
    os.truncate(path, 50 << 20)
    with pytest.raises(InputError, match="too large"):
        load_image(path, max_pixels=1_000_000)


@pytest.mark.parametrize("suffix", [".hdr", ".pfm", ".pam", ".sr", ".pgm", ".ppm", ".jp2", ".gif"])
def test_formats_that_are_not_offered_are_not_decoded(suffix: str, monkeypatch: pytest.MonkeyPatch) -> None:
    picture = np.full((40, 40, 3), 0.5, np.float32)
    whole = picture if suffix in (".hdr", ".pfm") else (255 * picture).astype(np.uint8)
    content = cv2.imencode(suffix, whole[..., 0] if suffix == ".pgm" else whole)[1].tobytes()
    monkeypatch.setattr(cv2, "imdecode", lambda *_: pytest.fail("it was decoded"))
    with pytest.raises(InputError, match="not an image that can be read"):
        load_image(content)


needs_avif = pytest.mark.skipif(not cv2.haveImageWriter(".avif"), reason="this OpenCV decodes no AVIF")


def avif_of(side: int, named: int) -> bytes:
    """An AVIF whose boxes name another size than the picture in it has."""
    content = cv2.imencode(".avif", np.full((side, side), 200, np.uint8), [cv2.IMWRITE_AVIF_SPEED, 10])[1].tobytes()
    assert struct.pack(">II", side, side) in content
    return content.replace(struct.pack(">II", side, side), struct.pack(">II", named, named))


@needs_avif
@pytest.mark.parametrize(("side", "named"), [(4000, 64), (64, 9000), (4000, 4000)])
def test_an_avif_counts_as_what_is_coded_in_it(
    measured: Measured, side: int, named: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    content = avif_of(side, named)
    assert measured.complaint("predict", content) == ""
    if side == 4000:
        monkeypatch.setattr(cv2, "imdecode", lambda *_: pytest.fail("it was decoded"))
        monkeypatch.setattr(cv2, "imread", lambda *_: pytest.fail("it was decoded"))
        with pytest.raises(InputError, match="takes .* MB, more than the 140 MB"):
            load_image(content)


@pytest.mark.skipif(not hasattr(os, "memfd_create"), reason="the copy in memory is Linux's")
def test_the_file_that_was_checked_is_the_one_that_is_decoded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "photo.png"
    path.write_bytes(png_of_rows(2_000, 8, 0, 1))

    def replaced(name: str, *rest: object, read: Callable[..., np.ndarray] = cv2.imread) -> np.ndarray:
        path.write_bytes(png_of_rows(1_000, 8, 0, 1))
        return read(name, *rest)

    monkeypatch.setattr(cv2, "imread", replaced)
    assert load_image(path).shape == (2_000, 2_000, 3)
