"""Runs on an emulated board under qemu's counting plugin: what is counted lies between two calls of `os.getppid`.

python laps.py      # prints the name of each lap and the versions that it was counted with, as JSON
"""

from __future__ import annotations

import gc
import json
import os
import sys

import cv2
import numpy as np
import numpy.typing as npt

from edgedigits import Reader
from edgedigits.proof.replay import GLYPHS

WARM_UP, LAPS = 5, 5
"""The first calls prepare: caches are filled, and Python specialises its bytecode."""


def page(glyphs: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
    """Return a page of ten digits under uneven light, with a sensor's noise; uint8, (480, 640)."""
    paper = np.full((480, 640), 215, np.int32) - np.arange(640) // 12
    for index in range(10):
        row, column = divmod(index, 5)
        ink = glyphs[index].reshape(28, 28).repeat(3, 0).repeat(3, 1).astype(np.int32)
        top, left = 100 + 200 * row, 30 + 120 * column
        paper[top : top + 84, left : left + 84] -= ink * 150 // 255
    noise = np.random.default_rng(0).integers(-4, 5, paper.shape)
    return np.clip(paper + noise, 0, 255).astype(np.uint8)


cv2.setNumThreads(1)
reader = Reader()
with np.load(GLYPHS) as golden:
    known = golden["glyphs"].reshape(-1, 28, 28, 1)
glyphs = np.ascontiguousarray(known[:: len(known) // 10][:10])
sheet = page(glyphs)
work = {
    "digit": (20, lambda: reader.classify(glyphs[:1, ..., 0])),
    "page": (1, lambda: reader.read(sheet)),
}
found = reader.read(sheet).text
gc.disable()
for times, run in work.values():
    for _ in range(WARM_UP):
        run()
    for _ in range(LAPS):
        os.getppid()
        for _ in range(times):
            run()
        os.getppid()
told = {
    "laps": LAPS,
    "times": {name: times for name, (times, _) in work.items()},
    "text": found,
    "engine": reader.engine.name,
    "format": reader.file.format,
    "python": sys.version.split()[0],
    "numpy": np.__version__,
    "opencv": cv2.__version__,
}
print(json.dumps(told))
