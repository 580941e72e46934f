"""What reading live costs at 640 × 480 and 30 frames a second: the share of a core, and how late answers are.

    python benchmarks/live_load.py test: clip.mp4 … [--seconds 20]
    python benchmarks/live_load.py test: --seconds 600 --curve

Films are looped, and each frame comes as a JPEG, as a USB camera gives it. Time passes as the CPU's does, so that the
figures are those of an idle core whatever else the machine does. With --curve it is watched in real time instead, and
the memory that is held is printed.
"""

from __future__ import annotations

import argparse
import resource
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import cv2
import numpy as np

from edgedigits import Reader
from edgedigits.live import CameraState, Frame, LiveSettings, State, Watch
from edgedigits.live.sources.scenes import render

SIZE, RATE = (640, 480), 30
MINUTES = (1, 5, 10, 30, 60)


def pictures_of(source: str) -> Callable[[int], np.ndarray]:
    """Return what gives the picture of each number."""
    if source.startswith("test:"):
        return lambda index: render(index / RATE, source.removeprefix("test:"), SIZE)
    frames = [cv2.imencode(".jpg", cv2.resize(frame, SIZE))[1] for frame in _frames(source)]
    return lambda index: cv2.imdecode(frames[index % len(frames)], cv2.IMREAD_COLOR)


def measure(source: str, reader: Reader, seconds: float) -> str:
    """Watch a source for some time of an idle core, and return a line on what it cost."""
    picture_at = pictures_of(source)
    watch = Watch("test:", reader)
    live = CameraState(State.LIVE)
    now = camera = 0.0
    last = -1
    work: list[float] = []
    readings: list[float] = []
    while now < seconds:
        # of the frames that came meanwhile, the newest
        index = max(last + 1, int(now * RATE))
        now = max(now, index / RATE)
        begun = time.thread_time()
        picture = picture_at(index)
        camera += (index - last) * (time.thread_time() - begun)
        begun, last = time.thread_time(), index
        moment = watch._moment(Frame(index, now, picture, False, now), live, now)
        work.append(time.thread_time() - begun)
        now += work[-1]
        if moment.fresh:
            readings.append(work[-1])
    late, dear = (1000 * float(np.percentile(times, 95)) for times in (work, readings))
    return (
        f"{source}: {100 * (sum(work) + camera) / now:.0f} % of a core ({100 * camera / now:.0f} % the camera); "
        f"{len(work)} frames, {len(readings)} read; 95 % of frames answered within {late:.0f} ms, "
        f"95 % of readings within {dear:.0f} ms"
    )


def print_curve(source: str, reader: Reader, seconds: float) -> None:
    """Watch a source in real time, and print what memory the process holds after some minutes."""
    due = [60 * minute for minute in MINUTES if 60 * minute <= seconds]
    with closing(iter(Watch(source, reader, LiveSettings(size=SIZE, fps=RATE)))) as moments:  # type: ignore[type-var]
        next(moment for moment in moments if moment.frame)
        begun = time.monotonic()
        print(f"{source}: start {_resident():.1f} MB", flush=True)
        for _ in moments:
            if due and time.monotonic() - begun >= due[0]:
                print(f"  {due.pop(0) / 60:.0f} min {_resident():.1f} MB", flush=True)
            if time.monotonic() - begun >= seconds:
                return


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
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("source", nargs="+")
    parser.add_argument("--seconds", type=float, default=20)
    parser.add_argument("--curve", action="store_true", help="in real time, with the memory that is held")
    options = parser.parse_args()
    shared_reader = Reader()
    shared_reader.read(np.full((60, 60), 255, np.uint8))
    for one in options.source:
        if options.curve:
            print_curve(one, shared_reader, options.seconds)
        else:
            print(measure(one, shared_reader, options.seconds), flush=True)
