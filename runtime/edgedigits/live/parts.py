"""Parts: what was read of a whole frame, kept up to date by reading parts of later ones.

A part is read with whole lines and what stands round them. It only confirms: where it says anything else than what was
known, the whole frame is read, so that what is known is always what a reading of a whole frame says.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np

from edgedigits.arrays import UInt8Array
from edgedigits.boxes import Box
from edgedigits.digit import Digit
from edgedigits.live.framing import Region, cut, placed
from edgedigits.live.motion import Motion
from edgedigits.reading import Reading

_LEAST_ROOM = 1 / 20
"""Share of the frame's longer side that is read round a change, at least."""
_ROUND_LINES = 0.5
"""Heights of a line's largest digit that are read round it."""
_LARGEST = 0.6
"""Share of the frame from which on a part costs about as much as the whole."""
_NEAR = 0.5
"""Heights of a digit by which its places in two readings may differ."""


class ReadsPictures(Protocol):
    """What `Reader` does."""

    def read(self, image: UInt8Array, /, *, threshold: float | None = None) -> Reading:
        """Read a picture."""
        ...


@dataclass(frozen=True)
class Update:
    """What a reading brought.

    Attributes:
        whole: whether all of the frame was read.
        news: where it says anything else than was known; None for nowhere.
    """

    whole: bool
    news: Region | None


class PartReader:
    """Reads frames of one source, or parts of them.

    Args:
        reader: reads pictures.
        threshold: digits of less confidence are unreadable, 0 to 1; None for the manifest's.

    Attributes:
        reading: what is known of the frame that was read last.

    Example:
        >>> from edgedigits import Reader
        >>> frame = np.full((48, 64, 3), 200, np.uint8)
        >>> PartReader(Reader()).read(frame, (0, 0, 64, 48), Motion.none())
        Update(whole=True, news=None)
    """

    def __init__(self, reader: ReadsPictures, threshold: float | None = None) -> None:
        self._reader, self._threshold = reader, threshold
        self._misled = False
        self.reading = Reading((), (0, 0))

    def forget(self) -> None:
        """Know nothing."""
        self.reading = Reading((), self.reading.size)
        self._misled = False

    def read(self, pixels: UInt8Array, region: Region, motion: Motion) -> Update:
        """Bring what is known up to date.

        Args:
            pixels: the frame, uint8 (H, W, 3).
            region: what of it is new.
            motion: how all else has moved since the last reading.
        """
        height, width = pixels.shape[:2]
        known = moved(self.reading, motion)
        suspected = False
        if known.size == (width, height) and not (self._misled or known.turned):
            region = with_whole_lines(region, known)
            if region[2] * region[3] <= _LARGEST * width * height:
                part = self._reader.read(cut(pixels, region), threshold=self._threshold)
                confirmed = confirmed_by(known, placed(part, region, known.size), region)
                if confirmed is not None:
                    self.reading = confirmed
                    return Update(False, None)
                suspected = True
        self.reading = self._reader.read(pixels, threshold=self._threshold)
        news = difference(known, self.reading)
        # a part that was taken for something else will be again
        self._misled = suspected and news is None
        return Update(True, news)


def moved(reading: Reading, motion: Motion) -> Reading:
    """Return a reading with its boxes where a motion brings them."""
    if motion.is_none:
        return reading
    digits = tuple(replace(digit, box=motion.moved(digit.box)) for digit in reading.digits)
    signs = tuple(replace(sign, box=motion.moved(sign.box)) for sign in reading.signs)
    return replace(reading, digits=digits, signs=signs)


def difference(one: Reading, other: Reading) -> Region | None:
    """Return where two readings name other digits, whatever their confidence; None where they say the same.

    Example:
        >>> four, two = Digit(4, 0.9, (100, 200, 20, 30)), Digit(2, 0.9, (300, 200, 20, 30))
        >>> difference(Reading((four,), (640, 480)), Reading((four, two), (640, 480)))
        (300, 200, 20, 30)
    """
    apart = [_apart(one, other), _apart(other, one)]
    if apart[0] or apart[1]:
        return together([box for boxes in apart for box in boxes])
    # the same digits, in other lines
    moved_lines = [(d.line, _likeliest(d)) for d in one.digits] != [(d.line, _likeliest(d)) for d in other.digits]
    return together([digit.box for digit in other.digits]) if moved_lines else None


def with_whole_lines(region: Region, reading: Reading) -> Region:
    """Return a region with room round it, and with the whole of all lines of writing that reach into it.

    Example:
        >>> digits = (Digit(4, 0.9, (100, 200, 20, 30)), Digit(2, 0.9, (300, 200, 20, 30)))
        >>> with_whole_lines((90, 210, 40, 20), Reading(digits, (640, 480)))
        (58, 178, 277, 84)
    """
    region = _grown(region, round(_LEAST_ROOM * max(reading.size)), reading.size)
    lines: dict[int, list[Box]] = {}
    for line, box in [(d.line, d.box) for d in reading.digits] + [(s.line, s.box) for s in reading.signs]:
        lines.setdefault(line, []).append(box)
    around = {number: _line_with_room(boxes, reading.size) for number, boxes in lines.items()}
    while touched := [number for number, line in around.items() if _touch(line, region)]:
        region = together([region, *(around.pop(number) for number in touched)])
    return region


def confirmed_by(known: Reading, part: Reading, region: Region) -> Reading | None:
    """Return what is known, with the digits that a part of the frame says anew; None where it says anything else.

    Args:
        known: of the whole frame.
        part: what was read in the region, with boxes in pixels of the whole frame.
        region: holds lines as a whole.
    """
    inside = [i for i, digit in enumerate(known.digits) if _holds(region, digit.box)]
    partners = _partners([known.digits[i] for i in inside], part.digits)
    if len(inside) != len(part.digits) or None in partners:
        return None
    digits, lines = list(known.digits), {}
    for i, new in zip(inside, partners, strict=True):
        if new is not None:
            digits[i] = replace(new, line=known.digits[i].line)
            lines[new.line] = known.digits[i].line
    signs = [sign for sign in known.signs if not _holds(region, sign.box)]
    signs += [replace(sign, line=lines[sign.line]) for sign in part.signs if sign.line in lines]
    return replace(known, digits=tuple(digits), signs=tuple(sorted(signs, key=lambda sign: (sign.line, sign.box[0]))))


def together(regions: Iterable[Region]) -> Region:
    """Return the smallest region that holds some.

    Example:
        >>> together([(0, 0, 10, 10), (20, 5, 10, 10)])
        (0, 0, 30, 15)
    """
    edges = np.array([(x, y, x + w, y + h) for x, y, w, h in regions])
    left, top = edges[:, :2].min(axis=0).tolist()
    right, bottom = edges[:, 2:].max(axis=0).tolist()
    return left, top, right - left, bottom - top


def _line_with_room(boxes: list[Box], size: tuple[int, int]) -> Region:
    return _grown(together(boxes), round(_ROUND_LINES * max(max(box[2:]) for box in boxes)), size)


def _grown(region: Region, room: int, size: tuple[int, int]) -> Region:
    x, y, w, h = region
    left, top = max(0, x - room), max(0, y - room)
    right, bottom = min(size[0], x + w + room), min(size[1], y + h + room)
    return left, top, max(0, right - left), max(0, bottom - top)


def _touch(one: Region, other: Region) -> bool:
    return all(one[k] < other[k] + other[k + 2] and other[k] < one[k] + one[k + 2] for k in (0, 1))


def _holds(region: Region, box: Box) -> bool:
    middle = _middle(box)
    return all(region[k] <= middle[k] < region[k] + region[k + 2] for k in (0, 1))


def _middle(box: Box) -> tuple[float, float]:
    return box[0] + box[2] / 2, box[1] + box[3] / 2


def _likeliest(digit: Digit) -> int:
    return digit.candidates[0][0]


def _apart(one: Reading, other: Reading) -> list[Box]:
    """Return the boxes of one reading's digits that the other lacks."""
    partners = _partners(one.digits, other.digits)
    return [digit.box for digit, partner in zip(one.digits, partners, strict=True) if partner is None]


def _partners(digits: Sequence[Digit], others: Sequence[Digit]) -> list[Digit | None]:
    """Return for each digit the one of the same value in its place among others; None where there is none."""
    free = list(others)
    partners: list[Digit | None] = []
    for digit in digits:
        same = [other for other in free if _likeliest(other) == _likeliest(digit)]
        nearest = min(same, key=lambda other: math.dist(_middle(other.box), _middle(digit.box)), default=None)
        if nearest is None or math.dist(_middle(nearest.box), _middle(digit.box)) > _NEAR * max(digit.box[2:]):
            partners.append(None)
            continue
        free.remove(nearest)
        partners.append(nearest)
    return partners
