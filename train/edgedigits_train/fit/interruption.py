"""Ctrl-C, and the system's wish that the process end, heard where stopping loses nothing."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any


class Interrupted(KeyboardInterrupt):
    """A training was stopped from outside; the message says how to go on.

    Attributes:
        exit_code: what a command ends with: 130 after Ctrl-C, 143 after SIGTERM, as shells have it.
    """

    def __init__(self, message: str, number: int = signal.SIGINT) -> None:
        super().__init__(message)
        self.exit_code = 128 + number


class Interruption:
    """Turns SIGINT and SIGTERM into `KeyboardInterrupt`, but in a `deferred` block into a wish that can wait.

    A second signal does not wait. In a thread other than the main one, where Python hears no signals, nothing changes.

    Attributes:
        number: of the signal that came, else None.

    Example:
        >>> with Interruption() as interruption:
        ...     with interruption.deferred():
        ...         for part in range(1000):
        ...             if interruption.number:
        ...                 break  # Ctrl-C was pressed: save, and go
    """

    def __init__(self) -> None:
        self.number: int | None = None
        self._waits = False
        self._before: dict[int, Any] = {}

    def __enter__(self) -> Interruption:
        if threading.current_thread() is threading.main_thread():
            self._before = {number: signal.signal(number, self._hear) for number in (signal.SIGINT, signal.SIGTERM)}
        return self

    def __exit__(self, *_: object) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    @contextmanager
    def deferred(self) -> Iterator[None]:
        """Let the first signal wait for the end of the block; the block looks at `number` and ends soon."""
        self._waits = True
        try:
            yield
        finally:
            self._waits = False

    def _hear(self, number: int, _: FrameType | None) -> None:
        again, self.number = self.number is not None, number
        if again or not self._waits:
            raise KeyboardInterrupt
