"""What reading live costs: the share of a core, how late answers are, and memory over time, at 30 frames a second.

    python benchmarks/live_load.py test: clip.mp4 … [--seconds 60] [--curve]

Films are looped, at 640 × 480, and each frame comes as a JPEG as a USB camera gives it. CPU time is that of the whole
process, with the camera's decoding.
"""

from __future__ import annotations

import argparse
import resource
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from edgedigits import Reader
from edgedigits.live import LiveSettings, Watch
from edgedigits.live.sources.base import Picture, Wanted

SIZE, RATE = (640, 480), 30
MINUTES = (1, 5, 10, 30, 60)


class Loop:
    """A film, from the beginning again and again, as a camera."""

    live = True

    def __init__(self, path: str) -> None:
        self.name = Path(path).name
        self._frames = [cv2.imencode(".jpg", cv2.resize(frame, SIZE))[1] for frame in _frames(path)]
        self._start = time.monotonic()
        self._shown = -1

    def open(self, _: Wanted) -> Any:
        """Begin."""
        return self

    def close(self) -> None:
        """Nothing is held open."""

    def read(self) -> Picture:
        """Wait for the next frame's time, and decode it."""
        now = time.monotonic() - self._start
        self._shown = max(self._shown + 1, int(now * RATE))
        time.sleep(max(0.0, self._shown / RATE - now))
        return Picture(cv2.imdecode(self._frames[self._shown % len(self._frames)], cv2.IMREAD_COLOR))


def measure(source: str, reader: Reader, seconds: float, *, curve: bool = False) -> str:
    """Watch a source for some time, and return a line on what it cost."""
    watch = Watch("test:" if Path(source).exists() else source, reader, LiveSettings(size=SIZE, fps=RATE))
    if Path(source).exists():
        watch.source = Loop(source)
    work, answers, readings, reads = [], [], [], 0
    due = [60.0 * minute for minute in MINUTES]
    with closing(iter(watch)) as moments:  # type: ignore[type-var]
        next(moment for moment in moments if moment.frame)
        begun, begun_cpu, cpu = time.monotonic(), time.process_time(), time.thread_time()
        if curve:
            print(f"  start: {_resident():.1f} MB", flush=True)
        for moment in moments:
            now = time.thread_time()
            if moment.frame is not None:
                work.append(now - cpu)
                answers.append(moment.latency)
                reads += moment.fresh
                if moment.fresh:
                    readings.append(now - cpu)
            cpu = now
            elapsed = time.monotonic() - begun
            if curve and due and elapsed >= due[0]:
                print(f"  {due.pop(0) / 60:.0f} min: {_resident():.1f} MB", flush=True)
            if elapsed >= seconds:
                break
    share = (time.process_time() - begun_cpu) / (time.monotonic() - begun)
    late = [1000 * float(np.percentile(times, 95)) for times in (work, answers, readings)]
    return (
        f"{source}: {100 * share:.0f} % of a core; {len(work)} frames, {reads} read; 95 % of frames answered within "
        f"{late[0]:.0f} ms of CPU ({late[1]:.0f} ms of wall), 95 % of readings within {late[2]:.0f} ms of CPU"
    )


def _frames(path: str) -> Iterator[np.ndarray]:
    film = cv2.VideoCapture(path)
    while (read := film.read())[0]:
        yield read[1]


def _resident() -> float:
    """Return the memory that the process holds, in MB; where the system does not say, the most that it held."""
    try:
        return int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize() / 1e6
    except OSError:
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("source", nargs="+")
    parser.add_argument("--seconds", type=float, default=30)
    parser.add_argument("--curve", action="store_true", help="print memory after some minutes")
    options = parser.parse_args()
    shared_reader = Reader()
    for one in options.source:
        print(measure(one, shared_reader, options.seconds, curve=options.curve), flush=True)
