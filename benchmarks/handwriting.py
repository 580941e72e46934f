"""How fast the synthesizer is: ``python benchmarks/handwriting.py``, with one worker and then with two.

CPU time is told beside wall time, because it does not depend so much on what else the machine is doing.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor

import cv2

from edgedigits_train.handwriting import render_clip, render_glyphs, render_nondigits, render_scene

cv2.setNumThreads(1)


def glyphs(seed: int) -> int:
    return len(render_glyphs(10_000, seed)[0])


def nondigits(seed: int) -> int:
    return len(render_nondigits(2_000, seed)[0])


def scenes(seed: int) -> int:
    return len([render_scene(200 * seed + index) for index in range(200)])


def large_scenes(seed: int) -> int:
    return len([render_scene(3 * seed + index, size=(4000, 3000)) for index in range(3)])


def clips(seed: int) -> int:
    return sum(1 for _ in render_clip(seed, frames=60))


WORK: dict[str, Callable[[int], int]] = {
    "glyphs": glyphs,
    "glyphs of no digit": nondigits,
    "scenes, 640×480": scenes,
    "scenes, 12 megapixels": large_scenes,
    "frames of a clip": clips,
}


def cpu_seconds() -> float:
    times = os.times()
    return times.user + times.system + times.children_user + times.children_system


def main() -> None:
    for workers in (1, 2):
        print(f"{workers} worker{'s' * (workers > 1)}")
        for name, work in WORK.items():
            wall, cpu = time.perf_counter(), cpu_seconds()
            with ProcessPoolExecutor(workers) as pool:
                count = sum(pool.map(work, range(workers)))
            wall, cpu = time.perf_counter() - wall, cpu_seconds() - cpu
            print(f"  {name:<24} {count / wall:>9,.1f} a second {count / cpu:>9,.1f} a CPU second")


if __name__ == "__main__":
    main()
