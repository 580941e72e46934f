"""The sets of pictures: rendered pages from fixed seeds, one set for each kind of difficulty, and `Images/`."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

from edgedigits.boxes import Box
from edgedigits_train.handwriting import Conditions, render_scene

Picture = npt.NDArray[np.uint8]

IMAGES = Path(__file__).parents[2] / "Images"


@dataclass(frozen=True, eq=False)
class Case:
    """A picture and what it says.

    Attributes:
        picture: what is read, uint8 (H, W, 3), BGR, or a file.
        digits: values in reading order.
        ordered: whether the order counts.
        boxes: of the digits, in pixels of the picture; None where they are not known.
        spare: digits that may be read or not, as the border cuts them off, and their boxes.
    """

    picture: Picture | Path
    digits: tuple[int, ...]
    ordered: bool
    boxes: tuple[Box, ...] | None = None
    spare: tuple[tuple[int, Box], ...] = ()


@dataclass(frozen=True)
class PageSet:
    """A set of rendered pictures.

    Attributes:
        name: what they show.
        kinds: keys of `edgedigits_train.handwriting.KINDS` or names of scenery, taken in turn; none for everyday ones.
        conditions: what they were taken under; drawn at random where None.
        seed: of the first; the others follow.
        count: how many.
        height: to which the median digit is shrunk, in pixels; 0 where it stays as it is.
        inverted: light ink on dark paper.
        asked: the hint that each of them should get; None where hints are not judged.
        allowed: hints that are no mistake.
    """

    name: str
    kinds: tuple[str, ...]
    conditions: Conditions | None = None
    seed: int = 700_000
    count: int = 20
    height: int = 0
    inverted: bool = False
    asked: str | None = None
    allowed: tuple[str, ...] = ()

    def case(self, index: int) -> Case:
        """Render one picture."""
        kind = self.kinds[index % len(self.kinds)] if self.kinds else None
        scene = render_scene(self.seed + index, kind, self.conditions)
        zoom = 1.0
        picture = 255 - scene.image if self.inverted else scene.image
        if self.height and scene.digits:
            zoom = min(1.0, self.height / float(np.median([digit.box[3] for digit in scene.digits])))
            picture = np.asarray(cv2.resize(picture, None, fx=zoom, fy=zoom, interpolation=cv2.INTER_AREA), np.uint8)
        return Case(
            picture,
            tuple(digit.value for digit in scene.digits),
            scene.ordered,
            tuple(_zoomed(digit.box, zoom) for digit in scene.digits),
            tuple((digit.value, _zoomed(digit.box, zoom)) for digit in scene.fragments),
        )


def _zoomed(box: Box, zoom: float) -> Box:
    x, y, width, height = (round(side * zoom) for side in box)
    return x, y, width, height


@dataclass(frozen=True)
class ImageSet:
    """The sample images of the project."""

    name: str = "Images/"
    asked: str | None = None
    allowed: tuple[str, ...] = ()

    @property
    def count(self) -> int:
        return len(_labels())

    def case(self, index: int) -> Case:
        """Return one image."""
        file, text, conditions = _labels()[index]
        ordered = not conditions.startswith("scattered")
        return Case(IMAGES / file, tuple(int(value) for value in text if value.isdigit()), ordered)


def _labels() -> list[list[str]]:
    with (IMAGES / "labels.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.reader(file))[1:]


ReadingSet = PageSet | ImageSet

_EVERYDAY = ("number", "rows", "single")
_SEVERAL = ("number", "rows")


def _clean(name: str, conditions: Conditions, kinds: tuple[str, ...] = _EVERYDAY) -> PageSet:
    """A set without any trouble, of which a hint would be a mistake."""
    return PageSet(name, kinds, conditions, asked="")


CONDITIONS: Sequence[ReadingSet] = (
    _clean("plain paper", Conditions()),
    _clean("felt tip", Conditions("felt tip"), _SEVERAL),
    PageSet("marker", _EVERYDAY, Conditions("marker", light="vignette"), asked="", allowed=("shadow",)),
    PageSet("pencil", _EVERYDAY, Conditions("pencil", light="gradient"), asked="faint", allowed=("shadow", "broken")),
    PageSet("coloured ink", _EVERYDAY, Conditions("felt tip", "recycled", light="warm", view="turned"), asked=""),
    _clean("ruled paper", Conditions(surface="ruled", view="turned")),
    PageSet("ruled, aslant", _EVERYDAY, Conditions(surface="ruled", view="aslant")),
    PageSet("squared paper", _EVERYDAY, Conditions(surface="squared", light="gradient", view="perspective")),
    PageSet("squared, aslant", _EVERYDAY, Conditions(surface="squared", view="aslant")),
    PageSet("soft shadow", _EVERYDAY, Conditions(light="soft shadow", view="perspective"), asked="shadow"),
    PageSet("hard shadow", _EVERYDAY, Conditions(light="hard shadow", view="perspective"), asked="shadow"),
    PageSet("dim light", _SEVERAL, Conditions(light="dim"), asked="", allowed=("faint",)),
    PageSet("out of focus", _SEVERAL, Conditions(lens="defocus"), asked="blur"),
    PageSet("moved", _SEVERAL, Conditions(lens="motion"), asked="blur"),
    _clean("sensor noise", Conditions(lens="noise"), _SEVERAL),
    _clean("strong JPEG", Conditions(lens="jpeg"), _SEVERAL),
    PageSet("whiteboard", _EVERYDAY, Conditions("whiteboard marker", "whiteboard", light="glare", lens="noise")),
    PageSet("blackboard", _EVERYDAY, Conditions("chalk", "blackboard", light="gradient", view="perspective")),
    PageSet("inverted", _EVERYDAY, Conditions("digital ink", "screen"), inverted=True),
    _clean("page on a desk", Conditions(view="page edge")),
    PageSet("before things", _EVERYDAY, Conditions(view="before things")),
    PageSet("18 pixels high", _SEVERAL, Conditions(), height=18, asked="small"),
    PageSet("12 pixels high", _SEVERAL, Conditions(), height=12, asked="small"),
    PageSet("tiny", ("tiny",), Conditions(), asked="small"),
)
"""Digits alone, under everyday conditions."""

KINDS: Sequence[ReadingSet] = (
    PageSet("touching", ("touching",), Conditions(), asked="touching", count=30),
    PageSet("broken", ("broken",), Conditions(), asked="broken"),
    PageSet("joined zeros", ("joined zeros",), Conditions()),
    PageSet("fading ink", ("fading",), Conditions()),
    PageSet("upstrokes", ("upstrokes",), Conditions()),
    PageSet("sticks", ("sticks",), Conditions("marker")),
    PageSet("close up", ("close",), Conditions("marker")),
    PageSet("sheets", ("sheet",), Conditions(view="perspective"), count=10),
    PageSet("forms", ("form",), Conditions(surface="form", light="gradient"), count=30),
    PageSet("printed forms", ("form sheet",)),
    PageSet("sudoku", ("sudoku",), count=12),
    PageSet("tables", ("table",), count=14),
    PageSet("checklists", ("checklist",)),
    PageSet("underlined", ("underlined",)),
    PageSet("crossed out", ("crossed out",)),
    PageSet("sums", ("sums",)),
    PageSet("fractions", ("fractions",)),
    PageSet("dates", ("dates",)),
    PageSet("times", ("times",)),
    PageSet("decimals", ("decimals",)),
    PageSet("prices", ("prices",)),
    PageSet("units", ("quantities",)),
    PageSet("notes", ("notes",), count=14),
    PageSet("line ends", ("line ends",), count=14),
    PageSet("tight crops", ("tight",), count=30),
    PageSet("amounts", ("amounts",), count=40),
)
"""Digits that something makes harder: how they are written, or what stands beside them."""

NOTHING: Sequence[ReadingSet] = (
    PageSet("words", ("words",), count=14),
    PageSet("letters", ("letters",), count=14),
    PageSet("signs", ("signs",), count=14),
    PageSet("print, icons", ("print", "icons"), count=16),
    PageSet("scenery", ("clutter", "texture"), count=24),
)
"""Pictures without any digit."""

EVERYDAY_PAGES = PageSet("any everyday page", (), None, seed=100_000, count=120)
"""Of which it is measured how sure the reader is."""

GROUPS: dict[str, Sequence[ReadingSet]] = {
    "conditions": CONDITIONS,
    "kinds": KINDS,
    "without digits": NOTHING,
    "everyday": (EVERYDAY_PAGES, ImageSet()),
}
SETS: Sequence[ReadingSet] = tuple(one for group in GROUPS.values() for one in group)


def resized(one: ReadingSet, count: int) -> ReadingSet:
    """The same set with so many pictures; `Images/` has as many as there are."""
    return replace(one, count=count) if isinstance(one, PageSet) else one
