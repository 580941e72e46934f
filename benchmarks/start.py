"""Measures how small edgedigits is and how quickly it starts, next to what it stands on.

    make wheel && python benchmarks/start.py

Times are ratios to a process of the same kind, measured in turn, so that a busy machine counts for both.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import time
from pathlib import Path

import numpy

from edgedigits.proof import PHOTO

ROUNDS = 9
MOST_BYTES, MOST_IMPORT, MOST_RATIO, MOST_MEMORY = 1_000_000, 0.015, 3.5, 120_000_000

IMPORT = "import time; begun = time.perf_counter(); import edgedigits; print(time.perf_counter() - begun)"


def run(*arguments: str) -> tuple[float, int, str]:
    """Run this Python; return its seconds of CPU, its peak of memory in bytes and what it printed."""
    child = subprocess.Popen([sys.executable, *arguments], stdout=subprocess.PIPE, text=True)
    assert child.stdout is not None
    printed = child.stdout.read()
    _, status, usage = os.wait4(child.pid, 0)
    assert status == 0, arguments
    return usage.ru_utime + usage.ru_stime, usage.ru_maxrss * 1024, printed


def row(name: str, value: str, bound: str, kept: bool) -> None:
    print(f"{name:<52} {value:>12}   {bound:<14} {'yes' if kept else 'NO'}")


print(f"Python {sys.version.split()[0]}, numpy {numpy.__version__}, {ROUNDS} rounds, {time.strftime('%Y-%m-%d')}")
wheels = sorted(Path("dist").glob("edgedigits-[0-9]*.whl"), key=lambda path: path.stat().st_mtime)
if wheels:
    size = wheels[-1].stat().st_size
    row("wheel with its model, bytes", f"{size:,}", f"<= {MOST_BYTES:,}", size <= MOST_BYTES)

imports, bases, predictions, ratios, peaks = [], [], [], [], []
for _ in range(ROUNDS):
    imports.append(float(run("-c", IMPORT)[2]))
    bases.append(run("-c", "import numpy, cv2")[0])
    seconds, peak, _ = run("-m", "edgedigits", "predict", str(PHOTO))
    predictions.append(seconds)
    ratios.append(seconds / bases[-1])
    peaks.append(peak)
least = min(imports)
row("import edgedigits, ms", f"{1000 * least:.1f}", f"<= {1000 * MOST_IMPORT:.0f}", least <= MOST_IMPORT)
middle = statistics.median(ratios)
row("predict one photo / a process with numpy and cv2, CPU", f"{middle:.2f}", f"<= {MOST_RATIO}", middle <= MOST_RATIO)
worst = max(peaks)
row("predict one photo, peak memory in MB", f"{worst / 1e6:.0f}", f"<= {MOST_MEMORY / 1e6:.0f}", worst <= MOST_MEMORY)
