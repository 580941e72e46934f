"""What this machine is, in words: measurements say nothing without it."""

from __future__ import annotations

import contextlib
import platform
from collections.abc import Iterator
from dataclasses import dataclass
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


def board_model() -> str:
    """Return the board's name as its maker wrote it, such as "Raspberry Pi 4 Model B Rev 1.5"; "" on other machines."""
    return _read(Path("/proc/device-tree/model")).strip("\0 \n")


def system_name() -> str:
    """Return the operating system's name and version, such as "Debian GNU/Linux 12 (bookworm)"."""
    try:
        return platform.freedesktop_os_release()["PRETTY_NAME"]
    except (OSError, KeyError):
        return f"{platform.system()} {platform.release()}"


@dataclass(frozen=True)
class Memory:
    """RAM in bytes.

    Attributes:
        total: that the system has.
        available: that a new program can have without swapping.
    """

    total: int
    available: int


def memory() -> Memory | None:
    """Return how much RAM there is; None where the system does not tell."""
    rows = dict(line.split(":", 1) for line in _read(Path("/proc/meminfo")).splitlines() if ":" in line)
    try:
        return Memory(*(int(rows[name].split()[0]) * 1024 for name in ("MemTotal", "MemAvailable")))
    except (KeyError, ValueError, IndexError):
        return None


def temperature() -> float | None:
    """Return the processor's temperature in degrees Celsius; None where the system does not tell."""
    try:
        return int(_read(Path("/sys/class/thermal/thermal_zone0/temp"))) / 1000
    except ValueError:
        return None


_THROTTLED = {0: "under-voltage", 1: "clock capped", 2: "throttled", 3: "too hot"}
_EVER = 16
"""Bit from which on a Raspberry Pi's firmware tells what happened since it was started."""


def throttling() -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return what slows a Raspberry Pi down now, and what did since it was started; nothing on other machines."""
    told = _read(Path("/sys/devices/platform/soc/soc:firmware/get_throttled")).strip()
    try:
        bits = int(told, 16)
    except ValueError:
        return (), ()
    now = tuple(word for bit, word in _THROTTLED.items() if bits >> bit & 1)
    return now, tuple(word for bit, word in _THROTTLED.items() if bits >> (bit + _EVER) & 1)


def _read(path: Path) -> str:
    """Return what the system tells in a file; "" where it does not."""
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
