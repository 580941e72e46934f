"""A process that is asked one thing and answers in JSON, or crashes alone."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass

PATIENCE = 300
"""Seconds for one answer: an emulated or swapping board needs many to import an engine."""


@dataclass(frozen=True)
class Answer:
    """What a process said.

    Attributes:
        output: its standard output; "" where it failed.
        failure: how it failed, in words; "" where it did not.
        code: its exit code; -1 where it was stopped or killed.
    """

    output: str
    failure: str
    code: int


def ask(arguments: Sequence[str]) -> Answer:
    """Run this Python with arguments, without asking anybody for anything."""
    try:
        done = subprocess.run(
            [sys.executable, *arguments],
            capture_output=True,
            text=True,
            errors="replace",
            timeout=PATIENCE,
            stdin=subprocess.DEVNULL,
            env={**os.environ, "ORT_DISABLE_TELEMETRY": os.environ.get("ORT_DISABLE_TELEMETRY", "1")},
            check=False,
        )
    except subprocess.TimeoutExpired:
        return Answer("", f"it did not answer within {PATIENCE} seconds", -1)
    except OSError as error:
        return Answer("", f"it cannot be started ({error.strerror})", -1)
    if done.returncode < 0:
        return Answer("", _death(-done.returncode), -1)
    lines = done.stderr.strip().splitlines() or [f"exit code {done.returncode}"]
    return Answer(done.stdout, lines[-1] if done.returncode else "", done.returncode)


def _death(number: int) -> str:
    """Say what a signal means for a process that only reads digits."""
    meaning = {
        "SIGILL": ": it was built for a newer processor than this one",
        "SIGKILL": ": the system had no memory left",
    }
    try:
        name = signal.Signals(number).name
    except ValueError:
        name = f"signal {number}"
    return f"it crashed ({name}{meaning.get(name, '')})"
