"""JSON lines: every moment as one object."""

from __future__ import annotations

import json
from collections.abc import Callable

from edgedigits.live.capture import State
from edgedigits.live.watching import Moment


class JsonLines:
    """Prints every moment as JSON, one a line.

    Args:
        write: takes a line.
    """

    name = "output"

    def __init__(self, write: Callable[[str], None]) -> None:
        self._write = write

    def prepare(self, moment: Moment) -> str | None:
        """Return the moment as JSON; None where a camera is only being connected."""
        if moment.frame is None and moment.camera.state is State.CONNECTING:
            return None
        return json.dumps(moment.as_dict(), ensure_ascii=False)

    def deliver(self, prepared: str) -> None:
        """Print a line."""
        self._write(prepared)

    def close(self) -> None:
        """Nothing is held."""
