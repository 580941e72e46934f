"""Images in: from a path, from encoded bytes or from an array to upright BGR pixels."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from edgedigits.errors import InputError
from edgedigits.quiet import native_output_muted

UInt8Array: TypeAlias = npt.NDArray[np.uint8]
ImageSource: TypeAlias = "str | os.PathLike[str] | bytes | bytearray | memoryview | UInt8Array"

SUFFIXES = frozenset({".png", ".jpg", ".jpeg", ".bmp", ".tif", ".tiff", ".webp"})
"""Endings of the image files that are looked for in folders."""


def load_image(source: ImageSource) -> UInt8Array:
    """Return an image as upright BGR pixels.

    Args:
        source: a path; an encoded image as bytes; or an array (H, W), (H, W, 1), (H, W, 3) in BGR or (H, W, 4) in
            BGRA, uint8.

    Returns:
        uint8, (H, W, 3), turned as the file's EXIF orientation says.

    Raises:
        InputError: the file cannot be read, holds no image or only part of one, or the array is not an image.

    Example:
        >>> load_image(np.zeros((2, 3), np.uint8)).shape
        (2, 3, 3)
    """
    if isinstance(source, np.ndarray):
        return _from_array(source)
    if isinstance(source, (bytes, bytearray, memoryview)):
        return decode_image(bytes(source), "the bytes")
    path = Path(source)
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        raise InputError(f"{path} does not exist; check the spelling.") from None
    except IsADirectoryError:
        raise InputError(f"{path} is a folder; name an image in it.") from None
    except OSError as error:
        raise InputError(f"{path} cannot be read ({error.strerror}); check its permissions.") from error
    return decode_image(content, str(path))


def decode_image(content: bytes, name: str) -> UInt8Array:
    """Return an encoded image as upright BGR pixels.

    Transparent pixels are laid on the paper that shows what is drawn: white, or black under light ink. 16-bit values
    are brought to 8 bits.

    Args:
        content: a PNG, JPEG, BMP, TIFF or WebP file.
        name: what error messages call it.

    Raises:
        InputError: as `load_image`.
    """
    if not content:
        raise InputError(f"{name}: the file is empty (0 bytes); save or copy it again.")
    if _is_cut_short(content):
        raise InputError(f"{name}: the image is cut short, its end is missing; copy or save it again.")

    pixels = _decode(content)
    if pixels is None or pixels.size == 0:
        raise InputError(
            f"{name}: not an image that can be read; use a PNG, JPEG, BMP, TIFF or WebP file"
            " (a HEIC photo must be converted first)."
        )
    return _to_bgr(pixels)


def _decode(content: bytes) -> npt.NDArray[Any] | None:
    import cv2

    buffer = np.frombuffer(content, np.uint8)
    try:
        with native_output_muted():
            # the colour mode applies EXIF orientation and turns palettes and CMYK into BGR, but drops transparency
            pixels = cv2.imdecode(buffer, cv2.IMREAD_COLOR | cv2.IMREAD_ANYDEPTH)
            raw = cv2.imdecode(buffer, cv2.IMREAD_UNCHANGED) if _may_hold_alpha(content) else None
    except cv2.error:
        return None
    if pixels is None:
        return None
    if raw is not None and raw.ndim == 3 and raw.shape[2] == 4 and raw.shape[:2] == pixels.shape[:2]:
        return np.asarray(raw)
    return np.asarray(pixels)


def _may_hold_alpha(content: bytes) -> bool:
    if content.startswith(b"\x89PNG"):
        colour_type = content[25:26]  # 4 and 6 have an alpha channel, a palette (3) may have a tRNS chunk
        return colour_type in (b"\x04", b"\x06") or b"tRNS" in content[:8192]
    return not content.startswith((b"\xff\xd8", b"BM"))


def _from_array(pixels: npt.NDArray[Any]) -> UInt8Array:
    if pixels.dtype != np.uint8:
        raise InputError(
            f"An image array must be uint8 with values 0 to 255, got {pixels.dtype}; scale and convert it first."
        )
    if pixels.ndim not in (2, 3) or (pixels.ndim == 3 and pixels.shape[2] not in (1, 3, 4)):
        raise InputError(f"An image array must have shape (H, W) or (H, W, 1, 3 or 4), got {pixels.shape}.")
    if pixels.size == 0:
        raise InputError(f"The image array has no pixels (shape {pixels.shape}).")
    return _to_bgr(pixels)


def _to_bgr(pixels: npt.NDArray[Any]) -> UInt8Array:
    import cv2

    if pixels.dtype != np.uint8:
        # some writers put 10 or 12 bits into 16, or floats into TIFF: the brightest value is white
        values = np.nan_to_num(pixels.astype(np.float32), nan=0.0, posinf=0.0, neginf=0.0)
        peak = float(values.max())
        pixels = np.clip(values * (255 / peak if peak > 0 else 0), 0, 255).astype(np.uint8)
    if pixels.ndim == 2 or pixels.shape[2] == 1:
        return np.asarray(cv2.cvtColor(pixels, cv2.COLOR_GRAY2BGR), np.uint8)
    if pixels.shape[2] == 4:
        return _flatten(np.asarray(pixels, np.uint8))
    return np.ascontiguousarray(pixels, np.uint8)


def _flatten(bgra: UInt8Array) -> UInt8Array:
    """Lay a transparent image on paper: black where what is drawn is light, else white."""
    colour, alpha = bgra[..., :3].astype(np.float32), bgra[..., 3:].astype(np.float32) / 255
    drawn = float((colour.mean(axis=2, keepdims=True) * alpha).sum() / max(float(alpha.sum()), 1e-6))
    paper = 0.0 if alpha.min() < 1 and drawn > 160 else 255.0
    return np.rint(colour * alpha + paper * (1 - alpha)).astype(np.uint8)


def _is_cut_short(content: bytes) -> bool:
    """Tell from the end marks whether a file was copied in part: decoders fill the missing part with grey."""
    if content.startswith(b"\xff\xd8"):
        return not _jpeg_ends(content)
    if content.startswith(b"\x89PNG\r\n\x1a\n"):
        return b"IEND" not in content
    if content.startswith(b"RIFF") and content[8:12] == b"WEBP":
        return len(content) < 8 + int.from_bytes(content[4:8], "little")
    return False


_JPEG_MARKER = re.compile(rb"\xff+([^\x00\xff\xd0-\xd7])", re.DOTALL)


def _jpeg_ends(content: bytes) -> bool:
    """Walk a JPEG's segments to its end-of-image mark (ITU-T T.81, B.1.1).

    Searching for the mark's bytes would not do: the EXIF preview has one of its own, and phones append films.
    """
    at = 2
    while match := _JPEG_MARKER.search(content, at):
        kind = match.group(1)[0]
        if kind == 0xD9:
            return True
        length = int.from_bytes(content[match.end() : match.end() + 2], "big")
        at = match.end() if kind == 0x01 else match.end() + max(length, 2)
    return False
