"""Tracking: which digit of a reading is which of the readings before, and what they say of it together.

Digits are matched by overlap, after the movement of the whole sheet has been made up for: of all shifts that bring a
digit onto one of the same value, that under which most overlap. Simple greedy matching is enough, since digits of one
sheet do not cross. What each may be is averaged over the last readings of it.
"""

from __future__ import annotations

import itertools
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from edgedigits.arrays import Float64Array
from edgedigits.boxes import Box
from edgedigits.digit import Digit
from edgedigits.reading import Reading

_LEAST_OVERLAP = 0.3
"""Intersection over union from which two boxes may be the same digit."""
_USUAL_WIDTH = 0.6
"""Of a digit, in heights."""
_WINDOW = 0.8
"""Seconds of readings that are averaged, but never fewer than are needed to publish."""
_FORGOTTEN_AFTER = 3.0
"""Seconds after which a digit that is not seen any more is no longer waited for."""
_FURTHEST = 0.35
"""Shares of the frame's longer side that a sheet can move between two readings and still be the same."""
_LIKELY = 0.5
_SHRUNK = 0.75
"""Share of its area down to which a digit is still seen as a whole; what it may grow by is the inverse."""
_ESTABLISHED = 0.6
"""Share of the readings of late that hold a digit which is known for sure."""
_STILL_THERE = 1.0
"""Seconds for which a digit that is not seen as a whole is taken to be there."""
_INSIDE, _IN_ITS_PLACE = 0.7, 0.35
"""Share of its own area with which a fragment lies inside the digit that it is of: one that is in view, and one that is
hidden, of which it is only known about where it must be."""


@dataclass(frozen=True)
class TrackedDigit:
    """What is known of one digit after some readings.

    Attributes:
        key: its number; the same as long as it is the same digit.
        value: the likeliest value, 0 to 9.
        probability: of that value, averaged over the readings that saw it; 0 to 1.
        box: where it was seen last.
        line: of the last reading that saw it.
        seen: in how many readings.
        age: seconds between the first and the last of these.
        presence: share of the readings of late that saw it, 0 to 1.
        missing: seconds since it was last seen, up to the last reading; 0 for what the last reading holds.
    """

    key: int
    value: int
    probability: float
    box: Box
    line: int
    seen: int
    age: float
    presence: float
    missing: float


@dataclass
class _Track:
    key: int
    box: Float64Array
    line: int
    first: float
    last: float
    evidence: deque[tuple[float, Float64Array | None]] = field(default_factory=deque)
    """Time and probabilities (10,) of the last readings; None where the reading lacks it."""
    seen: int = 0
    value: int = -1
    company: frozenset[int] = frozenset()
    """Keys of those that were seen together with it when it was last seen."""
    established: bool = False
    """Whether it has been seen often enough for what lies inside it to be part of it."""


class Tracker:
    """Follows the digits of one source from reading to reading.

    Args:
        readings: how many readings are averaged at least.
        seconds: a value that was read that often in a row, for so long, counts alone: what was there before is gone.
    """

    def __init__(self, readings: int = 3, seconds: float = 0.3) -> None:
        self._readings, self._seconds = readings, seconds
        self._tracks: list[_Track] = []
        self._keys = itertools.count()

    def update(self, reading: Reading, seconds: float) -> tuple[TrackedDigit, ...]:
        """Take in a reading, and return all digits that are followed, those it lacks as well.

        Args:
            reading: of the newest frame.
            seconds: when that frame was taken; later than the one before.

        Example:
            >>> seven = Digit(7, 0.9, (10, 10, 20, 30))
            >>> tracker = Tracker()
            >>> [tracker.update(Reading((seven,), (90, 90)), t)[0].seen for t in (0.0, 0.1, 0.2)]
            [1, 2, 3]
        """
        pairs = self._match(reading)
        fragments = self._fragments(pairs, reading, seconds)
        for track in self._tracks:
            digit = pairs.get(track.key)
            if digit is None or id(digit) in fragments:
                track.evidence.append((seconds, None))
                continue
            track.box, track.line, track.last = np.array(digit.box, float), digit.line, seconds
            track.evidence.append((seconds, _probabilities(digit)))
            track.seen += 1
        matched = {id(digit) for digit in pairs.values()}
        for digit in reading.digits:
            if id(digit) not in matched and id(digit) not in fragments:
                track = _Track(next(self._keys), np.array(digit.box, float), digit.line, seconds, seconds, seen=1)
                track.evidence.append((seconds, _probabilities(digit)))
                self._tracks.append(track)
        in_view = {track.key for track in self._tracks if track.last == seconds}
        for track in self._tracks:
            if track.last == seconds:
                track.company = frozenset(in_view - {track.key})
            while len(track.evidence) > self._readings and seconds - track.evidence[0][0] > _WINDOW:
                track.evidence.popleft()
            there = sum(probabilities is not None for _, probabilities in track.evidence)
            track.established |= track.seen >= self._readings and there >= _ESTABLISHED * len(track.evidence)
        gone = self._replaced(seconds) | self._out_of_view(reading.size)
        self._tracks = [t for t in self._tracks if t.key not in gone and not self._is_gone(t, seconds)]
        return tuple(self._known(track, seconds) for track in self._tracks)

    def forget(self) -> None:
        """Begin anew, as after a change of source."""
        self._tracks = []

    def _is_gone(self, track: _Track, seconds: float) -> bool:
        young = track.seen < self._readings
        return seconds - track.last > (_WINDOW if young else _FORGOTTEN_AFTER)

    def _out_of_view(self, size: tuple[int, int]) -> set[int]:
        """Return the keys of digits that have moved out of the frame together with those that are in view."""
        return {
            track.key
            for track in self._tracks
            if not all(0 <= track.box[k] + track.box[k + 2] / 2 < size[k] for k in (0, 1))
        }

    def _replaced(self, seconds: float) -> set[int]:
        """Return the keys of hidden digits in whose place an older one is in view: what a hand made of it."""
        hidden = [track for track in self._tracks if track.last < seconds]
        in_view = [track for track in self._tracks if track.last == seconds]
        if not hidden or not in_view:
            return set()
        inside = _inside(*(_broadened(np.array([track.box for track in tracks])) for tracks in (hidden, in_view)))
        older = np.array([[other.first < track.first for other in in_view] for track in hidden])
        replaced = ((inside >= _IN_ITS_PLACE) & older).any(axis=1)
        return {track.key for track, is_replaced in zip(hidden, replaced.tolist(), strict=True) if is_replaced}

    def _known(self, track: _Track, seconds: float) -> TrackedDigit:
        seen = [(at, probabilities) for at, probabilities in track.evidence if probabilities is not None]
        if seen:
            average = np.mean([probabilities for _, probabilities in self._latest_run(seen)], axis=0)
            best = int(average.argmax())
            # the likeliest value changes only where the other one is clearly likelier
            if track.value < 0 or average[best] > average[track.value] + 0.1:
                track.value = best
            probability = float(average[track.value])
        else:
            probability = 0.0
        box = tuple(round(float(v)) for v in track.box)
        return TrackedDigit(
            track.key,
            track.value,
            probability,
            (box[0], box[1], box[2], box[3]),
            track.line,
            track.seen,
            track.last - track.first,
            len(seen) / len(track.evidence),
            seconds - track.last,
        )

    def _latest_run(self, seen: list[tuple[float, Float64Array]]) -> list[tuple[float, Float64Array]]:
        """Return the last readings that agree, where they are enough to stand alone; else all of them."""
        value = int(seen[-1][1].argmax())
        run = list(
            itertools.takewhile(lambda item: item[1].argmax() == value and item[1][value] >= _LIKELY, reversed(seen))
        )
        enough = len(run) >= self._readings and run[0][0] - run[-1][0] >= self._seconds - 1e-6
        return run if enough else seen

    def _match(self, reading: Reading) -> dict[int, Digit]:
        """Return the digits of a reading by the keys of the tracks that they continue."""
        if not self._tracks or not reading.digits:
            return {}
        old = _broadened(np.array([track.box for track in self._tracks]))
        new = _broadened(np.array([digit.box for digit in reading.digits], float))
        shift = self._shift(old, new, reading)
        for track in self._tracks:
            track.box = track.box + shift  # what is hidden moves with the sheet
        overlap = _overlaps(old + shift, new)
        pairs: dict[int, Digit] = {}
        while overlap.size:
            i, j = np.unravel_index(int(overlap.argmax()), overlap.shape)
            if overlap[i, j] < _LEAST_OVERLAP:
                break
            pairs[self._tracks[i].key] = reading.digits[j]
            overlap[i, :] = overlap[:, j] = -1
        return pairs

    def _is_behind(self, track: _Track, pairs: dict[int, Digit], seconds: float) -> bool:
        """Tell whether a digit may be there still: seen a moment ago, or beside those that it was last seen with."""
        hidden = seconds - track.last
        return hidden <= self._seconds or (hidden <= _STILL_THERE and not track.company.isdisjoint(pairs))

    def _fragments(self, pairs: dict[int, Digit], reading: Reading, seconds: float) -> set[int]:
        """Return which digits of a reading are what a hand makes of known ones, by their `id`.

        A 6 of which half is hidden looks like a 1, and so does one that a finger touches. But where most digits are
        smaller or larger than those before, it is another sheet.
        """
        known = [track for track in self._tracks if track.established and self._is_behind(track, pairs, seconds)]
        if not known:
            return set()
        boxes = _broadened(np.array([track.box for track in known]))
        small = _broadened(np.array([digit.box for digit in reading.digits], float).reshape(-1, 4))
        inside = _inside(small, boxes).T
        around = _inside(boxes, small)
        hidden = np.array([track.key not in pairs for track in known])
        least = np.where(hidden, _IN_ITS_PLACE, _INSIDE)
        share = small[:, 2:].prod(axis=1)[None, :] / boxes[:, 2:].prod(axis=1)[:, None]
        partner = {track.key: i for i, track in enumerate(known)}
        found = set()
        for j, digit in enumerate(reading.digits):
            own = next((partner[key] for key, paired in pairs.items() if paired is digit and key in partner), None)
            if own is not None:
                part = not _SHRUNK <= share[own, j] <= 1 / _SHRUNK
            elif any(paired is digit for paired in pairs.values()):
                part = False
            else:
                piece = (inside[:, j] >= least) & (share[:, j] < _SHRUNK)
                part = bool((piece | (hidden & (around[:, j] >= _INSIDE))).any())
            if part:
                found.add(id(digit))
        return found if 2 * len(found) <= len(reading.digits) else set()

    def _shift(self, old: Float64Array, new: Float64Array, reading: Reading) -> Float64Array:
        """Return (4,), what is added to the old boxes so that most fall onto new ones of the same value."""
        values = [track.value for track in self._tracks]
        same = np.array([[value in (digit.value, -1) for digit in reading.digits] for value in values])
        shifts = (new[None, :, :2] + new[None, :, 2:] / 2) - (old[:, None, :2] + old[:, None, 2:] / 2)
        candidates = np.vstack([np.zeros((1, 2)), shifts[same]])
        near = np.hypot(*candidates.T) <= _FURTHEST * max(reading.size)
        candidates = candidates[near][:400]
        # not moving at all is the likeliest, and small movements before large ones
        scores = [
            np.where(same, _overlaps(old + np.array([*shift, 0, 0]), new), 0).max(axis=1).sum()
            - 0.2 * float(np.hypot(*shift)) / max(reading.size)
            for shift in candidates
        ]
        x, y = candidates[int(np.argmax(scores))]
        return np.array([x, y, 0, 0])


def _probabilities(digit: Digit) -> Float64Array:
    """Return what a digit may be: float64 (10,); the rest to 1 is that there is none."""
    probabilities = np.zeros(10)
    for value, probability in digit.candidates:
        probabilities[value] = probability
    return probabilities


def _broadened(boxes: Float64Array) -> Float64Array:
    """Return boxes (N, 4) that are at least as wide as most digits: those of a 1 would miss each other by a hair."""
    width = np.maximum(boxes[:, 2], _USUAL_WIDTH * boxes[:, 3])
    return np.column_stack([boxes[:, 0] - (width - boxes[:, 2]) / 2, boxes[:, 1], width, boxes[:, 3]])


def _common(a: Float64Array, b: Float64Array) -> Float64Array:
    """Return the area that boxes (N, 4) and (M, 4) share as (N, M)."""
    low = np.maximum(a[:, None, :2], b[None, :, :2])
    high = np.minimum(a[:, None, :2] + a[:, None, 2:], b[None, :, :2] + b[None, :, 2:])
    common: Float64Array = np.clip(high - low, 0, None).prod(axis=2)
    return common


def _inside(a: Float64Array, b: Float64Array) -> Float64Array:
    """Return the share of boxes (N, 4) that lies inside boxes (M, 4), as (N, M)."""
    inside: Float64Array = _common(a, b) / np.maximum(a[:, 2:].prod(axis=1), 1e-9)[:, None]
    return inside


def _overlaps(a: Float64Array, b: Float64Array) -> Float64Array:
    """Return the intersection over union of boxes (N, 4) and (M, 4) as (N, M)."""
    common = _common(a, b)
    union = a[:, 2:].prod(axis=1)[:, None] + b[:, 2:].prod(axis=1)[None, :] - common
    overlaps: Float64Array = common / np.maximum(union, 1e-9)
    return overlaps


def line_up(digits: Sequence[TrackedDigit]) -> list[list[TrackedDigit]]:
    """Return digits in lines, in reading order: those of the last reading as it says, hidden ones where they stood.

    Example:
        >>> line_up([])
        []
    """
    lines: dict[int, list[TrackedDigit]] = {}
    for digit in digits:
        if not digit.missing:
            lines.setdefault(digit.line, []).append(digit)
    rows = [sorted(lines[number], key=lambda d: d.box[0] + d.box[2] / 2) for number in sorted(lines)]
    for digit in digits:
        if digit.missing:
            _insert(rows, digit)
    return rows


def _insert(rows: list[list[TrackedDigit]], digit: TrackedDigit) -> None:
    """Put a hidden digit into the row that it stands beside, or make one of it."""
    _, y, _, h = digit.box
    middle = y + h / 2
    beside = [
        row
        for row in rows
        if any(d.box[1] <= middle <= d.box[1] + d.box[3] or y <= d.box[1] + d.box[3] / 2 <= y + h for d in row)
    ]
    if beside:
        row = min(beside, key=lambda r: min(abs(d.box[1] + d.box[3] / 2 - middle) for d in r))
        row.append(digit)
        row.sort(key=lambda d: d.box[0] + d.box[2] / 2)
        return
    place = next((i for i, row in enumerate(rows) if min(d.box[1] for d in row) > y), len(rows))
    rows.insert(place, [digit])
