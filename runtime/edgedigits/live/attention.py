"""Attention: which part of a frame is read next, and how much of the time reading may take."""

from __future__ import annotations

from dataclasses import dataclass

from edgedigits.live.change import Change
from edgedigits.live.framing import Region
from edgedigits.live.parts import moved, together
from edgedigits.reading import Reading

_OUTSIDE = 0.25
"""Share of a digit's width or height that may lie outside of the frame before it counts as gone from view."""

_FORGOTTEN = 0.98
"""Share of what the dearest work took that the next is reckoned with."""


@dataclass(frozen=True)
class _Open:
    """What has changed and was not read often enough yet.

    Attributes:
        region: where it was in the frame that was read last.
        since: seconds when it changed.
        count: how often it was read since.
    """

    region: Region
    since: float
    count: int


class Attention:
    """Says what is to be read: what has changed, until it was read often enough; and all of it now and then.

    Args:
        readings: how often what has changed is read.
        seconds: and for how long at least.
        reread: seconds after which all is read again.
    """

    def __init__(self, readings: int, seconds: float, reread: float) -> None:
        self._readings, self._seconds, self._reread = readings, seconds, reread
        self._open: list[_Open] = []
        self._all_read = float("-inf")

    def forget(self) -> None:
        """Read all of the next frame."""
        self._open, self._all_read = [], float("-inf")

    def wants(self, change: Change, reading: Reading, size: tuple[int, int], clock: float) -> Region | None:
        """Return what of a frame is to be read; None for nothing.

        Args:
            change: how it differs from the one that was read last.
            reading: what is known of that one.
            size: width and height of the frame.
            clock: seconds when it was taken.

        Example:
            >>> from edgedigits.live.motion import Motion
            >>> Attention(3, 0.3, 2.0).wants(Change(None, Motion.none()), Reading((), (64, 48)), (64, 48), 0.0)
            (0, 0, 64, 48)
        """
        everything = (0, 0, *size)
        if clock - self._all_read >= self._reread or (not change.motion.is_none and _leaves(reading, change, size)):
            return everything
        regions = [change.motion.moved(one.region) for one in self._open]
        regions += [] if change.region is None else [change.region]
        return together(regions) if regions else None

    def note(self, change: Change, clock: float, *, whole: bool, news: Region | None) -> None:
        """Take in that what was wanted has been read.

        Args:
            change: as `wants` was told it.
            clock: seconds when the frame was taken.
            whole: whether all of it was read.
            news: where the reading says anything else than the one before; None for nowhere.
        """
        if whole:
            self._all_read = clock
        self._open = [
            _Open(change.motion.moved(one.region), one.since, one.count + 1)
            for one in self._open
            if one.count + 1 < self._readings or clock - one.since < self._seconds
        ]
        self._open += [_Open(region, clock, 1) for region in (change.region, news) if region is not None]


def _leaves(reading: Reading, change: Change, size: tuple[int, int]) -> bool:
    """Tell whether a digit has moved out of the frame in part."""
    for digit in moved(reading, change.motion).digits:
        for start, side, frame in zip(digit.box[:2], digit.box[2:], size, strict=True):
            if start < -_OUTSIDE * side or start + side > frame + _OUTSIDE * side:
                return True
    return False


class Pace:
    """Keeps reading to a share of the time in the long run; a few readings in a row are always allowed.

    Args:
        share: of the time, above 0 to 1.
        at_once: how many readings in a row; a number that comes into view needs three.

    Example:
        >>> pace = Pace(0.25, at_once=1)
        >>> pace.spend(1.0, clock=0.0)
        >>> pace.allows(0.5), pace.allows(4.0)
        (False, True)
    """

    def __init__(self, share: float, at_once: int) -> None:
        self._share, self._at_once = share, at_once
        self._debt = self._dearest = 0.0
        self._at = float("-inf")

    def allows(self, clock: float) -> bool:
        """Tell whether a reading may begin now."""
        return self._left(clock) <= max(0.0, (self._at_once - 1) * self._dearest)

    def spend(self, seconds: float, clock: float) -> None:
        """Take in what work took, and when it was done."""
        self._debt, self._at = self._left(clock) + seconds, clock
        self._dearest = max(seconds, _FORGOTTEN * self._dearest)

    def _left(self, clock: float) -> float:
        return max(0.0, self._debt - self._share * (clock - self._at)) if self._debt else 0.0
