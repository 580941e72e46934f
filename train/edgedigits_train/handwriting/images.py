"""The sample images of the project: everyday photos of digits, each with its label, rendered from nothing.

Every image follows from its number alone, so that any of them can be made again by itself.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import cv2
import numpy as np

from edgedigits_train.handwriting.scenes import Conditions, Scene, render_scene

PLAN = (
    ("single", 232),
    ("number", 60),
    ("rows", 22),
    ("scattered", 12),
    ("form", 14),
    ("touching", 10),
    ("broken", 10),
    ("cut", 10),
    ("mixed", 16),
    ("nothing", 22),
)
"""How many images there are of each kind of scene."""

COUNT = sum(count for _, count in PLAN)
LARGE = (240, 300)
"""Numbers of the images that have the 12 megapixels of a phone's camera."""

_LEAST_HEIGHT = 20
_LEAST_CONTRAST = 36
_SIZES = {
    "single": ((160, 120), (240, 320), (320, 240), (320, 240), (400, 300), (480, 360), (360, 480), (640, 480)),
    "several": ((480, 360), (480, 640), (640, 480), (640, 480), (640, 480), (800, 600)),
    "many": ((640, 480), (800, 600), (600, 800), (800, 600), (1024, 768)),
}
_SIZES_OF = {"single": "single", "nothing": "single", "rows": "many", "scattered": "many"}


@dataclass(frozen=True)
class Sample:
    """One sample image.

    Attributes:
        file: its name.
        data: the encoded image, PNG or JPEG.
        scene: what it shows.
    """

    file: str
    data: bytes
    scene: Scene

    @property
    def label(self) -> tuple[str, str, str]:
        """Its line of labels.csv: file, digits with "|" between lines, kind and conditions with "; " between."""
        names = (self.scene.kind, *self.scene.conditions.names)
        return self.file, self.scene.text.replace("\n", "|"), "; ".join(names)


def render_sample(index: int) -> Sample:
    """Render the sample image number `index`, 0 to `COUNT` - 1.

    Example:
        >>> render_sample(0).file
        'single-000.jpeg'
    """
    kind = [kind for kind, count in PLAN for _ in range(count)][index]
    rng = np.random.Generator(np.random.PCG64([2026, index]))
    conditions = Conditions.sample(rng)
    sizes = _SIZES[_SIZES_OF.get(kind, "several")]
    size = (4000, 3000) if index in LARGE else sizes[int(rng.integers(len(sizes)))]
    suffix = _suffix(conditions, size, rng)
    if index in LARGE:
        conditions = replace(conditions, surface="plain", pen="marker", lens="sharp", flaw="none")
        suffix = ".jpg"
    scene = render_scene(int(rng.integers(1 << 32)), kind, conditions, size)
    while not legible(scene):
        scene = render_scene(int(rng.integers(1 << 32)), kind, conditions, size)
    return Sample(f"{kind}-{index:03d}{suffix}", _encode(scene, suffix, int(rng.integers(72, 88))), scene)


def legible(scene: Scene) -> bool:
    """Whether a person reads every digit at a glance: large enough, set off from the paper, not written over."""
    grey = np.asarray(cv2.cvtColor(scene.image, cv2.COLOR_BGR2GRAY), np.int32)
    for digit in scene.digits:
        x, y, width, height = digit.box
        levels = grey[y : y + height, x : x + width]
        paper = np.median(grey[y : y + height, max(x - height, 0) : x + width + height])
        contrast = np.abs(np.percentile(levels, [4, 96]) - paper).max()
        if max(width, height) < _LEAST_HEIGHT or contrast < _LEAST_CONTRAST:
            return False
    return not any(_covers(a.box, b.box) for a in scene.digits for b in scene.digits if a is not b)


def _covers(box: tuple[int, int, int, int], other: tuple[int, int, int, int]) -> bool:
    """Whether more than 45 % of `box` lie within the other."""
    x, y, width, height = box
    left, top, across, down = other
    shared = min(x + width, left + across) - max(x, left), min(y + height, top + down) - max(y, top)
    return min(shared) > 0 and shared[0] * shared[1] > 0.45 * width * height


def _suffix(conditions: Conditions, size: tuple[int, int], rng: np.random.Generator) -> str:
    """Screens and small scans are saved as PNG, photos as JPEG under either of its names."""
    scan = conditions.view == "straight" and conditions.lens == "sharp" and size[0] * size[1] <= 320 * 240
    if conditions.surface == "screen" or scan:
        return ".png"
    return ".jpg" if rng.random() < 0.6 else ".jpeg"


def _encode(scene: Scene, suffix: str, quality: int) -> bytes:
    # Every setting that decides on bytes is pinned, whatever the defaults of an OpenCV are.
    if suffix == ".png":
        settings = [cv2.IMWRITE_PNG_COMPRESSION, 9, cv2.IMWRITE_PNG_STRATEGY, cv2.IMWRITE_PNG_STRATEGY_DEFAULT]
    else:
        settings = [
            *(cv2.IMWRITE_JPEG_QUALITY, quality),
            *(cv2.IMWRITE_JPEG_PROGRESSIVE, 0),
            *(cv2.IMWRITE_JPEG_OPTIMIZE, 1),
            *(cv2.IMWRITE_JPEG_RST_INTERVAL, 0),
            *(cv2.IMWRITE_JPEG_SAMPLING_FACTOR, cv2.IMWRITE_JPEG_SAMPLING_FACTOR_420),
        ]
    _, data = cv2.imencode(suffix, scene.image, settings)
    return data.tobytes()


def write_images(folder: Path) -> Iterator[Sample]:
    """Render all sample images and labels.csv into `folder`, yielding each image as it is written.

    Images of earlier versions are removed; other files stay.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for old in folder.iterdir():
        if old.suffix in (".png", ".jpg", ".jpeg"):
            old.unlink()
    lines = []
    for index in range(COUNT):
        sample = render_sample(index)
        (folder / sample.file).write_bytes(sample.data)
        lines.append(sample.label)
        yield sample
    with (folder / "labels.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(("file", "text", "conditions"))
        writer.writerows(lines)
