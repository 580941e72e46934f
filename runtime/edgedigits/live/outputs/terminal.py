"""Terminal: a line whenever the published text changes."""

from __future__ import annotations

from collections.abc import Callable

from edgedigits.live.publishing import Status
from edgedigits.live.watching import Moment


class Terminal:
    """Prints what is published, when it changes.

    Args:
        write: takes a line.
    """

    name = "output"

    def __init__(self, write: Callable[[str], None]) -> None:
        self._write = write
        self._before = ""

    def prepare(self, moment: Moment) -> str | None:
        """Return the line of a moment; None where it says what the one before said."""
        if moment.frame is None:
            return None
        text = one_line(moment.withheld) + "  (not as expected)" if moment.withheld else one_line(moment.published)
        # while one number gives way to another, there is nothing to say
        if text == self._before or (not text and moment.status is Status.UNSURE):
            return None
        self._before = text
        return f"{moment.seconds:7.2f} s  {text or '-'}"

    def deliver(self, prepared: str) -> None:
        """Print a line."""
        self._write(prepared)

    def close(self) -> None:
        """Nothing is held."""


def one_line(text: str) -> str:
    """Return lines in one, as `predict` prints them.

    Example:
        >>> one_line("2021\\n2019")
        '2021 | 2019'
    """
    return text.replace("\n", " | ")
