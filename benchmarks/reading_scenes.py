"""How well rendered photos of everyday writing are read: `python benchmarks/reading_scenes.py [--bundle FOLDER]`.

Prints, for each condition, precision, recall and F1 over all digits of its scenes; digits that the border cuts off may
be read or not. The same count and seed give the same scenes.
"""

from __future__ import annotations

import argparse
import json
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

from edgedigits import Reader, Reading
from edgedigits_train.handwriting import Conditions, Scene, render_scene

Picture = npt.NDArray[np.uint8]
Read = Callable[[Picture], Reading]

SMALL = 12
"""Pixels: height of small digits."""
TRIAL_SEED = 700_000


@dataclass(frozen=True)
class Everyday:
    """What people photograph.

    Attributes:
        conditions: what the picture was taken under.
        kinds: keys of `edgedigits_train.handwriting.layouts.LAYOUTS`, taken in turn.
        change: what is done to the picture.
    """

    conditions: Conditions
    kinds: tuple[str, ...] = ("number", "rows", "single")
    change: Callable[[Scene], Picture] = lambda scene: scene.image


def inverted(scene: Scene) -> Picture:
    """Return the scene as light ink on dark paper."""
    return 255 - scene.image


def small(scene: Scene) -> Picture:
    """Return the scene so much smaller that its digits are as high as small ones are."""
    zoom = min(1.0, SMALL / float(np.median([digit.box[3] for digit in scene.digits])))
    return np.asarray(cv2.resize(scene.image, None, fx=zoom, fy=zoom, interpolation=cv2.INTER_AREA), np.uint8)


EVERYDAY = {
    "plain paper": Everyday(Conditions()),
    "phone, soft shadow": Everyday(Conditions(light="soft shadow", view="perspective")),
    "phone, hard shadow": Everyday(Conditions(light="hard shadow", view="perspective")),
    "ruled paper": Everyday(Conditions(surface="ruled", view="turned")),
    "squared paper": Everyday(Conditions(surface="squared", light="gradient", view="perspective")),
    "whiteboard, webcam": Everyday(Conditions("whiteboard marker", "whiteboard", light="glare", lens="noise")),
    "blackboard": Everyday(Conditions("chalk", "blackboard", light="gradient", view="perspective")),
    "pencil": Everyday(Conditions("pencil", light="gradient")),
    "coloured ink": Everyday(Conditions("felt tip", "recycled", light="warm", view="turned")),
    "marker": Everyday(Conditions("marker", light="vignette")),
    "inverted": Everyday(Conditions("digital ink", "screen"), change=inverted),
    "small digits": Everyday(Conditions(), ("number", "rows"), small),
    "page on a desk": Everyday(Conditions(view="page edge")),
    "forms": Everyday(Conditions(surface="form", light="gradient"), ("form",)),
}


def scenes(everyday: Everyday, count: int, seed: int = TRIAL_SEED) -> Iterator[tuple[Scene, Picture]]:
    """Yield scenes, with the pictures to read, uint8 (H, W, 3)."""
    for index in range(count):
        scene = render_scene(seed + index, everyday.kinds[index % len(everyday.kinds)], everyday.conditions)
        if scene.digits:
            yield scene, everyday.change(scene)


def count_digits(scene: Scene, reading: Reading) -> tuple[int, int, int]:
    """Return how many digits were read rightly, how many were read and how many there are."""
    found = Counter(digit.value for digit in reading.digits if digit.value is not None)
    truth = Counter(digit.value for digit in scene.digits)
    hits = sum((found & truth).values())
    extra = (found - truth) - Counter(digit.value for digit in scene.fragments)
    return hits, hits + sum(extra.values()), len(scene.digits)


def score(read: Read, everyday: Everyday, count: int) -> tuple[float, float, float]:
    """Return precision, recall and F1 over all digits of so many scenes."""
    counts = [count_digits(scene, read(picture)) for scene, picture in scenes(everyday, count)]
    hits, found, there = (sum(column) for column in zip(*counts, strict=True))
    return hits / max(found, 1), hits / there, 2 * hits / (found + there)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--bundle", type=Path, help="a bundle folder; the bundled model where none is named")
    parser.add_argument("--count", type=int, default=60, help="scenes of each condition")
    parser.add_argument("--json", type=Path, metavar="FILE", help="also write the figures here")
    arguments = parser.parse_args()
    reader = Reader(arguments.bundle)
    print(f"{'':<20} precision  recall     F1")
    results = []
    for name, everyday in EVERYDAY.items():
        results.append(score(reader.read, everyday, arguments.count))
        print(f"{name:<20} {results[-1][0]:9.1%} {results[-1][1]:7.1%} {results[-1][2]:6.1%}", flush=True)
    print(f"{'mean':<20} {'':>17} {np.mean([f1 for _, _, f1 in results]):6.1%}")
    if arguments.json:
        rows = [dict(zip(("precision", "recall", "f1"), result, strict=True)) for result in results]
        figures = {"count": arguments.count, "conditions": dict(zip(EVERYDAY, rows, strict=True))}
        arguments.json.write_text(json.dumps(figures, indent=1, ensure_ascii=False) + "\n")


if __name__ == "__main__":
    main()
