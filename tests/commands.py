"""Commands as a terminal starts them: in a process group of their own, which Ctrl-C reaches as a whole."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest

PATIENCE = 300
"""Seconds after which a command hangs, however busy the machine is."""


@contextmanager
def started(command: Sequence[str | Path], **environment: str) -> Iterator[subprocess.Popen[str]]:
    """Start a command with pipes for its output; at the end nothing of it may be left."""
    run = subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        env={**os.environ, **environment},
    )
    try:
        yield run
        run.communicate(timeout=PATIENCE)
        _wait_until_all_are_gone(run.pid)
    finally:
        if run.poll() is None:
            os.killpg(run.pid, signal.SIGKILL)
            run.communicate()


def _wait_until_all_are_gone(group: int) -> None:
    for _ in range(10 * PATIENCE):
        try:
            os.killpg(group, 0)
        except ProcessLookupError:
            return
        time.sleep(0.1)
    os.killpg(group, signal.SIGKILL)
    pytest.fail("processes are left behind")
