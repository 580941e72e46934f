"""What this machine is, in words: measurements say nothing without it."""

from __future__ import annotations

import contextlib
import platform
from collections.abc import Iterator
from pathlib import Path


def cpu_model() -> str:
    """Return the CPU's model as the system calls it, or its architecture where the system does not tell."""
    names = (value for name, value in _cpu_facts() if name in ("model name", "model") and not value.isdigit())
    return next(names, "") or platform.processor() or platform.machine()


def cpu_flags() -> frozenset[str]:
    """Return what the CPU can do, in Linux' words ("avx2", "amx_bf16"); nothing where the system does not tell."""
    return frozenset(next((value for name, value in _cpu_facts() if name in ("flags", "features")), "").split())


def _cpu_facts() -> Iterator[tuple[str, str]]:
    """Yield what Linux tells of the CPU: the name of each fact, in small letters, and its value."""
    with contextlib.suppress(OSError):
        for line in Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace").splitlines():
            name, _, value = line.partition(":")
            yield name.strip().lower(), value.strip()
