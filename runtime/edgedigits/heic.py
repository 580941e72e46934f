"""HEIC: the photos of phones, decoded by libheif, where pillow-heif is installed (the extra `heic`).

libheif refuses by itself what is coded larger than the file says.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

ROOM_FOR_PIXEL = 6
"""Bytes that libheif takes beside the pixels; where a value has more than 8 bits, twice as many."""


_DAMAGE = (RuntimeError, ValueError, OSError, SyntaxError, EOFError)
"""What pillow-heif raises of damaged files."""


def read_heic(content: bytes | bytearray) -> tuple[int, int, int, int]:
    """Return width, height, values of a pixel and bits of a value of the main picture, upright, without decoding it.

    Raises:
        ValueError: it is damaged, or pillow-heif is not installed.
    """
    try:
        picture = _opened(content)
    except (ImportError, *_DAMAGE) as error:
        raise ValueError(str(error)) from error
    width, height = picture.size
    return width, height, len(picture.mode.partition(";")[0]), int(picture.info.get("bit_depth", 8))


def decode_heic(content: bytes | bytearray) -> npt.NDArray[np.uint8] | None:
    """Return the main picture's pixels, upright, uint8, (H, W, C) in BGR or BGRA; None where it is damaged."""
    try:
        return np.asarray(_opened(content), np.uint8)
    except _DAMAGE:
        return None


def _opened(content: bytes | bytearray) -> Any:
    import pillow_heif

    return pillow_heif.open_heif(bytes(content), convert_hdr_to_8bit=True, bgr_mode=True)
