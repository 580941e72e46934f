"""Kinds of files that people take for pictures, and what to do with each."""

from __future__ import annotations

import shlex
from contextlib import suppress
from pathlib import Path

from edgedigits.image_kinds import SUFFIXES, Kind, identify_file

_HEIC = frozenset({b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"miaf", b"mif1", b"msf1", b"avif", b"avis"})
"""Brands of files that look like a film and are photos."""

_CONVERT, _DEVELOP = "save it as PNG or JPEG", "develop it to JPEG"
_OTHERS = {
    **dict.fromkeys((".heic", ".heif", ".hif", ".avif", ".gif", ".jxl", ".jp2", ".psd", ".svg", ".xcf"), _CONVERT),
    **dict.fromkeys((".dng", ".cr2", ".cr3", ".nef", ".arw", ".raf", ".orf", ".rw2"), _DEVELOP),
}
"""Endings of pictures that are not read everywhere, and what to do about them; what else lies in a folder is none."""


def picture_kind(path: Path) -> Kind | None:
    """Return what kind of picture lies in a file of a folder; None where its ending is that of no picture.

    Example:
        >>> picture_kind(Path("seven.NEF"))
        Kind(name='a .nef file', readable=False, advice='develop it to JPEG')
    """
    suffix = path.suffix.lower()
    if suffix in SUFFIXES or suffix == ".pdf":
        return Kind(f"a {suffix} file", True)
    if suffix not in _OTHERS:
        return None
    kind = None
    if _OTHERS[suffix] is _CONVERT:
        with suppress(OSError):
            kind = identify_file(path)
    return kind or Kind(f"a {suffix} file", False, _OTHERS[suffix])


def advice_for(head: bytes, name: str) -> str | None:
    """Tell what a file is that is no picture, and what to do with it; None where that is not known.

    Args:
        head: its first bytes; 512 are enough.
        name: what it is called.

    Example:
        >>> advice_for(b"\\0\\0\\0\\x18ftypmp42", "clip.mp4")
        'is a video; `edgedigits webcam clip.mp4` reads it'
    """
    start = head.lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if start.startswith((b"<svg", b"<?xml", b"<!doctype svg")) and b"<svg" in start:
        return "is an SVG drawing, which has no pixels; export it as PNG"
    if start.startswith((b"<!doctype html", b"<html")):
        return "is a web page; save the picture in it"
    if head.startswith(b"PK\x03\x04"):
        return "is an archive; unpack it, and name the folder"
    if _is_film(head):
        return f"is a video; `edgedigits webcam {shlex.quote(name)}` reads it"
    return None


def is_pdf(head: bytes | bytearray) -> bool:
    """Tell whether a file that begins so is a PDF document."""
    return b"%PDF-" in head[:1024]


def _is_film(head: bytes) -> bool:
    return (
        (head[4:8] == b"ftyp" and head[8:12] not in _HEIC)
        or head[4:8] in (b"moov", b"mdat")
        or (head.startswith(b"RIFF") and head[8:12] == b"AVI ")
        or head.startswith((b"\x1a\x45\xdf\xa3", b"\x00\x00\x01\xba", b"\x00\x00\x01\xb3", b"FLV\x01"))
    )
