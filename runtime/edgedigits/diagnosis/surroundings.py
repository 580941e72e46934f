"""The machine and the Python that edgedigits runs on."""

from __future__ import annotations

import platform
import sys
import sysconfig
from collections.abc import Iterator
from pathlib import Path

from edgedigits import machine
from edgedigits.diagnosis.finding import Finding, Grade
from edgedigits.offers import Machine

_LEAST_MEMORY = 150_000_000
"""Bytes that reading one photo takes at most."""
_HOT = 75.0
"""Degrees Celsius: a Raspberry Pi slows down at 80."""


def examine_surroundings(cores: int) -> Iterator[Finding]:
    """Tell of board, processor, memory, temperature, system and Python.

    Args:
        cores: that this process may use.
    """
    board = machine.board_model()
    processor = machine.cpu_model()
    named = f"{board}, {processor}" if board and board != processor else board or processor
    yield Finding(Grade.OK, "machine", f"{named}, {cores} {'core' if cores == 1 else 'cores'}")
    yield Finding(Grade.OK, "system", f"{machine.system_name()}, {Machine.here().architecture}")
    yield Finding(Grade.OK, "threads", f"one for the engine, of {cores} that may run here; --threads gives it more")
    yield from _examine_memory()
    yield from _examine_heat()
    yield from _examine_python()


def _examine_memory() -> Iterator[Finding]:
    ram = machine.memory()
    if ram is None:
        return
    text = f"{ram.available / 1e6:,.0f} of {ram.total / 1e6:,.0f} MB free"
    if ram.available < _LEAST_MEMORY:
        yield Finding(
            Grade.WARNING,
            "memory",
            f"{text}; reading a photo takes up to {_LEAST_MEMORY / 1e6:.0f} MB",
            "ps -eo rss,comm --sort=-rss | head",
        )
    else:
        yield Finding(Grade.OK, "memory", text)


def _examine_heat() -> Iterator[Finding]:
    degrees = machine.temperature()
    if degrees is not None and degrees >= _HOT:
        yield Finding(Grade.WARNING, "heat", f"{degrees:.0f} °C: it slows down at 80; give it a heat sink or air")
    elif degrees is not None:
        yield Finding(Grade.OK, "heat", f"{degrees:.0f} °C")
    now, before = machine.throttling()
    if now or before:
        when = f"now: {', '.join(now)}" if now else f"since it was started: {', '.join(before)}"
        yield Finding(
            Grade.WARNING,
            "throttling",
            f"the board is or was slowed down ({when}); use the power supply made for it",
            "vcgencmd get_throttled",
        )


def _examine_python() -> Iterator[Finding]:
    version = platform.python_version()
    if sys.prefix != sys.base_prefix:
        yield Finding(Grade.OK, "Python", f"{version}, in its own environment {sys.prefix}")
        return
    managed = Path(sysconfig.get_path("stdlib")) / "EXTERNALLY-MANAGED"
    if managed.exists():
        yield Finding(
            Grade.NOTE,
            "Python",
            f"{version}, the system's own, into which pip may not install (PEP 668)",
            "python3 -m venv ~/digits",
        )
    else:
        yield Finding(Grade.OK, "Python", f"{version}, outside of any environment")
