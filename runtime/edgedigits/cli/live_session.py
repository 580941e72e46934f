"""A live session on the command line: its lines, and how it ends."""

from __future__ import annotations

import os
import select
import signal
import sys
import threading
from types import FrameType, TracebackType
from typing import Any

import click

from edgedigits.errors import EdgeDigitsError
from edgedigits.live.capture import THREAD_NAME as CAPTURE
from edgedigits.live.outputs.delivery import THREAD_NAME as OUTPUT

_SHORT_PIPE = 4096


class _Terminated(BaseException):
    """The system asks the process to end (SIGTERM)."""


class Session:
    """Writes lines without a buffer that could be left locked, and ends at once, whatever hangs.

    A driver that is stuck in its `open`, or a pipe that nobody empties, keeps its thread: the process then ends without
    waiting for that.
    """

    def __init__(self) -> None:
        self._before: Any = None
        self._poll: select.poll | None = None
        try:
            self._output = sys.stdout.fileno()
        except (OSError, ValueError):
            self._output = -1
        _shorten_pipe(self._output)
        if self._output >= 0 and hasattr(select, "poll"):
            self._poll = select.poll()
            self._poll.register(self._output, 0)

    def __enter__(self) -> Session:
        if threading.current_thread() is threading.main_thread():
            self._before = signal.signal(signal.SIGTERM, self._terminate)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> bool:
        if self._before is not None:
            signal.signal(signal.SIGTERM, self._before)
        hanging = [thread for thread in threading.enumerate() if thread.name in (CAPTURE, OUTPUT)]
        if hanging:
            self._end_now(error)
        return kind is _Terminated

    def write(self, line: str) -> None:
        """Write a line to standard output."""
        if self._output < 0:
            click.echo(line)
            return
        left = memoryview(f"{line}\n".encode())
        while left:
            left = left[os.write(self._output, left) :]

    def log(self, line: str) -> None:
        """Write a line for people to standard error."""
        click.echo(line, err=True)

    def look(self, _: object) -> None:
        """Notice that nobody reads standard output any more.

        Raises:
            BrokenPipeError: so it is.
        """
        if self._poll is not None and any(event & select.POLLERR for _, event in self._poll.poll(0)):
            raise BrokenPipeError

    @staticmethod
    def _terminate(_: int, __: FrameType | None) -> None:
        raise _Terminated

    def _end_now(self, error: BaseException | None) -> None:
        code = 0
        if isinstance(error, KeyboardInterrupt):
            click.echo("Stopped.", err=True)
            code = 130
        elif isinstance(error, EdgeDigitsError):
            click.echo(f"Error: {error}", err=True)
            code = error.exit_code
        elif error is not None and not isinstance(error, (_Terminated, BrokenPipeError)):
            return
        sys.stderr.flush()
        os._exit(code)


def _shorten_pipe(output: int) -> None:
    """Let a pipe hold a few lines only: what waits there is late when it is read. Where it is none, nothing happens."""
    try:
        import fcntl

        fcntl.fcntl(output, getattr(fcntl, "F_SETPIPE_SZ", 1031), _SHORT_PIPE)
    except (ImportError, OSError, ValueError):
        return
