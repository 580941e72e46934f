"""Publishing: which numbers are sure enough to be told to others."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum

from edgedigits.expectation import Expectation
from edgedigits.live.tracking import TrackedDigit, line_up
from edgedigits.reading import UNREADABLE

_PRESENT = 0.6
"""Share of the readings that must hold a digit for it to be one."""
_PERHAPS_PRESENT = 0.3
"""Share of the readings from which a digit is at least "?"."""
_STILL_SURE = 0.6
"""Probability down to which a digit that has been published stays so."""
_SEEN_TWICE = 2
_SAME_ENOUGH = 1e-6


class Status(str, Enum):
    """What stands behind a published text."""

    NOTHING = "nothing"
    """No number is in view."""
    UNSURE = "unsure"
    """Something is in view that is not yet, or not any more, sure enough."""
    STEADY = "steady"
    """The published text is what is in view."""
    HELD = "held"
    """The published text was in view, and part of it is hidden now."""
    WITHHELD = "withheld"
    """What is in view is not plausible; the published text is the last one that was."""


@dataclass(frozen=True)
class Published:
    """What is told to others.

    Attributes:
        text: lines separated by a newline; "?" for a digit that is there and not sure; "" for no number.
        status: what stands behind it.
        withheld: the text that is sure but not plausible; "" where there is none.
    """

    text: str
    status: Status
    withheld: str = ""


@dataclass
class Plausibility:
    """What may be published after what. It withholds, and never alters.

    Args:
        expectation: what each line must be.
        monotonic: "up" or "down" where numbers only go one way.
        max_step: the most by which a number differs from the one before.

    Example:
        >>> rule = Plausibility(monotonic="up")
        >>> [rule.allows("12"), rule.allows("15"), rule.allows("13")]
        [True, True, False]
    """

    expectation: Expectation | None = None
    monotonic: str | None = None
    max_step: int | None = None
    _last: str = ""

    def allows(self, text: str) -> bool:
        """Tell whether a text may be published, and remember it if so."""
        if not text:
            return True
        lines = text.split("\n")
        if self.expectation is not None and not all(map(self._is_as_expected, lines)):
            return False
        if self.monotonic is None and self.max_step is None:
            return True
        if UNREADABLE in text:
            return False
        before = self._last.split("\n") if self._last else []
        # lines are compared with those of the same place; where their number changed, it is another sheet
        steps = (
            [int(new) - int(old) for old, new in zip(before, lines, strict=False)] if len(before) == len(lines) else []
        )
        if any(self._is_wrong_way(step) or (self.max_step is not None and abs(step) > self.max_step) for step in steps):
            return False
        self._last = text
        return True

    def reset(self) -> None:
        """Take the next number as it comes, as after a meter was changed."""
        self._last = ""

    def _is_as_expected(self, line: str) -> bool:
        return UNREADABLE not in line and self.expectation is not None and self.expectation.accepts(line)

    def _is_wrong_way(self, step: int) -> bool:
        return (self.monotonic == "up" and step < 0) or (self.monotonic == "down" and step > 0)


class Publisher:
    """Decides, reading by reading, what is published.

    Args:
        plausibility: what may be published after what.
        readings: how often a digit must have been read.
        seconds: for how long it must have been in view.
        sure: average probability from which its value is told.
        hold: seconds for which hidden digits stay published.
    """

    def __init__(
        self,
        plausibility: Plausibility | None = None,
        *,
        readings: int = 3,
        seconds: float = 0.3,
        sure: float = 0.8,
        hold: float = 1.0,
    ) -> None:
        self.plausibility = plausibility or Plausibility()
        self._readings, self._seconds, self._sure, self._hold = readings, seconds, sure, hold
        self._shown: dict[int, int] = {}
        """Values that are published, by the keys of their digits."""
        self._proved: set[int] = set()
        """Keys of digits that were confirmed once: these may hide without being doubted."""
        self._layout: list[list[int]] = []
        self._rival: tuple[list[list[int]], float, int] | None = None
        """Another layout of the same digits, since when it is there, and in how many readings."""
        self._text = ""

    def update(self, digits: Sequence[TrackedDigit], seconds: float) -> Published:
        """Take in what is known after a reading, and return what is published from now on.

        Args:
            digits: as `Tracker.update` returns them.
            seconds: when the reading's frame was taken.

        Example:
            >>> Publisher().update([], 0.0)
            Published(text='', status=<Status.NOTHING: 'nothing'>, withheld='')
        """
        self._shown = {d.key: self._shown[d.key] for d in digits if d.key in self._shown}
        self._proved = {digit.key for digit in digits if self._is_confirmed(digit)}
        visible = [digit for digit in digits if not digit.missing]
        confirmed = [digit for digit in visible if self._is_confirmed(digit)]
        if 2 * len(confirmed) < len(visible) and self._is_held(digits):
            return Published(self._text, Status.UNSURE)
        waiting = self._waited_for(digits, anything_new=bool(confirmed))
        chosen = [digit for digit in digits if self._counts(digit) or digit.key in waiting]
        rows = [row for row in self._settled(line_up(chosen), seconds) if any(map(self._is_confirmed, row))]
        lines = ["".join(self._character(digit) for digit in row) for row in rows]
        # a line of which less than half is sure says nothing
        sure = [2 * line.count(UNREADABLE) <= len(line) for line in lines]
        text = "\n".join(line for line, fine in zip(lines, sure, strict=True) if fine)
        if 2 * len(confirmed) < len(visible):
            text = ""
        if not self.plausibility.allows(text):
            return Published(self._text, Status.WITHHELD, text)
        self._text = text
        if not text:
            return Published("", Status.UNSURE if visible else Status.NOTHING)
        if any(digit.missing for row in rows for digit in row):
            return Published(text, Status.HELD)
        return Published(text, Status.UNSURE if UNREADABLE in text or not all(sure) else Status.STEADY)

    def _is_held(self, digits: Sequence[TrackedDigit]) -> bool:
        """Tell whether any digit that is published was in view a moment ago."""
        return any(digit.key in self._shown and digit.missing <= self._seconds for digit in digits)

    def _waited_for(self, digits: Sequence[TrackedDigit], *, anything_new: bool) -> set[int]:
        """Return the keys of hidden digits that stay in the text.

        Those are the digits of lines of which another one is in view: a hand hides part of a number. A line that is
        hidden as a whole stays for a short while, unless there is something else to be read by now.
        """
        by_key = {digit.key: digit for digit in digits}
        waiting = set()
        for row in self._layout:
            known = [by_key[key] for key in row if key in by_key]
            beside_others = any(not digit.missing for digit in known)
            hidden = {digit.key for digit in known if digit.missing and digit.key in self._proved}
            if beside_others or (not anything_new and any(digit.missing <= self._hold for digit in known)):
                waiting |= hidden
        return waiting

    def reset(self) -> None:
        """Begin anew: nothing is published, and any number may come."""
        self._shown, self._proved, self._layout, self._rival, self._text = {}, set(), [], None, ""
        self.plausibility.reset()

    def _is_confirmed(self, digit: TrackedDigit) -> bool:
        return (
            digit.seen >= self._readings
            and digit.age >= self._seconds - _SAME_ENOUGH
            and (digit.presence >= _PRESENT or digit.key in self._proved)
        )

    def _counts(self, digit: TrackedDigit) -> bool:
        """Tell whether a digit that is in view, or was just now, stands in the text: as itself or as "?"."""
        if digit.missing > self._seconds:
            return False
        # hiding that something stands there would make another number of the rest
        perhaps = digit.seen >= _SEEN_TWICE and digit.presence >= _PERHAPS_PRESENT
        return perhaps or digit.key in self._proved

    def _character(self, digit: TrackedDigit) -> str:
        enough = _STILL_SURE if self._shown.get(digit.key) == digit.value else self._sure
        if self._is_confirmed(digit) and digit.missing <= self._hold:
            if digit.probability >= enough:
                self._shown[digit.key] = digit.value
                return str(digit.value)
            if digit.missing and digit.key in self._shown:
                return str(self._shown[digit.key])
        return UNREADABLE

    def _settled(self, rows: list[list[TrackedDigit]], seconds: float) -> list[list[TrackedDigit]]:
        """Return digits in the lines of before, unless they have stood in others for long enough."""
        layout = [[digit.key for digit in row] for row in rows]
        by_key = {digit.key: digit for row in rows for digit in row}
        if layout == self._layout or {k for row in self._layout for k in row} != set(by_key):
            self._layout, self._rival = layout, None
            return rows
        if self._rival is None or self._rival[0] != layout:
            self._rival = (layout, seconds, 0)
        _, since, count = self._rival
        self._rival = (layout, since, count + 1)
        if count + 1 >= self._readings and seconds - since >= self._seconds - _SAME_ENOUGH:
            self._layout, self._rival = layout, None
            return rows
        return [[by_key[key] for key in row] for row in self._layout]
