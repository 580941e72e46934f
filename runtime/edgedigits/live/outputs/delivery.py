"""Delivery: an output in a thread of its own, behind a queue that never grows."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable
from types import TracebackType
from typing import Any, Protocol

from edgedigits.live.watching import Moment

_QUEUE = 16
_PATIENCE_AT_THE_END = 0.3
_SAME_PROBLEM_EVERY = 60.0
THREAD_NAME = "edgedigits-output"


class Output(Protocol):
    """Somewhere that moments go.

    Attributes:
        name: what messages call it.
    """

    @property
    def name(self) -> str:
        """What messages call it."""
        ...

    def prepare(self, moment: Moment) -> Any:
        """Return what is to be delivered of a moment; None for nothing. Called for every moment: must be quick."""
        ...

    def deliver(self, prepared: Any) -> None:
        """Bring it there; may take long, and may fail with any error."""
        ...

    def close(self) -> None:
        """Give back what is held; called once, by another thread, while `deliver` may still be at work."""
        ...


class Delivery:
    """Brings moments to an output.

    Args:
        output: where they go.
        lossless: whether nothing is dropped: of a film each frame counts, and it waits for the output.
        on_problem: called with a sentence when the output fails; not for each failure of the same kind.

    Example:
        >>> from edgedigits.live.outputs import JsonLines
        >>> with Delivery(JsonLines(print)) as delivery:
        ...     delivery.dropped
        0
    """

    def __init__(
        self, output: Output, *, lossless: bool = False, on_problem: Callable[[str], None] = lambda problem: None
    ) -> None:
        self._output, self._lossless, self._on_problem = output, lossless, on_problem
        self._queue: deque[Any] = deque()
        self._news = threading.Condition()
        self._closing = False
        self._busy = False
        self._problem, self._problem_at = "", float("-inf")
        self.dropped = 0
        """How many moments were not delivered, because the output was too slow."""
        self.reader_left = False
        """Whether nobody reads what is delivered any more."""
        self._thread = threading.Thread(target=self._run, name=THREAD_NAME, daemon=True)
        self._thread.start()

    def __enter__(self) -> Delivery:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close(wait=self._lossless and kind is None)

    def put(self, moment: Moment) -> None:
        """Take a moment for the output; waits for room only where nothing may be dropped."""
        prepared = self._output.prepare(moment)
        if prepared is None or self.reader_left:
            return
        with self._news:
            while self._lossless and len(self._queue) >= _QUEUE and not self.reader_left:
                self._news.wait(0.1)
            if len(self._queue) >= _QUEUE:
                self._queue.popleft()
                self.dropped += 1
            self._queue.append(prepared)
            self._news.notify_all()

    def close(self, *, wait: bool = False) -> None:
        """Let the output finish: all that is left where `wait`, else what it can in a moment."""
        until = time.monotonic() + _PATIENCE_AT_THE_END
        with self._news:
            while (self._queue or self._busy) and not self.reader_left and (wait or time.monotonic() < until):
                self._news.wait(0.05)
            self._closing = True
            self._queue.clear()
            self._news.notify_all()
        self._output.close()
        self._thread.join(max(0.0, until - time.monotonic()))

    def _run(self) -> None:
        while True:
            with self._news:
                while not self._queue and not self._closing:
                    self._news.wait(1)
                if self._closing:
                    return
                prepared = self._queue.popleft()
                self._busy = True
            try:
                self._output.deliver(prepared)
                self._problem = ""
            except BrokenPipeError:
                self.reader_left = True
            except Exception as error:  # an output may fail in any way; the reading goes on
                self._report(f"{self._output.name}: {' '.join(str(error).split()) or type(error).__name__}")
            finally:
                with self._news:
                    self._busy = False
                    self._news.notify_all()

    def _report(self, problem: str) -> None:
        now = time.monotonic()
        if self._closing or (problem == self._problem and now - self._problem_at < _SAME_PROBLEM_EVERY):
            return
        self._problem, self._problem_at = problem, now
        self._on_problem(problem)
