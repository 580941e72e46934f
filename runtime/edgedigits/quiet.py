"""Quiet: what native libraries write to the terminal by themselves is kept off it."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager

_STDERR = 2
_lock = threading.Lock()
_users = 0
_saved = -1


@contextmanager
def native_output_muted() -> Iterator[None]:
    """Keep what C libraries print to stderr off it, for the length of a `with` block.

    libpng, libjpeg and OpenCV's video readers print warnings about odd files there, past every log setting; the
    caller reports what is wrong in its own words. The file descriptor belongs to the whole process, so blocks in
    several threads share one muting, which ends with the last of them.
    """
    global _users, _saved  # noqa: PLW0603 - there is one stderr
    with _lock:
        if _users == 0:
            _saved = _redirect_to_null()
        _users += 1
    try:
        yield
    finally:
        with _lock:
            _users -= 1
            if _users == 0 and _saved >= 0:
                os.dup2(_saved, _STDERR)
                os.close(_saved)


def _redirect_to_null() -> int:
    """Point stderr to nowhere; return a descriptor of where it pointed, or -1 where there is no stderr."""
    try:
        saved = os.dup(_STDERR)
    except OSError:
        return -1
    null = os.open(os.devnull, os.O_WRONLY)
    os.dup2(null, _STDERR)
    os.close(null)
    return saved
