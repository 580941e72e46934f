"""How often each hint is given where its trouble is, and where it is not: `python benchmarks/hints.py [--count N]`.

Reads rendered scenes, each with one trouble or none. Recall is the share of the scenes with a trouble, and with a digit
that is found, that get the hint; precision the share of the scenes with the hint that have the trouble, or one of its
kind: a vignette is uneven light, a pencil's line is broken and faint.
"""

from __future__ import annotations

import argparse
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

from edgedigits import Reader
from edgedigits.hints import find_hints
from edgedigits_train.handwriting import Conditions, Scene, render_scene

Picture = npt.NDArray[np.uint8]

SEED = 3_700_000


@dataclass(frozen=True)
class Trouble:
    """A kind of scenes.

    Attributes:
        name: what is wrong with them, or what they show.
        conditions: what they were taken under.
        asked: the hint that each should get.
        allowed: hints that are no mistake.
        kinds: keys of `edgedigits_train.handwriting.layouts.LAYOUTS`, taken in turn.
        height: to which the median digit is shrunk, in pixels; 0 where it stays as it is.
    """

    name: str
    conditions: Conditions = field(default_factory=Conditions)
    asked: str = ""
    allowed: tuple[str, ...] = ()
    kinds: tuple[str, ...] = ("number", "rows")
    height: int = 0


TROUBLES = (
    Trouble("none"),
    Trouble("felt tip", Conditions("felt tip")),
    Trouble("marker", Conditions("marker")),
    Trouble("ruled paper", Conditions(surface="ruled")),
    Trouble("perspective", Conditions(view="perspective")),
    Trouble("page on a desk", Conditions(view="page edge")),
    Trouble("warm light", Conditions(light="warm")),
    Trouble("sensor noise", Conditions(lens="noise")),
    Trouble("strong JPEG", Conditions(lens="jpeg")),
    Trouble("30 pixels high", height=30),
    Trouble("gradient", Conditions(light="gradient"), allowed=("shadow",)),
    Trouble("vignette", Conditions(light="vignette"), allowed=("shadow",)),
    Trouble("dim light", Conditions(light="dim"), allowed=("faint",)),
    Trouble("soft shadow", Conditions(light="soft shadow"), "shadow"),
    Trouble("hard shadow", Conditions(light="hard shadow"), "shadow"),
    Trouble("out of focus", Conditions(lens="defocus"), "blur"),
    Trouble("moved", Conditions(lens="motion"), "blur"),
    Trouble("broken strokes", asked="broken", kinds=("broken",)),
    Trouble("touching digits", asked="touching", kinds=("touching",)),
    Trouble("pencil", Conditions("pencil"), "faint", ("broken",)),
    Trouble("12 pixels high", asked="small", height=12),
    Trouble("18 pixels high", asked="small", height=18),
)


def scenes(trouble: Trouble, count: int) -> Iterator[Picture]:
    for index in range(count):
        scene = render_scene(SEED + index, trouble.kinds[index % len(trouble.kinds)], trouble.conditions)
        if scene.digits:
            yield shrunk(scene, trouble.height) if trouble.height else scene.image


def shrunk(scene: Scene, height: int) -> Picture:
    zoom = min(1.0, height / float(np.median([digit.box[3] for digit in scene.digits])))
    return np.asarray(cv2.resize(scene.image, None, fx=zoom, fy=zoom, interpolation=cv2.INTER_AREA), np.uint8)


def hints_given(reader: Reader, trouble: Trouble, count: int) -> tuple[int, Counter[str]]:
    """Return in how many scenes a digit was found, and how many of them got which hint."""
    found, given = 0, Counter[str]()
    for image in scenes(trouble, count):
        _, page = reader.examine(image)
        found += bool(page.digits)
        given.update(hint.kind for hint in find_hints(page))
    return found, given


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--bundle", type=Path, help="a bundle folder; the bundled model where none is named")
    parser.add_argument("--count", type=int, default=24, help="scenes of each kind")
    arguments = parser.parse_args()
    reader = Reader(arguments.bundle)
    asked, heard, right, given = Counter[str](), Counter[str](), Counter[str](), Counter[str]()
    for trouble in TROUBLES:
        found, hints = hints_given(reader, trouble, arguments.count)
        print(f"{trouble.name:<16} {found:3d}  {', '.join(f'{kind} {n}' for kind, n in hints.items())}", flush=True)
        asked[trouble.asked] += found
        heard[trouble.asked] += hints[trouble.asked]
        given += hints
        right += Counter({kind: n for kind, n in hints.items() if kind in (trouble.asked, *trouble.allowed)})
    print("\nhint      precision  recall")
    for kind in filter(None, asked):
        print(f"{kind:<9} {right[kind] / max(given[kind], 1):9.0%} {heard[kind] / asked[kind]:7.0%}")


if __name__ == "__main__":
    main()
