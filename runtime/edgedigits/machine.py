"""What this machine is, in words: measurements say nothing without it."""

from __future__ import annotations

import contextlib
import platform
from pathlib import Path


def cpu_model() -> str:
    """Return the CPU's model as the system calls it, or its architecture where the system does not tell."""
    with contextlib.suppress(OSError):
        for line in Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace").splitlines():
            if line.lower().startswith(("model name", "model\t")) and not line.split(":", 1)[1].strip().isdigit():
                return line.split(":", 1)[1].strip()
    return platform.processor() or platform.machine()
