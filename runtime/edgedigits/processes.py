"""Processes: the same work on many items, on all cores, with the results in order."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
import time
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from multiprocessing.connection import wait
from typing import Any, TypeVar

from edgedigits.native_output import OWN_THREADS

Item = TypeVar("Item")
Result = TypeVar("Result")

_WORTH_STARTING = 1.5
"""Seconds that the remaining work must take in one process for others to be started: each takes half a second."""
_FIRST = 3
"""Items after which it is known how long one takes."""
_AHEAD = 4
"""Items for each process that are handed out before their turn, so that none waits for a slow one."""

_NUMPY_THREADS = "OPENBLAS_NUM_THREADS"


def usable_cores() -> int:
    """Return how many cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def work_in_order(
    make_work: Callable[[], Callable[[Item], Result]], items: Iterable[Item], jobs: int
) -> Generator[tuple[Item, Result | None], None, None]:
    """Do the same work on every item, in several processes where that is worth while, and yield the results in order.

    The first items are done in this process; others are started only when the rest would take longer than starting
    them. They are spawned, not forked, and have one thread each. Ctrl-C reaches this process alone. Close the iterator
    to stop early.

    Args:
        make_work: called once in each process; what it returns is called with each item. Like items and results it
            must be picklable, and it must be small: Python waits for ever for a process that dies before it has read
            what does not go into a pipe at once (64 KB).
        items: what to work on.
        jobs: how many processes there may be.

    Yields:
        Each item and its result; None where the process that worked on it died, as for want of memory.

    Raises:
        Exception: whatever `make_work` or the work itself raises.

    Example:
        >>> list(work_in_order(lambda: abs, [-1, 2], jobs=1))
        [(-1, 1), (2, 2)]
    """
    work, waiting = make_work(), deque(items)
    done, spent = 0, 0.0
    while waiting and (jobs == 1 or done < _FIRST or spent / done * len(waiting) < _WORTH_STARTING):
        start = time.perf_counter()
        item = waiting.popleft()
        result = work(item)
        done, spent = done + 1, spent + time.perf_counter() - start
        yield item, result
    if waiting:
        yield from _in_processes(make_work, waiting, min(jobs, len(waiting)))


def _in_processes(
    make_work: Callable[[], Callable[[Item], Result]], items: deque[Item], jobs: int
) -> Generator[tuple[Item, Result | None], None, None]:
    under_way: deque[tuple[Item, Future[Result]]] = deque()
    pool = _pool(make_work, jobs)
    try:
        while items or under_way:
            try:
                while items and len(under_way) < _AHEAD * jobs:
                    with _starting():
                        under_way.append((items[0], pool.submit(_call, items[0])))
                    items.popleft()
            except BrokenProcessPool:
                if not under_way:
                    _end(pool)
                    pool = _pool(make_work, jobs)
                    continue
            item, future = under_way.popleft()
            try:
                yield item, future.result()
            except BrokenProcessPool:
                # which of the items under way is to blame is not told: each gets a process of its own
                suspects = [item, *(other for other, _ in under_way)]
                under_way.clear()
                _end(pool)
                for suspect in suspects:
                    yield suspect, _alone(make_work, suspect)
                pool = _pool(make_work, jobs)
    finally:
        _end(pool)


def _alone(make_work: Callable[[], Callable[[Item], Result]], item: Item) -> Result | None:
    pool = _pool(make_work, 1)
    try:
        with _starting():
            future: Future[Result] = pool.submit(_call, item)
        return future.result()
    except BrokenProcessPool:
        return None
    finally:
        _end(pool)


def _pool(make_work: Callable[[], Callable[[Any], Any]], jobs: int) -> ProcessPoolExecutor:
    # a fork would copy locks that the engine's threads hold
    return ProcessPoolExecutor(jobs, multiprocessing.get_context("spawn"), _start, (make_work,))


def _end(pool: ProcessPoolExecutor) -> None:
    """End a pool when what its processes are at is done."""
    with _undisturbed():
        pool.shutdown(cancel_futures=True)


@contextmanager
def _starting() -> Iterator[None]:
    """Processes that are started in a `with` block of this never get Ctrl-C, and calculate in one thread."""
    with _undisturbed():
        posix = hasattr(signal, "pthread_sigmask")
        mask = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT}) if posix else set()
        threads = os.environ.get(_NUMPY_THREADS)
        os.environ[_NUMPY_THREADS] = "1"
        try:
            yield
        finally:
            if threads is None:
                del os.environ[_NUMPY_THREADS]
            else:
                os.environ[_NUMPY_THREADS] = threads
            if posix:
                signal.pthread_sigmask(signal.SIG_SETMASK, mask)


@contextmanager
def _undisturbed() -> Iterator[None]:
    """Let Ctrl-C and SIGTERM wait for the end of a `with` block, in which processes are started or ended.

    An exception that their handlers raise there leaves processes that nobody ends, and for which Python waits at its
    own end for ever. A mask does not prevent it: another thread may hear the signal, and Python calls the handler in
    the main one.
    """
    with _deferred(signal.SIGINT), _deferred(signal.SIGTERM):
        yield


@contextmanager
def _deferred(number: int) -> Iterator[None]:
    """Let a signal that Python handles wait for the end of a `with` block."""
    handler = signal.getsignal(number)
    if not callable(handler) or threading.current_thread() is not threading.main_thread():
        yield
        return
    came: list[int] = []
    signal.signal(number, lambda number, _: came.append(number))
    try:
        yield
    finally:
        signal.signal(number, handler)
        for again in came:
            signal.raise_signal(again)


_work: Callable[[Any], Any]


def _start(make_work: Callable[[], Callable[[Any], Any]]) -> None:
    """Prepare a process for its work."""
    import cv2

    global _work  # noqa: PLW0603 - one kind of work for each process
    cv2.setNumThreads(1)
    threading.Thread(target=_end_with_parent, name=f"{OWN_THREADS}parent", daemon=True).start()
    _work = make_work()


def _end_with_parent() -> None:
    """End this process when the one that started it is gone, however it went."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        wait([parent.sentinel])
        os._exit(1)


def _call(item: Any) -> Any:
    return _work(item)
