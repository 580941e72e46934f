"""Quiet: what native libraries write to stderr by themselves is caught; what the program writes there never is."""

from __future__ import annotations

import ctypes
import os
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from typing import TypeVar

Result = TypeVar("Result")

OWN_THREADS = "edgedigits-"
"""How the names of this package's own threads begin. They write nothing to stderr."""

_STDERR = 2
_CLOSE_RANGE, _UNSHARE = 436, 2
"""Linux's call close_range, which has this number on every processor, and its flag CLOSE_RANGE_UNSHARE."""
_LAST = 0xFFFFFFFF


def catch_stderr(call: Callable[[], Result], needs: int = _STDERR) -> tuple[Result, str]:
    """Make a call to native code, and return its result and what it wrote to stderr: 64 KB of it at the most.

    libjpeg, libpng and TensorFlow Lite write there past every log setting, and a file descriptor belongs to the whole
    process. So on Linux (5.9 or later) the call is made in a thread with descriptors of its own, and what other threads
    write meanwhile goes where it should. Elsewhere stderr is turned aside where no other thread could write to it;
    where one could, nothing is caught.

    Args:
        call: may use no descriptors but 0 to 2 and the one that it needs, and may keep none that it opens.
        needs: the descriptor that it needs beside these.

    Raises:
        BaseException: what the call raises.

    Example:
        >>> import os
        >>> catch_stderr(lambda: os.write(2, b"warning"))
        (7, 'warning')
    """
    reading, writing = os.pipe()
    try:
        for end in (reading, writing):
            os.set_blocking(end, False)  # what goes beyond 64 KB is lost, but nothing waits
        outcome = _call_apart(call, writing, needs)
        if outcome is None:
            outcome = Future()
            with _turned_aside(writing):
                _settle(outcome, call)
        return outcome.result(), _read(reading)
    finally:
        os.close(reading)
        os.close(writing)


@contextmanager
def native_output_muted() -> Iterator[None]:
    """Keep what native code prints to stderr off it, for the length of a `with` block in a program of one thread.

    For code that keeps what it opens, which `catch_stderr` cannot call. Where other threads run, nothing is muted: they
    may have something to say.
    """
    null = os.open(os.devnull, os.O_WRONLY)
    try:
        with _turned_aside(null):
            yield
    finally:
        os.close(null)


def silence_this_thread() -> None:
    """Give the calling thread file descriptors of its own, of which stderr leads nowhere, on Linux (5.9 or later).

    For a thread that opens itself all that it uses, such as a camera's, whose libraries write warnings past every log
    setting: descriptors other than 0 to 2 are closed in it, and only in it. Elsewhere nothing happens.
    """
    if sys.platform.startswith("linux") and _unshare(_STDERR + 1):
        null = os.open(os.devnull, os.O_WRONLY)
        os.dup2(null, _STDERR)
        os.close(null)


def _call_apart(call: Callable[[], Result], stderr: int, needs: int) -> Future[Result] | None:
    """Make a call in a thread that has file descriptors of its own; None where that cannot be had."""
    outcome: Future[Result] = Future()

    def run() -> None:
        if _separate_descriptors(stderr, needs):
            _settle(outcome, call)

    if not sys.platform.startswith("linux"):
        return None
    thread = threading.Thread(target=run, name=f"{OWN_THREADS}native")
    try:
        thread.start()
    except RuntimeError:  # the system allows no more threads
        return None
    thread.join()
    return outcome if outcome.done() else None


def _separate_descriptors(stderr: int, needs: int) -> bool:
    """Give this thread descriptors of its own: 0, 1, what it needs, and 2, which is another one from now on.

    The others are closed: what the program closes elsewhere shall not stay open here, nor in threads started from here.
    """
    first_unused = max(stderr, needs) + 1
    if not _unshare(first_unused):
        return False
    os.dup2(stderr, _STDERR)
    for first, last in ((_STDERR + 1, needs - 1), (needs + 1, first_unused - 1)):
        if first <= last:
            _close_range(first, last, 0)
    return True


def _unshare(first_unused: int) -> bool:
    """Give this thread descriptors of its own, up to one that it does not need; tell whether the system can."""
    return _close_range(first_unused, _LAST, _UNSHARE) == 0


def _close_range(first: int, last: int, flags: int) -> int:
    call: int = ctypes.CDLL(None).syscall(_CLOSE_RANGE, ctypes.c_uint(first), ctypes.c_uint(last), flags)
    return call


def _settle(outcome: Future[Result], call: Callable[[], Result]) -> None:
    try:
        outcome.set_result(call())
    except BaseException as error:  # whoever asked for the call gets it
        outcome.set_exception(error)


@contextmanager
def _turned_aside(target: int) -> Iterator[None]:
    """Let stderr be another descriptor for the length of a `with` block, where this thread alone may write to it."""
    others = [thread for thread in threading.enumerate() if thread is not threading.current_thread()]
    try:
        saved = os.dup(_STDERR) if all(thread.name.startswith(OWN_THREADS) for thread in others) else None
    except OSError:  # there is no stderr
        saved = None
    if saved is None:
        yield
        return
    os.dup2(target, _STDERR)
    try:
        yield
    finally:
        os.dup2(saved, _STDERR)
        os.close(saved)


def _read(pipe: int) -> str:
    pieces = []
    while True:
        try:
            piece = os.read(pipe, 1 << 16)
        except BlockingIOError:
            break
        pieces.append(piece)
    return b"".join(pieces).decode("utf-8", "replace")
