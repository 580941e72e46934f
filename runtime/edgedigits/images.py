"""Images in: from a path, from encoded bytes or from an array to upright pixels."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple, TypeAlias

import numpy as np
import numpy.typing as npt

from edgedigits.errors import InputError
from edgedigits.image_headers import Header, may_be_image, read_header
from edgedigits.quiet import native_output_muted

UInt8Array: TypeAlias = npt.NDArray[np.uint8]


@dataclass(frozen=True)
class EncodedImage:
    """An image as it lay in a file or came through a pipe.

    Attributes:
        content: the whole file.
        name: what error messages call it.
    """

    content: bytes | bytearray
    name: str


ImageSource: TypeAlias = "str | os.PathLike[str] | bytes | bytearray | memoryview | EncodedImage | UInt8Array"

SUFFIXES = frozenset({".png", ".jpg", ".jpeg", ".bmp", ".tif", ".tiff", ".webp"})
"""Endings of the image files that are looked for in folders."""

MAX_PIXELS = 100_000_000
"""Pixels: larger encoded images are refused before they are decoded; no phone's usual photo is as large."""

_MOST_SCANS = 100
"""Progressive scans of a JPEG: encoders write about ten, each costs as much time as a whole image."""
_MOST_BYTES_PER_PIXEL = 8
"""What no honest file takes: 16 bits of red, green, blue and alpha, not compressed. So much is read of any file."""
_SMALL = 2_000_000
"""Pixels: files of larger images are not kept in memory beside their pixels; the decoder reads them once more."""
_STRIP = 1 << 17
"""Pixels that are converted at a time, since copies of 12 megapixels are large."""

_Decode: TypeAlias = "Callable[[int], npt.NDArray[Any] | None]"
"""Decodes one image, as one of OpenCV's modes says."""


class GreyImage(NamedTuple):
    """An image as the reader looks at it.

    Attributes:
        pixels: uint8, (H, W), upright.
        size: width and height of the upright image in its full size; `pixels` may be smaller.
    """

    pixels: UInt8Array
    size: tuple[int, int]


def load_image(source: ImageSource, *, max_pixels: int = MAX_PIXELS) -> UInt8Array:
    """Return an image as upright BGR pixels.

    Transparent pixels are laid on the paper that shows what is drawn: white, or black under light ink. 16-bit values
    are brought to 8 bits.

    Args:
        source: a path; an encoded image as bytes or with a name; or an array (H, W), (H, W, 1), (H, W, 3) in BGR or
            (H, W, 4) in BGRA, uint8.
        max_pixels: encoded images of more pixels are refused by their header, before anything is decoded.

    Returns:
        uint8, (H, W, 3), turned as the file's EXIF orientation says.

    Raises:
        InputError: the file cannot be read, holds no image, only part of one or one that is too large, or the array is
            not an image.

    Example:
        >>> load_image(np.zeros((2, 3), np.uint8)).shape
        (2, 3, 3)
    """
    import cv2

    if isinstance(source, np.ndarray):
        return _to_bgr(_checked_array(source))
    name, header, decode = _opened(source, max_pixels)
    return _to_bgr(_decode(decode, name, header, cv2.IMREAD_COLOR))


def load_grey(source: ImageSource, enough: int, *, max_pixels: int = MAX_PIXELS) -> GreyImage:
    """Return an image in grey levels, at no more than the size that is wanted.

    Takes a third of the memory that `load_image` takes and, where a large JPEG is decoded at half its size or less,
    less than half of the time. Beside what the decoder gives, there is never a second copy of all pixels.

    Args:
        source: as in `load_image`.
        enough: pixels of the longer side; larger images are shrunk to it.
        max_pixels: as in `load_image`.

    Raises:
        InputError: as `load_image`.

    Example:
        >>> image = load_grey(np.zeros((300, 400), np.uint8), enough=200)
        >>> image.pixels.shape, image.size
        ((150, 200), (400, 300))
    """
    import cv2

    if isinstance(source, np.ndarray):
        grey = _to_grey(_checked_array(source))
        size = (grey.shape[1], grey.shape[0])
    else:
        name, header, decode = _opened(source, max_pixels)
        grey = _to_grey_in_place(_decode(decode, name, header, _reduced_mode(header, enough)))
        stored = (header.width, header.height)
        # the decoder turns the pixels, but the header does not say so
        size = stored if (grey.shape[1] > grey.shape[0]) == (stored[0] > stored[1]) else stored[::-1]
    shrink = max(size) / enough
    if shrink > 1:
        shape = (max(1, round(size[0] / shrink)), max(1, round(size[1] / shrink)))
        grey = np.asarray(cv2.resize(grey, shape, interpolation=cv2.INTER_AREA), np.uint8)
    return GreyImage(grey, size)


def _opened(
    source: str | os.PathLike[str] | bytes | bytearray | memoryview | EncodedImage, max_pixels: int
) -> tuple[str, Header, _Decode]:
    """Return what error messages call an encoded image, its header, which is in order, and how to decode it."""
    import cv2

    image = _encoded(source, max_pixels)
    header = _checked_header(image, max_pixels)
    # a pipe can be read but once, and OpenCV cannot open every name on every system
    if isinstance(source, (str, os.PathLike)) and header.pixels > _SMALL and _can_be_reopened(image.name):
        return image.name, header, partial(_decode_file, image.name)
    return image.name, header, partial(cv2.imdecode, np.frombuffer(image.content, np.uint8))


def _encoded(
    source: str | os.PathLike[str] | bytes | bytearray | memoryview | EncodedImage, max_pixels: int
) -> EncodedImage:
    if isinstance(source, EncodedImage):
        return source
    if isinstance(source, (bytes, bytearray)):
        return EncodedImage(source, "the bytes")
    if isinstance(source, memoryview):
        return EncodedImage(source.tobytes(), "the bytes")
    path = Path(source)
    try:
        with path.open("rb") as file:
            return read_encoded(file, str(path), max_pixels)
    except FileNotFoundError:
        raise InputError(f"{path} does not exist; check the spelling.") from None
    except IsADirectoryError:
        raise InputError(f"{path} is a folder; name an image in it.") from None
    except OSError as error:
        raise InputError(f"{path} cannot be read ({error.strerror}); check its permissions.") from error
    except ValueError as error:  # a null byte in the path
        raise InputError(f"{str(path)!r} is no path ({error}).") from None


def read_encoded(file: BinaryIO, name: str, max_pixels: int = MAX_PIXELS) -> EncodedImage:
    """Read an encoded image from an open file, and no more than an image of this many pixels may take.

    What does not begin like an image is not read any further, so that devices and endless streams are refused at once.

    Raises:
        InputError: it is empty, no image, or too long.
    """
    content = bytearray(file.read(16))
    if content and not may_be_image(content):
        raise _no_image(name)
    while piece := file.read(1 << 20):
        content += piece
        if len(content) > max(_MOST_BYTES_PER_PIXEL * max_pixels, 1 << 20):
            raise InputError(f"{name}: the file is too large for an image of {_mega(max_pixels)}; is it one?")
    return EncodedImage(content, name)


def _can_be_reopened(path: str) -> bool:
    return path.isascii() and Path(path).is_file()


def _decode_file(path: str, mode: int) -> npt.NDArray[Any] | None:
    """Decode a file into an array of its own: what OpenCV returns otherwise has been copied once more."""
    import cv2

    try:
        pixels = cv2.imread(path, None, mode)
    except cv2.error:  # OpenCV before 4.11 cannot, or the file is damaged
        pixels = None
    return cv2.imread(path, mode) if pixels is None or pixels.size == 0 else pixels


def _checked_header(image: EncodedImage, max_pixels: int) -> Header:
    name = image.name
    if not image.content:
        raise InputError(f"{name}: the file is empty (0 bytes); save or copy it again.")
    header = read_header(image.content)
    if header is None:
        raise _no_image(name)
    if not header.whole:
        raise InputError(f"{name}: the image is cut short, its end is missing; copy or save it again.")
    if header.pixels > max_pixels:
        raise InputError(
            f"{name}: {header.width} × {header.height} pixels need room for {_mega(header.pixels)}, more than the"
            f" {_mega(max_pixels)} allowed; shrink the image, or raise the limit (--max-megapixels) if you trust it."
        )
    if header.scans > _MOST_SCANS:
        raise InputError(f"{name}: a JPEG in {header.scans} scans, made to take time; save the image anew.")
    return header


def _mega(pixels: int) -> str:
    return f"{pixels / 1e6:,.6g} megapixel{'' if pixels == 1_000_000 else 's'}"


def _no_image(name: str) -> InputError:
    return InputError(
        f"{name}: not an image that can be read; use a PNG, JPEG, BMP, TIFF or WebP file"
        " (a HEIC or AVIF photo must be converted first)."
    )


def _reduced_mode(header: Header, enough: int) -> int:
    """Return how OpenCV is to decode in grey: JPEG at a half, a quarter or an eighth where that is enough."""
    import cv2

    if header.format == "JPEG":
        for factor, mode in (
            (8, cv2.IMREAD_REDUCED_GRAYSCALE_8),
            (4, cv2.IMREAD_REDUCED_GRAYSCALE_4),
            (2, cv2.IMREAD_REDUCED_GRAYSCALE_2),
        ):
            if max(header.width, header.height) >= factor * enough:
                return mode
    return cv2.IMREAD_GRAYSCALE


def _decode(decode: _Decode, name: str, header: Header, mode: int) -> npt.NDArray[Any]:
    """Return the pixels: (H, W), or (H, W, C) in BGR or BGRA, of any type; turned as EXIF says."""
    import cv2

    try:
        with native_output_muted():
            stored = decode(cv2.IMREAD_UNCHANGED) if header.special else None
            if stored is not None and (stored.dtype == np.float32 or stored.shape[2:] == (4,)):
                return stored
            # the other modes turn the image as EXIF says, and palettes and CMYK into BGR, but drop transparency
            pixels = decode(mode if header.format == "JPEG" else mode | cv2.IMREAD_ANYDEPTH)
    except (cv2.error, MemoryError):
        pixels = None
    if pixels is None or pixels.size == 0:
        raise _no_image(name)
    return pixels


def _checked_array(pixels: npt.NDArray[Any]) -> UInt8Array:
    if pixels.dtype != np.uint8:
        raise InputError(
            f"An image array must be uint8 with values 0 to 255, got {pixels.dtype}; scale and convert it first."
        )
    if pixels.ndim not in (2, 3) or (pixels.ndim == 3 and pixels.shape[2] not in (1, 3, 4)):
        raise InputError(f"An image array must have shape (H, W) or (H, W, 1, 3 or 4), got {pixels.shape}.")
    if pixels.size == 0:
        raise InputError(f"The image array has no pixels (shape {pixels.shape}).")
    return np.asarray(pixels, np.uint8)


def _to_bgr(pixels: npt.NDArray[Any]) -> UInt8Array:
    if pixels.dtype == np.uint8 and pixels.shape[2:] == (3,):
        return np.ascontiguousarray(pixels, np.uint8)
    bgr = np.empty((*pixels.shape[:2], 3), np.uint8)
    dark = _needs_dark_paper(pixels)
    for rows, strip in _strips(pixels):
        bgr[rows] = _strip_to_bgr(strip, dark)
    return bgr


def _to_grey(pixels: UInt8Array) -> UInt8Array:
    if pixels.ndim == 2:
        return pixels
    return _into_grey(pixels, np.empty(pixels.shape[:2], np.uint8))


def _to_grey_in_place(pixels: npt.NDArray[Any]) -> UInt8Array:
    """Return an image in grey levels, which lie where its pixels lay: these are lost."""
    if pixels.dtype == np.uint8 and pixels.ndim == 2:
        return pixels
    # no row is written before it is read, since a pixel has one byte now and had one or more
    room = pixels.reshape(-1).view(np.uint8)
    height, width = pixels.shape[:2]
    return _into_grey(pixels, room[: height * width].reshape(height, width))


def _into_grey(pixels: npt.NDArray[Any], grey: UInt8Array) -> UInt8Array:
    """Write the grey levels of an image (H, W[, C]) to (H, W), from the first row to the last."""
    dark = _needs_dark_paper(pixels)
    for rows, strip in _strips(pixels):
        grey[rows] = _strip_to_grey(strip, dark)
    return grey


def _strips(pixels: npt.NDArray[Any]) -> Iterator[tuple[slice, UInt8Array]]:
    """Yield an image in 8 bits, some rows at a time, and which rows these are.

    Some writers put 10 bits into 16, or floats into TIFF: the brightest value is white.
    """
    height, width = pixels.shape[:2]
    many = max(1, _STRIP // width)
    strips = [slice(top, top + many) for top in range(0, height, many)]
    if pixels.dtype == np.uint8:
        for rows in strips:
            yield rows, pixels[rows]
        return
    peak = max(float(pixels[rows].max(where=np.isfinite(pixels[rows]), initial=0)) for rows in strips)
    scale = 255 / peak if peak > 0 else 0
    for rows in strips:
        values = np.nan_to_num(pixels[rows].astype(np.float64), nan=0.0, posinf=0.0, neginf=0.0)
        yield rows, np.clip(values * scale, 0, 255).astype(np.uint8)


def _strip_to_bgr(strip: UInt8Array, dark: bool) -> UInt8Array:
    import cv2

    if strip.ndim == 2 or strip.shape[2] == 1:
        return np.asarray(cv2.cvtColor(strip, cv2.COLOR_GRAY2BGR), np.uint8)
    if strip.shape[2] == 4:
        alpha = cv2.extractChannel(strip, 3)
        return np.dstack([_on_paper(cv2.extractChannel(strip, channel), alpha, dark) for channel in range(3)])
    return strip


def _strip_to_grey(strip: UInt8Array, dark: bool) -> UInt8Array:
    import cv2

    if strip.ndim == 2:
        return strip
    if strip.shape[2] == 1:
        return strip[..., 0]
    if strip.shape[2] == 4:
        grey = np.asarray(cv2.cvtColor(strip, cv2.COLOR_BGRA2GRAY), np.uint8)
        return _on_paper(grey, cv2.extractChannel(strip, 3), dark)
    return np.asarray(cv2.cvtColor(strip, cv2.COLOR_BGR2GRAY), np.uint8)


def _on_paper(plane: npt.NDArray[Any], alpha: npt.NDArray[Any], dark: bool) -> UInt8Array:
    """Lay one channel of a transparent image on paper that is dark or white."""
    import cv2

    drawn = np.asarray(cv2.multiply(plane, alpha, scale=1 / 255), np.uint8)
    return drawn if dark else drawn + (255 - np.asarray(alpha, np.uint8))


def _needs_dark_paper(pixels: npt.NDArray[Any]) -> bool:
    """Tell whether an image is transparent and what is drawn on nothing is light, so that dark paper shows it."""
    import cv2

    if pixels.shape[2:] != (4,):
        return False
    drawn, covered, least = 0.0, 0.0, 255
    for _, strip in _strips(pixels):
        alpha = cv2.extractChannel(strip, 3)
        drawn += cv2.sumElems(_strip_to_grey(strip, dark=True))[0]
        covered += cv2.sumElems(alpha)[0]
        least = min(least, int(alpha.min()))
    return least < 255 and drawn * 255 / max(covered, 1.0) > 160
