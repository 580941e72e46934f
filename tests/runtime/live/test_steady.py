"""Numbers stay steady on rendered clips whose truth is known, and memory does on long watches."""

from __future__ import annotations

import runpy
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from edgedigits import Reader

BENCHMARK: dict[str, Any] = runpy.run_path(str(Path(__file__).parents[3] / "benchmarks" / "live_clips.py"))


@pytest.mark.slow
def test_published_numbers_are_right_where_single_frames_are_not(reader: Reader) -> None:
    """A hand passes, the light steps, the lens loses focus: single frames are wrong, what is published is not."""
    raw, published = BENCHMARK["measure"](reader, 4)
    total = sum(published.values())
    assert published["wrong"] == 0
    assert published["right"] / total >= 0.95
    assert raw["wrong"] / total > 0.05, "the clips are to be hard"


@pytest.mark.parametrize(
    ("published", "written", "verdict"),
    [
        ("2021", "2021", "right"),
        ("20?1", "2021", "unsure"),
        ("", "2021", "nothing"),
        ("202", "2021", "wrong"),
        ("2027", "2021", "wrong"),
        ("7", "", "wrong"),
        ("", "", "right"),
    ],
)
def test_the_judge_is_strict(published: str, written: str, verdict: str) -> None:
    assert BENCHMARK["judge"](published, written) == verdict


def test_memory_does_not_grow() -> None:
    """Thousands of frames, each with other digits in other places, as those of hours would be."""
    code = """
import resource, numpy as np
from edgedigits import Digit, Reading
from edgedigits.live import LiveSettings, Watch
from edgedigits.live.capture import CameraState, State
from edgedigits.live.framing import Frame

rng = np.random.default_rng(1)

class Reader:
    def read(self, pixels, threshold=None):
        boxes = rng.integers(0, 300, (8, 2))
        return Reading(tuple(Digit(int(x % 10), 0.9, (int(x), int(y), 20, 30)) for x, y in boxes), (320, 240))

watch = Watch("test:", Reader(), LiveSettings(max_fps=0))
def run(first, last):
    for index in range(first, last):
        pixels = rng.integers(0, 255, (48, 64, 3), np.uint8)
        watch._moment(Frame(index, index / 10, pixels), CameraState(State.LIVE), index / 10)
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
begun = run(0, 300)
print(run(300, 1500) - begun)
"""
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    unit = 1024 if sys.platform == "darwin" else 1
    assert int(run.stdout) / unit < 3000, "kilobytes"
