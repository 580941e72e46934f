"""Images in: from a path, from encoded bytes or from an array to upright pixels."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any, NamedTuple, TypeAlias

import numpy as np
import numpy.typing as npt

from edgedigits.arrays import UInt8Array
from edgedigits.encoded_images import (
    MAX_MEMORY,
    MAX_PIXELS,
    Demand,
    EncodedImage,
    Limits,
    open_image,
    read_encoded,
)
from edgedigits.errors import InputError
from edgedigits.image_kinds import SUFFIXES, readable_suffixes

ImageSource: TypeAlias = "str | os.PathLike[str] | bytes | bytearray | memoryview | EncodedImage | UInt8Array"

_STRIP = 1 << 17
"""Pixels that are converted at a time, since copies of 12 megapixels are large."""


class GreyImage(NamedTuple):
    """An image as the reader looks at it.

    Attributes:
        pixels: uint8, (H, W), upright.
        size: width and height of the upright image in its full size; `pixels` may be smaller.
        damaged: whether the decoder complained of missing or wrong data: what is seen may be part of the image.
    """

    pixels: UInt8Array
    size: tuple[int, int]
    damaged: bool = False


def load_image(source: ImageSource, *, max_pixels: int = MAX_PIXELS, max_memory: int | None = None) -> UInt8Array:
    """Return an image as upright BGR pixels.

    Transparent pixels are laid on the paper that shows what is drawn: white, or black under light ink. 16-bit values
    are brought to 8 bits.

    Args:
        source: a path; an encoded image as bytes or with a name; or an array (H, W), (H, W, 1), (H, W, 3) in BGR or
            (H, W, 4) in BGRA, uint8.
        max_pixels: encoded images of more pixels are refused by their header, before anything is decoded.
        max_memory: bytes that the file and its decoding may take, which is told likewise; None for `MAX_MEMORY`, or
            for 8 bytes a pixel where `max_pixels` is above its default.

    Returns:
        uint8, (H, W, 3), turned as the file's EXIF orientation says.

    Raises:
        InputError: the source is none of these, the file cannot be read, holds no image, only part of one or one that
            is too large, or the array is not an image.

    Example:
        >>> load_image(np.zeros((2, 3), np.uint8)).shape
        (2, 3, 3)
    """
    if isinstance(source, np.ndarray):
        return _to_bgr(_checked_array(source))
    with open_image(_checked_source(source), Limits.of(max_pixels, max_memory), Demand(colour=True)) as image:
        pixels, _ = image.decode()
    return _to_bgr(pixels)


def load_grey(
    source: ImageSource, enough: int, *, max_pixels: int = MAX_PIXELS, max_memory: int | None = None
) -> GreyImage:
    """Return an image in grey levels, at no more than the size that is wanted.

    Takes a third of the memory that `load_image` takes and, where a large JPEG is decoded at half its size or less,
    less than half of the time. Beside what the decoder gives, there is never a second copy of all pixels.

    Args:
        source: as in `load_image`.
        enough: pixels of the longer side; larger images are shrunk to it.
        max_pixels, max_memory: as in `load_image`.

    Raises:
        InputError: as `load_image`.

    Example:
        >>> image = load_grey(np.zeros((300, 400), np.uint8), enough=200)
        >>> image.pixels.shape, image.size
        ((150, 200), (400, 300))
    """
    import cv2

    if isinstance(source, np.ndarray):
        grey, damaged = _to_grey(_checked_array(source)), False
        size = (grey.shape[1], grey.shape[0])
    else:
        demand = Demand(colour=False, enough=enough)
        with open_image(_checked_source(source), Limits.of(max_pixels, max_memory), demand) as image:
            pixels, damaged = image.decode()
            stored = (image.header.width, image.header.height)
        grey = _to_grey_in_place(pixels)
        # the decoder turns the pixels, but the header does not say so
        size = stored if (grey.shape[1] > grey.shape[0]) == (stored[0] > stored[1]) else stored[::-1]
    shrink = max(size) / enough
    if shrink > 1:
        shape = (max(1, round(size[0] / shrink)), max(1, round(size[1] / shrink)))
        grey = np.asarray(cv2.resize(grey, shape, interpolation=cv2.INTER_AREA), np.uint8)
    return GreyImage(grey, size, damaged)


def _checked_source(source: Any) -> str | os.PathLike[str] | bytes | bytearray | memoryview | EncodedImage:
    if isinstance(source, str | os.PathLike | bytes | bytearray | memoryview | EncodedImage):
        return source
    kind = f"{type(source).__module__}.{type(source).__qualname__}"
    advice = "; np.asarray(image.convert('L')) makes an array of it" if kind.startswith("PIL.") else ""
    raise InputError(f"An image is a path, the bytes of an image file or an array, uint8, but not {kind}{advice}.")


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
    if not pixels.flags.writeable:
        return _into_grey(pixels, np.empty(pixels.shape[:2], np.uint8))
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


__all__ = [
    "MAX_MEMORY",
    "MAX_PIXELS",
    "SUFFIXES",
    "EncodedImage",
    "GreyImage",
    "ImageSource",
    "UInt8Array",
    "load_grey",
    "load_image",
    "read_encoded",
    "readable_suffixes",
]
