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
from tests.runtime.hostile import MUTATIONS, LimitedReader, Mutation, mutated, whole_images

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="the limits are Linux's")

WHOLE = whole_images()
SAMPLES = {
    path.name: path.read_bytes() for path in sorted((ROOT / "Images").glob("*-*[05].*")) if path.stat().st_size < 60_000
}


@pytest.fixture(scope="module")
def limited() -> Iterator[LimitedReader]:
    with LimitedReader() as limited:
        yield limited


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
def test_whole_images_are_read(limited: LimitedReader, name: str) -> None:
    assert limited.complaint(WHOLE[name]) == ""
    header = read_header(WHOLE[name])
    assert header is not None
    shape = load_image(WHOLE[name]).shape
    assert (header.width, header.height) == (shape[1], shape[0])


@fuzz(250)
@given(st.sampled_from(sorted(WHOLE)), mutations)
def test_damaged_images_do_no_harm(limited: LimitedReader, name: str, how: list[Mutation]) -> None:
    assert limited.complaint(mutated(WHOLE[name], how)) == ""


@pytest.mark.slow
@fuzz(8000)
@given(st.sampled_from(sorted(WHOLE)), mutations)
def test_thousands_of_damaged_images_do_no_harm(limited: LimitedReader, name: str, how: list[Mutation]) -> None:
    assert limited.complaint(mutated(WHOLE[name], how)) == ""


@pytest.mark.slow
@fuzz(1500)
@given(st.sampled_from(sorted(SAMPLES)), mutations)
def test_damaged_photos_do_no_harm(limited: LimitedReader, name: str, how: list[Mutation]) -> None:
    assert limited.complaint(mutated(SAMPLES[name], how)) == ""


@fuzz(60)
@given(hnp.arrays(np.uint8, hnp.array_shapes(min_dims=2, max_dims=3, max_side=80)))
def test_arrays_of_any_shape_do_no_harm(limited: LimitedReader, pixels: np.ndarray) -> None:
    assert limited.complaint(pixels) == ""


@pytest.mark.slow
@fuzz(1000)
@given(hnp.arrays(np.uint8, hnp.array_shapes(min_dims=2, max_dims=3, max_side=300)))
def test_many_arrays_of_any_shape_do_no_harm(limited: LimitedReader, pixels: np.ndarray) -> None:
    assert limited.complaint(pixels) == ""


@pytest.mark.parametrize("name", sorted(ADVERSARIAL))
def test_pictures_made_to_take_time_do_not(limited: LimitedReader, name: str) -> None:
    assert limited.complaint(ADVERSARIAL[name]()) == ""


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
    "gif": overwritten(WHOLE["gif"], 6, "<HH", 65_535, 65_535),
    "webp": overwritten(WHOLE["webp"], WHOLE["webp"].index(b"\x9d\x01\x2a") + 3, "<HH", 16_383, 16_383),
    "webp alpha": overwritten(WHOLE["webp alpha"], 24, "<IH", 0x00FFFFFF, 0xFFFF),
    "tiff": overwritten(WHOLE["tiff"], tiff_entry(WHOLE["tiff"], 256), "<I", 1 << 24),
    "tiff tiles": overwritten(
        overwritten(WHOLE["tiff tiles"], tiff_entry(WHOLE["tiff tiles"], 322), "<I", 1 << 15),
        tiff_entry(WHOLE["tiff tiles"], 323),
        "<I",
        1 << 15,
    ),
    "pnm": b"P5\n# a comment\n60000 60000\n255\n" + bytes(1000),
    "jpeg 2000": overwritten(
        WHOLE["jpeg 2000"], WHOLE["jpeg 2000"].index(b"\xff\x4f\xff\x51") + 8, ">II", 1 << 20, 1 << 20
    ),
    "jpeg 2000 tiles": overwritten(
        overwritten(WHOLE["jpeg 2000"], WHOLE["jpeg 2000"].index(b"\xff\x4f\xff\x51") + 8, ">II", 1000, 1000),
        WHOLE["jpeg 2000"].index(b"\xff\x4f\xff\x51") + 24,
        ">II",
        1,
        1,
    ),
}


@pytest.mark.parametrize("name", sorted(BOMBS))
def test_bombs_are_refused_by_their_header(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cv2, "imdecode", lambda *_: pytest.fail("it was decoded"))
    with pytest.raises(InputError, match=r"need room for .* megapixels, more than the 100 megapixels allowed"):
        load_image(BOMBS[name])


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


def test_a_jpeg_of_a_thousand_scans_is_refused() -> None:
    whole = WHOLE["jpeg progressive"]
    start, end = whole.rindex(b"\xff\xda"), whole.rindex(b"\xff\xd9")
    with pytest.raises(InputError, match="scans"):
        load_image(whole[:end] + whole[start:end] * 1000 + whole[end:])


def test_what_has_no_end_is_not_read_to_it(limited: LimitedReader) -> None:
    with pytest.raises(InputError, match="not an image"):
        load_image("/dev/zero")


def test_a_file_that_is_too_long_is_not_kept(tmp_path: Path) -> None:
    path = tmp_path / "long.jpg"
    path.write_bytes(WHOLE["jpeg"])
    os.truncate(path, 50 << 20)
    with pytest.raises(InputError, match="too large"):
        load_image(path, max_pixels=1_000_000)


def test_other_formats_are_not_handed_to_the_decoder() -> None:
    picture = np.full((40, 40, 3), 0.5, np.float32)
    for suffix in (".hdr", ".pfm", ".pam", ".sr"):
        content = cv2.imencode(suffix, picture if suffix in (".hdr", ".pfm") else (255 * picture).astype(np.uint8))[1]
        with pytest.raises(InputError, match="not an image that can be read"):
            load_image(content.tobytes())


def test_an_avif_that_names_a_small_size_is_not_decoded() -> None:
    buffer = io.BytesIO()
    Image.new("L", (64, 64)).save(buffer, "AVIF")
    with pytest.raises(InputError, match="AVIF photo must be converted"):
        load_image(buffer.getvalue())
