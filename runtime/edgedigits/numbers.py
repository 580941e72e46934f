"""Numbers: the digits and signs of a line, put together as they were written."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from edgedigits.boxes import Box
from edgedigits.digit import Digit

SURE = 0.35
"""Confidence from which a sign counts as one; what has less only makes the numbers round it less sure."""
_WITHIN = ".,:/-"
"""Signs that stand inside a number."""
_LEADING = "-+"
_CLOSE, _GROUPED, _TO_SIGN = 0.9, 2.0, 0.8
"""Gaps in heights of a digit: between digits of one number, between its groups of three, and to a sign inside it."""
_GROUP = 3


@dataclass(frozen=True)
class Sign:
    """A sign among digits.

    Attributes:
        label: one of . , : / - + × = ( ) %
        confidence: probability that it is there and that it is this one, 0 to 1.
        box: x, y, width, height in pixels of the upright image.
        line: index of the line of writing that it stands in.
    """

    label: str
    confidence: float
    box: Box
    line: int = 0


@dataclass(frozen=True)
class Number:
    """A number as it was written.

    Attributes:
        text: such as "9,5", "12:30", "3/4", "-17" or "1 000"; "?" stands for a digit that is there but unreadable.
        confidence: probability that all of it is right, 0 to 1: each digit, each sign, and that none was missed.
        box: x, y, width, height in pixels of the upright image.
    """

    text: str
    confidence: float
    box: Box

    def as_dict(self) -> dict[str, Any]:
        """Return the number as plain values."""
        return {"text": self.text, "confidence": round(self.confidence, 4), "box": list(self.box)}


def read_numbers(digits: Sequence[Digit], signs: Sequence[Sign]) -> tuple[Number, ...]:
    """Return the numbers of one line of writing.

    Args:
        digits: of the line, from left to right.
        signs: of the line, sure and unsure ones.

    Example:
        >>> from edgedigits.digit import Digit
        >>> nine, five = Digit(9, 0.9, (0, 0, 10, 20)), Digit(5, 0.9, (24, 0, 10, 20))
        >>> [number.text for number in read_numbers([nine, five], [Sign(",", 0.9, (14, 16, 4, 8))])]
        ['9,5']
    """
    if not digits:
        return ()
    height = float(np.median([digit.box[3] for digit in digits]))
    sure = [sign for sign in signs if sign.confidence >= SURE]
    doubts = [sign for sign in signs if sign.confidence < SURE]
    items: list[Digit | Sign] = sorted([*digits, *sure], key=lambda item: item.box[0] + item.box[2] / 2)
    return tuple(_number(run, doubts) for run in _split(items, height))


def _split(items: Sequence[Digit | Sign], height: float) -> Iterator[list[Digit | Sign]]:
    run: list[Digit | Sign] = []
    for place, item in enumerate(items):
        gap = _gap(items[place - 1], item) / height if place else np.inf
        if isinstance(item, Sign):
            if run and item.label in _WITHIN and gap <= _TO_SIGN and not isinstance(run[-1], Sign):
                run.append(item)
                continue
            if run and item.label == "%" and gap <= _CLOSE and not isinstance(run[-1], Sign):
                run.append(item)
            yield from _finished(run)
            run = [item] if item.label in _LEADING and (not place or gap > _CLOSE) else []
        elif run and _goes_on(run, items, place, gap):
            run.append(item)
        else:
            yield from _finished(run)
            run = [item]
    yield from _finished(run)


def _goes_on(run: Sequence[Digit | Sign], items: Sequence[Digit | Sign], place: int, gap: float) -> bool:
    """Tell whether a digit is part of the number before it."""
    if gap <= _CLOSE:
        return True
    return gap <= _GROUPED and _ends_in_group(run) and _begins_group(items, place)


def _ends_in_group(run: Sequence[Digit | Sign]) -> bool:
    """Tell whether a number so far may be followed by a group of three digits: it is one to three digits, or groups."""
    return 0 < len(_last_group(run)) <= _GROUP and not any(isinstance(item, Sign) for item in run[1:])


def _last_group(run: Sequence[Digit | Sign]) -> list[Digit | Sign]:
    group: list[Digit | Sign] = []
    for item in reversed(run):
        if isinstance(item, Sign) or (group and _gap(item, group[0]) > _CLOSE * item.box[3]):
            break
        group.insert(0, item)
    return group


def _begins_group(items: Sequence[Digit | Sign], place: int) -> bool:
    """Tell whether exactly three digits stand together from a place on."""
    count = 1
    for before, item in zip(items[place:], items[place + 1 :], strict=False):
        if isinstance(item, Sign) or _gap(before, item) > _CLOSE * before.box[3]:
            break
        count += 1
    return count == _GROUP


def _finished(run: list[Digit | Sign]) -> Iterator[list[Digit | Sign]]:
    """Yield the number that a run is, or the numbers: a single dash between digits is a minus, two are a date's."""
    while run and isinstance(run[-1], Sign) and run[-1].label != "%":
        run = run[:-1]
    dashes = [place for place, item in enumerate(run) if place and isinstance(item, Sign) and item.label == "-"]
    if len(dashes) == 1:
        yield from _finished(run[: dashes[0]])
        yield from _finished(run[dashes[0] + 1 :])
    elif any(not isinstance(item, Sign) for item in run):
        yield run


def _number(run: Sequence[Digit | Sign], doubts: Sequence[Sign]) -> Number:
    text, confidence = "", 1.0
    for before, item in zip([None, *run], run, strict=False):
        if before is not None and not isinstance(item, Sign) and not isinstance(before, Sign):
            text += " " if _gap(before, item) > _CLOSE * before.box[3] else ""
        text += item.label if isinstance(item, Sign) else "?" if item.value is None else str(item.value)
        confidence *= item.confidence
    left, top = (min(item.box[axis] for item in run) for axis in (0, 1))
    right, bottom = (max(item.box[axis] + item.box[axis + 2] for item in run) for axis in (0, 1))
    for doubt in doubts:
        if left <= doubt.box[0] + doubt.box[2] / 2 <= right:
            confidence *= 1 - doubt.confidence
    return Number(text, confidence, (left, top, right - left, bottom - top))


def _gap(before: Digit | Sign, after: Digit | Sign) -> float:
    return after.box[0] - before.box[0] - before.box[2]
