"""Image headers: how large an encoded image is, told without decoding it.

A file of a few kilobytes can hold an image that takes gigabytes once it is decoded (a decompression bomb). Whoever
decodes asks here first. Only formats whose header says all that the decoder will allocate are known here; AVIF is not
one of them: its boxes may name a small size and hold a large image, and its decoder allocates before it compares.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass


@dataclass(frozen=True)
class Header:
    """What the first bytes of an encoded image say.

    Attributes:
        format: such as "PNG".
        width: pixels of a row as stored, before any turning; 0 where the file ends before it says so.
        height: rows as stored, likewise.
        pixels: what the decoder makes room for, in pixels: width × height, or more where tiles or further components
            need it.
        special: whether it may hold transparency or floating-point values, which decoders give only when asked for
            the pixels as they are stored.
        scans: how often the decoder goes through the whole image; 1 but for progressive JPEG.
        whole: whether the end of the file is there, as far as the format tells.
    """

    format: str
    width: int
    height: int
    pixels: int
    special: bool = False
    scans: int = 1
    whole: bool = True


def read_header(content: bytes | bytearray) -> Header | None:
    """Return what an encoded image says of itself; None where it is of no known format or its header is damaged.

    Args:
        content: the whole file.

    Example:
        >>> read_header(b"P5 640 480 255 ")
        Header(format='PNM', width=640, height=480, pixels=307200, special=False, scans=1, whole=True)
    """
    parse = _parser(content)
    try:
        header = parse(content) if parse else None
    except (struct.error, IndexError, ValueError, OverflowError):
        return None
    if header is None or (header.whole and min(header.width, header.height) <= 0):
        return None
    return header


def may_be_image(start: bytes | bytearray) -> bool:
    """Tell from the first 16 bytes of a file whether it may be an image at all."""
    return _parser(start) is not None


def _parser(content: bytes | bytearray) -> Callable[[bytes | bytearray], Header] | None:
    start = bytes(content[:16])
    return next((parse for signature, parse in _PARSERS.items() if re.match(signature, start, re.DOTALL)), None)


def _png(content: bytes | bytearray) -> Header:
    width, height = struct.unpack_from(">II", content, 16)
    # colour types 4 and 6 have an alpha channel, a palette (3) or any other may have a tRNS chunk
    alpha = content[25] in (4, 6) or b"tRNS" in content[:8192]
    return Header("PNG", width, height, width * height, alpha, whole=b"IEND" in content)


_JPEG_MARKER = re.compile(rb"\xff+([^\x00\xff\xd0-\xd7])", re.DOTALL)
_START_OF_FRAME = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}


def _jpeg(content: bytes | bytearray) -> Header:
    """Walk a JPEG's segments to its end-of-image mark (ITU-T T.81, B.1.1).

    Searching for the marks' bytes would not do: the EXIF preview has its own, and phones append films.
    """
    at, width, height, scans, whole = 2, 0, 0, 0, False
    while match := _JPEG_MARKER.search(content, at):
        kind, at = match.group(1)[0], match.end()
        if kind == 0xD9:
            whole = True
            break
        if kind in _START_OF_FRAME and not width:
            height, width = struct.unpack_from(">HH", content, at + 3)
        scans += kind == 0xDA
        if kind != 0x01:
            at += max(int.from_bytes(content[at : at + 2], "big"), 2)
    return Header("JPEG", width, height, width * height, scans=max(scans, 1), whole=whole)


def _bmp(content: bytes | bytearray) -> Header:
    if int.from_bytes(content[14:18], "little") == 12:
        width, height = struct.unpack_from("<HH", content, 18)
    else:
        width, height = (abs(side) for side in struct.unpack_from("<ii", content, 18))
    return Header("BMP", width, height, width * height)


def _webp(content: bytes | bytearray) -> Header:
    kind, alpha = bytes(content[12:16]), False
    if kind == b"VP8X":
        width, height = (1 + int.from_bytes(content[at : at + 3], "little") for at in (24, 27))
        alpha = bool(content[20] & 0x10)
    elif kind == b"VP8L":
        bits = int.from_bytes(content[21:25], "little")
        width, height, alpha = 1 + (bits & 0x3FFF), 1 + (bits >> 14 & 0x3FFF), bool(bits >> 28 & 1)
    else:
        width, height = (side & 0x3FFF for side in struct.unpack_from("<HH", content, 26))
    whole = len(content) >= 8 + int.from_bytes(content[4:8], "little")
    return Header("WebP", width, height, width * height, alpha, whole=whole)


def _gif(content: bytes | bytearray) -> Header:
    width, height = struct.unpack_from("<HH", content, 6)
    return Header("GIF", width, height, width * height, special=True)


_TIFF_WIDTH, _TIFF_HEIGHT, _TIFF_SAMPLES, _TIFF_TILE_WIDTH, _TIFF_TILE_HEIGHT = 256, 257, 277, 322, 323
_TIFF_SAMPLE_FORMAT, _TIFF_FLOAT = 339, 3
_TIFF_TYPES = {1: "B", 3: "H", 4: "I", 16: "Q"}


def _tiff(content: bytes | bytearray) -> Header:
    """Read the first directory (TIFF 6.0, section 2, and BigTIFF); no other is decoded."""
    order = "<" if content[:2] == b"II" else ">"
    big = struct.unpack_from(order + "H", content, 2)[0] == 43
    (at,) = struct.unpack_from(order + ("Q" if big else "I"), content, 8 if big else 4)
    (count,) = struct.unpack_from(order + ("Q" if big else "H"), content, at)
    at += 8 if big else 2
    entry = 20 if big else 12
    values: dict[int, int] = {}
    for i in range(min(count, 4096)):
        tag, kind = struct.unpack_from(order + "HH", content, at + i * entry)
        if kind in _TIFF_TYPES:
            (values[tag],) = struct.unpack_from(order + _TIFF_TYPES[kind], content, at + i * entry + (12 if big else 8))
    width, height = values.get(_TIFF_WIDTH, 0), values.get(_TIFF_HEIGHT, 0)
    tile = values.get(_TIFF_TILE_WIDTH, 0) * values.get(_TIFF_TILE_HEIGHT, 0)
    samples = values.get(_TIFF_SAMPLES, 1)
    special = samples in (2, 4) or values.get(_TIFF_SAMPLE_FORMAT) == _TIFF_FLOAT
    return Header("TIFF", width, height, _with_components(max(width * height, tile), samples), special)


def _pnm(content: bytes | bytearray) -> Header:
    words = re.sub(rb"#[^\n]*", b"", bytes(content[2:4096])).split()
    return Header("PNM", int(words[0]), int(words[1]), int(words[0]) * int(words[1]))


_LEAST_TILE = 64 * 64
"""Pixels that take as much memory as what is kept for each tile of a JPEG 2000, however small."""


def _jpeg2000(content: bytes | bytearray) -> Header:
    """Take the largest of all codestreams' SIZ segments (ITU-T T.800, A.5.1): boxes may hold false ones."""
    return max(_codestreams(content), key=lambda header: header.pixels)


def _codestreams(content: bytes | bytearray) -> Iterator[Header]:
    for match in re.finditer(rb"\xff\x4f\xff\x51", content):
        right, bottom, left, top = struct.unpack_from(">IIII", content, match.end() + 4)
        (components,) = struct.unpack_from(">H", content, match.end() + 36)
        width, height = right - left, bottom - top
        tile_width, tile_height = struct.unpack_from(">II", content, match.end() + 20)
        tiles = -(-width // max(tile_width, 1)) * -(-height // max(tile_height, 1))
        room = max(_with_components(width * height, components), tiles * _LEAST_TILE)
        yield Header("JPEG 2000", width, height, room, special=components in (2, 4))


def _with_components(pixels: int, components: int) -> int:
    """Count what has more components than colour and transparency as more pixels."""
    return pixels * max(1, -(-components // 4))


_PARSERS: dict[bytes, Callable[[bytes | bytearray], Header]] = {
    rb"\x89PNG\r\n\x1a\n": _png,
    rb"\xff\xd8": _jpeg,
    rb"BM": _bmp,
    rb"RIFF.{4}WEBP": _webp,
    rb"GIF8[79]a": _gif,
    rb"II[\x2a\x2b]\x00|MM\x00[\x2a\x2b]": _tiff,
    rb"P[1-6]\s": _pnm,
    rb"\xff\x4f\xff\x51|\x00\x00\x00\x0cjP  ": _jpeg2000,
}
"""How each format's files begin, as a regular expression, and what reads their header."""
