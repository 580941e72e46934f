"""AVIF headers: how large the pictures in an AVIF file are, as they are coded.

The boxes of the file may name a small size and hold a large picture, which the decoder allocates before it compares. So
what counts is what the coded pictures say of themselves, wherever they lie (ISO/IEC 14496-12 and 23008-12; AV1, 5.5).
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass

_MOST_BOXES = 20_000
_SEQUENCE_HEADER = 1
_ROOM_FOR_PIXEL, _ROOM_FOR_DEEP = 18, 23
"""Bytes that libavif, its AV1 decoder and OpenCV take for a coded pixel of 8 bits, and of more bits."""


@dataclass(frozen=True)
class AvifPictures:
    """What an AVIF file holds.

    Attributes:
        width, height: of the largest picture that its boxes name.
        room: bytes that decoding all that is coded takes.
        several: whether there is more than one picture: transparency, or the tiles of a grid.
        deep: whether a value has more than 8 bits.
    """

    width: int
    height: int
    room: int
    several: bool
    deep: bool


def read_avif(content: bytes | bytearray) -> AvifPictures:
    """Return what an AVIF file holds.

    Raises:
        ValueError, LookupError, struct.error: it is damaged, animated, or built as no still picture is.
    """
    top = list(_boxes(content, 0, len(content)))
    metas = [(start, end) for kind, start, end in top if kind == b"meta"]
    if len(metas) != 1 or any(kind == b"moov" for kind, _, _ in top):
        raise ValueError("it is no still picture")
    parts = {kind: (start, end) for kind, start, end in _boxes(content, metas[0][0] + 4, metas[0][1])}
    width, height = max(_named_sizes(content, *parts[b"iprp"]), key=lambda size: size[0] * size[1])
    coded = [item for item, kind in _items(content, *parts[b"iinf"]) if kind == b"av01"]
    places = dict(_places(content, parts.get(b"idat", (0, 0)), *parts[b"iloc"]))
    pictures = [_coded_picture(places[item]) for item in coded]
    deep = any(deep for _, _, deep in pictures)
    # OpenCV makes room for what the boxes name before the decoder finds that it is not there
    pixels = max(sum(w * h for w, h, _ in pictures), width * height)
    return AvifPictures(width, height, pixels * (_ROOM_FOR_DEEP if deep else _ROOM_FOR_PIXEL), len(pictures) > 1, deep)


def _boxes(content: bytes | bytearray, at: int, end: int) -> Iterator[tuple[bytes, int, int]]:
    """Yield the type of each box in a part of the file, and where its content begins and ends."""
    count = 0
    while at < end:
        size, kind = struct.unpack_from(">I4s", content, at)
        start = at + 8
        if size == 1:
            (size,) = struct.unpack_from(">Q", content, start)
            start += 8
        stop = at + size if size else end
        count += 1
        if not start <= stop <= end or count > _MOST_BOXES:
            raise ValueError("its boxes do not fit into each other")
        yield kind, start, stop
        at = stop


def _named_sizes(content: bytes | bytearray, start: int, end: int) -> Iterator[tuple[int, int]]:
    """Yield the sizes among the properties of a file's pictures."""
    for kind, first, last in _boxes(content, start, end):
        if kind == b"ipco":
            for name, at, _ in _boxes(content, first, last):
                if name == b"ispe":
                    yield struct.unpack_from(">II", content, at + 4)


def _items(content: bytes | bytearray, start: int, end: int) -> Iterator[tuple[int, bytes]]:
    """Yield number and type of each item that a file lists."""
    skip = 6 if content[start] == 0 else 8
    for kind, at, _ in _boxes(content, start + skip, end):
        if kind == b"infe":
            form = ">HH4s" if content[at] == 2 else ">IH4s"
            item, _, name = struct.unpack_from(form, content, at + 4)
            yield item, name


def _places(content: bytes | bytearray, inner: tuple[int, int], start: int, end: int) -> Iterator[tuple[int, bytes]]:
    """Yield number and content of each item."""
    reader = _Numbers(content, start + 4, end)
    version = content[start]
    sizes = reader.number(2)
    offset_size, length_size, base_size = sizes >> 12, sizes >> 8 & 15, sizes >> 4 & 15
    index_size = sizes & 15 if version else 0
    total = 0
    for _ in range(reader.number(4 if version == 2 else 2)):
        item = reader.number(4 if version == 2 else 2)
        method = reader.number(2) & 15 if version else 0
        reader.number(2)
        base = reader.number(base_size) + (inner[0] if method == 1 else 0)
        pieces = []
        for _ in range(reader.number(2)):
            reader.number(index_size)
            at, length = base + reader.number(offset_size), reader.number(length_size)
            total += length
            if method > 1 or at + length > len(content) or total > 2 * len(content):
                raise ValueError("its pictures lie where the file has ended")
            pieces.append(bytes(content[at : at + length]))
        yield item, b"".join(pieces)


class _Numbers:
    """Reads whole numbers of some bytes each, one after the other."""

    def __init__(self, content: bytes | bytearray, at: int, end: int) -> None:
        self._content, self._at, self._end = content, at, end

    def number(self, size: int) -> int:
        """Return the next number, of 0 to 8 bytes."""
        self._at += size
        if self._at > self._end:
            raise ValueError("it ends too early")
        return int.from_bytes(self._content[self._at - size : self._at], "big")


def _coded_picture(data: bytes) -> tuple[int, int, bool]:
    """Return the largest size that an item's sequence headers allow, and whether its values have more than 8 bits."""
    headers = [_sequence_header(body) for kind, body in _units(data) if kind == _SEQUENCE_HEADER]
    if not headers:
        raise ValueError("a picture does not say how large it is")
    return max(headers, key=lambda header: header[0] * header[1])


def _units(data: bytes) -> Iterator[tuple[int, bytes]]:
    """Yield type and content of the open bitstream units of an AV1 picture."""
    at = count = 0
    while at < len(data):
        head, count = data[at], count + 1
        at += 2 if head & 4 else 1
        size = len(data) - at
        if head & 2:
            size, at = _leb128(data, at)
        if at + size > len(data) or count > _MOST_BOXES:
            raise ValueError("a picture ends too early")
        yield head >> 3 & 15, data[at : at + size]
        at += size


def _leb128(data: bytes, at: int) -> tuple[int, int]:
    value = 0
    for i in range(8):
        value |= (data[at + i] & 0x7F) << 7 * i
        if not data[at + i] & 0x80:
            return value, at + i + 1
    raise ValueError("a length has no end")


def _sequence_header(body: bytes) -> tuple[int, int, bool]:
    bits = _Bits(body)
    bits.take(3 + 1)
    reduced = bits.take(1)
    if reduced:
        bits.take(5)
    else:
        if bits.take(1):
            raise ValueError("it tells times, as films do")
        delays = bits.take(1)
        for _ in range(bits.take(5) + 1):
            bits.take(12)
            bits.take(1 if bits.take(5) > 7 else 0)
            bits.take(4 if delays and bits.take(1) else 0)
    wide, high = bits.take(4) + 1, bits.take(4) + 1
    width, height = bits.take(wide) + 1, bits.take(high) + 1
    if not reduced:  # a frame may be any size that these bits can name
        return 1 << wide, 1 << high, True
    bits.take(6)
    return width, height, bool(bits.take(1))


class _Bits:
    """Reads whole numbers of some bits each, the first bit of a byte first."""

    def __init__(self, data: bytes) -> None:
        self._left = 8 * len(data)
        self._value = int.from_bytes(data, "big")

    def take(self, count: int) -> int:
        """Return the next number."""
        self._left -= count
        if self._left < 0:
            raise ValueError("it ends too early")
        return self._value >> self._left & ((1 << count) - 1)
