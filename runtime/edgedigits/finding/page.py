"""What a finder answers: a page, and what was found on it, as plain values."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from edgedigits.boxes import FloatBox
from edgedigits.finding.light import Level
from edgedigits.finding.turning import turn_back

SIGNS = (".", ",", ":", "/", "-", "+", "×", "=", "(", ")", "%")
"""What people write among numbers."""
OTHER = "other"
"""Other writing: letters, ticks, drawings, what is crossed out."""
LABELS = ("nothing", *"0123456789", *SIGNS, OTHER)
"""What the page network tells apart, in the order of its outputs."""


@dataclass(frozen=True, eq=False)
class Found:
    """Something written that was found on a page.

    Attributes:
        label: what it is: one of `LABELS` but the first.
        box: x, y, width, height in pixels of the image, of the sheet as it was read.
        probabilities: float32 (10,), of each digit, were it one; they sum to 1.
        evidence: log odds that it is what the label says.
        glyph: uint8 (28, 28), as the classifier sees it; all zeros where it is no digit.
        contrast: mean ink value of its strokes, 0 to 255.
        pieces: how many strokes it consists of that do not hang together.
        touches: whether its ink hangs together with that of another one.
        level: place in `Page.levels` of the size at which it was seen best.
    """

    label: str
    box: FloatBox
    probabilities: npt.NDArray[np.float32]
    evidence: float
    glyph: npt.NDArray[np.uint8] = field(default_factory=lambda: np.zeros((28, 28), np.uint8))
    contrast: float = 0.0
    pieces: int = 1
    touches: bool = False
    level: int = 0


@dataclass(frozen=True, eq=False)
class Look:
    """What the network answered at one size of the image.

    Attributes:
        level: the ink that it was shown.
        places: int (N, 2), left and top of each tile in pixels of the level.
        maps: float32 (N, rows, columns, outputs).
    """

    level: Level
    places: npt.NDArray[np.intp]
    maps: npt.NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Page:
    """All that was found in an image.

    Attributes:
        digits: in no order.
        signs: signs among numbers, likewise.
        others: other writing, likewise.
        refused: what the strokes took for a digit and the network did not, likewise.
        doubtful: what looks like a digit by its strokes and not by what stands round it, likewise.
        looks: what the network was shown and answered, the finest size first.
        turn: quarter turns counterclockwise after which the image was read; boxes are those of the turned image.
        highest: height of the highest stroke, in pixels of the image.
        border: width of the paper that was put round the image before it was read, in pixels of the image.
        tilt: by how much the sheet's lines are turned, in radians, clockwise.
        size: width and height of the image before it was turned, in pixels.
        crowded: whether it holds so much that not all of it was tried to be joined or cut.
    """

    digits: tuple[Found, ...]
    signs: tuple[Found, ...]
    others: tuple[Found, ...]
    looks: tuple[Look, ...]
    size: tuple[float, float]
    turn: int = 0
    tilt: float = 0.0
    refused: tuple[Found, ...] = ()
    doubtful: tuple[Found, ...] = ()
    highest: float = 0.0
    border: float = 0.0
    crowded: bool = False

    def place(self, found: Found) -> FloatBox:
        """Return where something lies in the image as it is, neither turned nor bordered."""
        x, y, width, height = turn_back(found.box, self.turn, self.size)
        return x - self.border, y - self.border, width, height

    @property
    def levels(self) -> tuple[Level, ...]:
        """The ink of the image at each of its sizes, the finest first."""
        return tuple(look.level for look in self.looks)
