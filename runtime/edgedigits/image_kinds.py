"""Kinds of images: what an image file is, told by how it begins, and whether it can be read here."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

SUFFIXES = frozenset({".png", ".jpg", ".jpeg", ".bmp", ".tif", ".tiff", ".webp"})
"""Endings of image files that can be read everywhere."""

AVIF_SUFFIXES = frozenset({".avif"})
HEIC_SUFFIXES = frozenset({".heic", ".heif", ".hif"})


def readable_suffixes() -> frozenset[str]:
    """Return the endings of image files that can be read here: AVIF as OpenCV was built, HEIC with its extra.

    Example:
        >>> ".jpg" in readable_suffixes()
        True
    """
    return SUFFIXES | (AVIF_SUFFIXES if _decodes_avif() else set()) | (HEIC_SUFFIXES if _decodes_heic() else set())


@dataclass(frozen=True)
class Kind:
    """A kind of image file.

    Attributes:
        name: such as "a PNG image" or "a HEIC photo".
        readable: whether it can be read here.
        advice: what to do where it cannot; "" where it can.
    """

    name: str
    readable: bool
    advice: str = ""


def identify(start: bytes | bytearray) -> Kind | None:
    """Return what a file is by its first 64 bytes; None where they tell nothing.

    Example:
        >>> identify(b"GIF89a").name
        'a GIF image'
    """
    head = bytes(start[:64])
    return next((tell() for signature, tell in _KINDS.items() if re.match(signature, head, re.DOTALL)), None)


def identify_file(path: str | os.PathLike[str]) -> Kind | None:
    """Return what a file is; None where its beginning tells nothing.

    Raises:
        OSError: it cannot be read.
    """
    with Path(path).open("rb") as file:
        return identify(file.read(64))


def _readable(name: str) -> Callable[[], Kind]:
    return lambda: Kind(name, True)


def _other(name: str, advice: str) -> Callable[[], Kind]:
    return lambda: Kind(name, False, advice)


def _avif() -> Kind:
    if _decodes_avif():
        return Kind("an AVIF image", True)
    return Kind("an AVIF image", False, "this OpenCV decodes none: save it as PNG or JPEG, or install a newer OpenCV")


def _heic() -> Kind:
    if _decodes_heic():
        return Kind("a HEIC photo", True)
    return Kind("a HEIC photo", False, 'to read it: pip install "edgedigits[heic]"')


def _decodes_avif() -> bool:
    import cv2

    return hasattr(cv2, "haveImageWriter") and bool(cv2.haveImageWriter(".avif"))


def _decodes_heic() -> bool:
    return find_spec("pillow_heif") is not None


AVIF_BEGINS = rb".{4}ftypavif|.{4}ftyp(mif1|miaf).{4,32}avif"
HEIC_BEGINS = rb".{4}ftyp(hei[cxms]|hev[cxms]|mif1|miaf)"
_CONVERT = "save it as PNG or JPEG"
_KINDS: dict[bytes, Callable[[], Kind]] = {
    rb"\x89PNG\r\n\x1a\n": _readable("a PNG image"),
    rb"\xff\xd8": _readable("a JPEG image"),
    rb"BM": _readable("a BMP image"),
    rb"RIFF.{4}WEBP": _readable("a WebP image"),
    rb"II[\x2a\x2b]\x00|MM\x00[\x2a\x2b]": _readable("a TIFF image"),
    AVIF_BEGINS: _avif,
    HEIC_BEGINS: _heic,
    rb".{4}ftyp(avis|msf1)": _other("an animation", _CONVERT),
    rb"GIF8[79]a": _other("a GIF image", _CONVERT),
    rb"\xff\x4f\xff\x51|\x00\x00\x00\x0cjP  ": _other("a JPEG 2000 image", _CONVERT),
    rb"\xff\x0a|\x00\x00\x00\x0cJXL ": _other("a JPEG XL image", _CONVERT),
    rb"P[1-7]\s": _other("a portable pixmap", _CONVERT),
    rb"8BPS": _other("a Photoshop document", _CONVERT),
}
"""How each kind's files begin, as a regular expression, the narrower ones first, and what is told of them."""
