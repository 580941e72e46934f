"""Image headers: how large an encoded image is and what decoding it takes, told without decoding it.

A file of a few kilobytes can hold an image that takes gigabytes once it is decoded (a decompression bomb). Whoever
decodes asks here first. What is told is what OpenCV's decoders allocate, which no library for reading headers says: the
coefficients of a progressive JPEG, the canvas of an animated WebP, the strips of a TIFF. So it is read here, of the few
formats that are decoded at all. The constants were measured (`benchmarks/memory.py`).
"""

from __future__ import annotations

import re
import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from edgedigits.avif_headers import read_avif
from edgedigits.heic import ROOM_FOR_PIXEL, read_heic
from edgedigits.image_kinds import AVIF_BEGINS, HEIC_BEGINS

Content = bytes | bytearray


@dataclass(frozen=True)
class Header:
    """What an encoded image says of itself.

    Attributes:
        format: such as "PNG".
        width: pixels of a row as stored, before any turning; 0 where the file ends before it says so.
        height: rows as stored, likewise.
        samples: values of a pixel as stored, 1 to 4; more where a TIFF has more.
        depth: bytes of a value when it is decoded.
        room: bytes that the decoder takes beside the file and the pixels that it returns.
        transparent: whether it may hold transparency.
        real: whether it holds floating-point values.
        turned: whether rows become columns when it is turned as it says.
        scans: how often the decoder goes through the whole image; 1 but for progressive JPEG.
        whole: whether the end of the file is there, as far as the format tells.
        parts: what of the file the decoder needs, in order; None for all.
    """

    format: str
    width: int
    height: int
    samples: int = 3
    depth: int = 1
    room: int = 0
    transparent: bool = False
    real: bool = False
    turned: bool = False
    scans: int = 1
    whole: bool = True
    parts: tuple[slice, ...] | None = None

    @property
    def pixels(self) -> int:
        """Width × height."""
        return self.width * self.height


def read_header(content: Content) -> Header | None:
    """Return what an encoded image says of itself; None where it is of no known format or its header is damaged.

    Args:
        content: the whole file.

    Example:
        >>> header = read_header(b"BM" + bytes(12) + struct.pack("<Iii", 40, 640, 480))
        >>> header.format, header.width, header.height
        ('BMP', 640, 480)
    """
    parse = _parser(content)
    try:
        header = parse(content) if parse else None
    except (struct.error, LookupError, ValueError, OverflowError):
        return None
    if header is None or (header.whole and min(header.width, header.height) <= 0):
        return None
    return header


def _parser(content: Content) -> Callable[[Content], Header] | None:
    start = bytes(content[:64])
    return next((parse for signature, parse in _PARSERS.items() if re.match(signature, start, re.DOTALL)), None)


_MOST_PARTS = 20_000
"""Chunks and segments of a file: of photos of 100 megapixels they are a few thousand, and each takes time."""


def _counted(count: int) -> None:
    if count > _MOST_PARTS:
        raise ValueError("it has more parts than any encoder writes")


_PNG_NEEDED = frozenset({b"IHDR", b"PLTE", b"tRNS", b"IDAT", b"IEND", b"eXIf"})
"""Chunks (PNG, third edition, 11.2) without which the pixels would be others. Texts, profiles and further frames may
take any time and memory."""
_PNG_SAMPLES = {0: 1, 2: 3, 3: 3, 4: 4, 6: 4}
"""Values of a decoded pixel for each colour type; OpenCV has no grey with transparency."""


def _png(content: Content) -> Header:
    """Walk all chunks: what their lengths claim is allocated before it is read."""
    if content[12:16] != b"IHDR":
        raise ValueError("it does not begin with its header")
    width, height, bits, colour = struct.unpack_from(">IIBB", content, 16)
    parts, at, count, ended, transparent, turned = [slice(0, 8)], 8, 0, False, colour in (4, 6), False
    while not ended and at + 12 <= len(content):
        (length,), kind = struct.unpack_from(">I", content, at), bytes(content[at + 4 : at + 8])
        end, count = at + 12 + length, count + 1
        _counted(count)
        if end > len(content):
            break
        if kind in _PNG_NEEDED:
            parts.append(slice(at, end))
        transparent = transparent or kind == b"tRNS"
        turned = turned or (kind == b"eXIf" and _turns(bytes(content[at + 8 : end - 4])))
        ended, at = kind == b"IEND", end
    return Header(
        "PNG",
        width,
        height,
        4 if transparent else _PNG_SAMPLES.get(colour, 4),
        depth=2 if bits == 16 else 1,
        transparent=transparent,
        turned=turned,
        whole=ended,
        parts=tuple(parts),
    )


_JPEG_MARKER = re.compile(rb"\xff+([^\x00\xff\xd0-\xd7])", re.DOTALL)
_START_OF_FRAME = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_PROGRESSIVE = frozenset({0xC2, 0xC6, 0xCA, 0xCE})


def _jpeg(content: Content) -> Header:
    """Walk a JPEG's segments to its end-of-image mark (ITU-T T.81, B.1.1).

    Searching for the marks' bytes would not do: the EXIF preview has its own, and phones append films.
    """
    at, width, height, components, room, scans, count = 2, 0, 0, 3, 0, 0, 0
    whole, turned, several = False, False, False
    while match := _JPEG_MARKER.search(content, at):
        kind, at, count = match.group(1)[0], match.end(), count + 1
        _counted(count)
        if kind == 0xD9:
            whole = True
            break
        if kind in _START_OF_FRAME and not width:
            height, width, components = struct.unpack_from(">HHB", content, at + 3)
            room = _coefficients(content, at + 8, components, width * height)
            several = kind in _PROGRESSIVE
        if kind == 0xDA:
            scans += 1
            several = several or content[at + 2] < components
        if kind == 0xE1 and content[at + 2 : at + 8] == b"Exif\0\0":
            length = int.from_bytes(content[at : at + 2], "big")
            turned = turned or _turns(bytes(content[at + 8 : at + length]))
        if kind != 0x01:
            at += max(int.from_bytes(content[at : at + 2], "big"), 2)
    return Header(
        "JPEG",
        width,
        height,
        1 if components == 1 else 3,
        room=room if several else 0,
        turned=turned,
        scans=max(scans, 1),
        whole=whole,
    )


def _coefficients(content: Content, at: int, components: int, pixels: int) -> int:
    """Return the bytes of a frame's coefficients, which are kept where its components come in several scans."""
    factors = [(content[at + 3 * i + 1] >> 4, content[at + 3 * i + 1] & 15) for i in range(components)]
    across, down = (max(factor[i] for factor in factors) for i in (0, 1))
    return 2 * pixels * sum(h * v for h, v in factors) // max(across * down, 1)


def _bmp(content: Content) -> Header:
    if int.from_bytes(content[14:18], "little") == 12:
        width, height = struct.unpack_from("<HH", content, 18)
        bits = int.from_bytes(content[24:26], "little")
    else:
        width, height = (abs(side) for side in struct.unpack_from("<ii", content, 18))
        bits = int.from_bytes(content[28:30], "little")
    return Header("BMP", width, height, 4 if bits == 32 else 3)


_WEBP_ROOM = {b"VP8 ": 4, b"VP8L": 8, b"VP8X": 8}
"""Bytes for each pixel that libwebp takes beside those that it returns."""
_WEBP_CANVAS = 12
"""Bytes for each pixel of an animation: the canvas, the one before, and a frame."""


def _webp(content: Content) -> Header:
    kind, transparent, turned = bytes(content[12:16]), False, False
    if kind not in _WEBP_ROOM:
        raise ValueError("its first chunk is none that an image begins with")
    room = _WEBP_ROOM[kind]
    if kind == b"VP8X":
        width, height = (1 + int.from_bytes(content[at : at + 3], "little") for at in (24, 27))
        transparent = bool(content[20] & 0x10)
        room = _WEBP_CANVAS if content[20] & 0x02 else room
        turned = any(_turns(bytes(content[part])) for part in _exif_chunks(content)) if content[20] & 0x08 else False
    elif kind == b"VP8L":
        bits = int.from_bytes(content[21:25], "little")
        width, height, transparent = 1 + (bits & 0x3FFF), 1 + (bits >> 14 & 0x3FFF), bool(bits >> 28 & 1)
    else:
        width, height = (side & 0x3FFF for side in struct.unpack_from("<HH", content, 26))
    whole = len(content) >= 8 + int.from_bytes(content[4:8], "little")
    return Header(
        "WebP",
        width,
        height,
        4 if transparent else 3,
        room=room * width * height,
        transparent=transparent,
        turned=turned,
        whole=whole,
    )


def _exif_chunks(content: Content) -> Iterator[slice]:
    """Yield where the EXIF chunks of a WebP lie."""
    at, count = 12, 0
    while at + 8 <= len(content):
        length, count = int.from_bytes(content[at + 4 : at + 8], "little"), count + 1
        _counted(count)
        if content[at : at + 4] == b"EXIF":
            start = at + 8 + (6 if content[at + 8 : at + 14] == b"Exif\0\0" else 0)
            yield slice(start, at + 8 + length)
        at += 8 + length + length % 2


_ORIENTATION = 274
_TIFF_WIDTH, _TIFF_HEIGHT, _TIFF_BITS, _TIFF_SAMPLES, _TIFF_STRIP = 256, 257, 258, 277, 278
_TIFF_TILE_WIDTH, _TIFF_TILE_HEIGHT, _TIFF_SAMPLE_FORMAT, _TIFF_FLOAT = 322, 323, 339, 3
_TIFF_TYPES = {1: "B", 3: "H", 4: "I", 16: "Q"}
_TIFF_STRIP_ROOM = 32
"""Bytes that libtiff keeps for each strip or tile: where it lies and how long it is."""


def _tiff(content: Content) -> Header:
    """Read the first directory (TIFF 6.0, section 2, and BigTIFF); no other is decoded."""
    values = _directory(content)
    width, height = values.get(_TIFF_WIDTH, 0), values.get(_TIFF_HEIGHT, 0)
    samples = max(values.get(_TIFF_SAMPLES, 1), 1)
    real = values.get(_TIFF_SAMPLE_FORMAT) == _TIFF_FLOAT
    depth = max(-(-values.get(_TIFF_BITS, 1) // 8), 1)
    across = max(values.get(_TIFF_TILE_WIDTH, width), 1)
    down = max(values.get(_TIFF_TILE_HEIGHT, min(values.get(_TIFF_STRIP, height), height)), 1)
    pieces = -(-width // across) * -(-height // down) * samples
    transparent = samples in (2, 4)
    # a strip or tile, in four 8-bit values, which are copied on where fewer are wanted, or in its own
    each = samples * depth if depth > 1 else 4 if transparent else 7
    room = across * down * each + _TIFF_STRIP_ROOM * pieces
    return Header(
        "TIFF",
        width,
        height,
        samples,
        depth,
        room=room,
        transparent=transparent,
        real=real,
        turned=5 <= values.get(_ORIENTATION, 1) <= 8,
    )


def _directory(content: Content) -> dict[int, int]:
    """Return the first value of each entry of a TIFF's first directory, where it is an integer, by its tag."""
    order = "<" if content[:2] == b"II" else ">"
    big = struct.unpack_from(order + "H", content, 2)[0] == 43
    (at,) = struct.unpack_from(order + ("Q" if big else "I"), content, 8 if big else 4)
    (count,) = struct.unpack_from(order + ("Q" if big else "H"), content, at)
    _counted(count)
    at += 8 if big else 2
    entry, length, room = (20, "Q", 8) if big else (12, "I", 4)
    values: dict[int, int] = {}
    for place in range(at, at + entry * count, entry):
        tag, kind, many = struct.unpack_from(order + "HH" + length, content, place)
        if kind in _TIFF_TYPES:
            form = order + _TIFF_TYPES[kind]
            inside = place + entry - room
            if struct.calcsize(form) * many > room:
                (inside,) = struct.unpack_from(order + length, content, inside)
            (value,) = struct.unpack_from(form, content, inside)
            values[tag] = max(value, values.get(tag, 0))  # of two, the decoder may take either
    return values


def _turns(exif: bytes) -> bool:
    """Tell whether EXIF data, which are a TIFF's, ask for rows to become columns."""
    try:
        return 5 <= _directory(exif).get(_ORIENTATION, 1) <= 8
    except (struct.error, IndexError, ValueError, OverflowError):
        return False


def _avif(content: Content) -> Header:
    found = read_avif(content)
    samples, depth = 4 if found.several else 3, 2 if found.deep else 1
    return Header("AVIF", found.width, found.height, samples, depth, found.room, transparent=found.several)


def _heic(content: Content) -> Header:
    width, height, samples, bits = read_heic(content)
    room = ROOM_FOR_PIXEL * width * height * (2 if bits > 8 else 1)
    return Header("HEIC", width, height, samples, room=room)


_PARSERS: dict[bytes, Callable[[Content], Header]] = {
    rb"\x89PNG\r\n\x1a\n": _png,
    rb"\xff\xd8": _jpeg,
    rb"BM": _bmp,
    rb"RIFF.{4}WEBP": _webp,
    rb"II[\x2a\x2b]\x00|MM\x00[\x2a\x2b]": _tiff,
    AVIF_BEGINS: _avif,
    HEIC_BEGINS: _heic,
}
"""How each format's files begin, as a regular expression, and what reads their header."""
