"""Layouts: what is written where on a page."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from edgedigits_train.handwriting.alphabet import LETTERS, SIGNS
from edgedigits_train.handwriting.letterforms import Letterform
from edgedigits_train.handwriting.strokes import Stroke, write
from edgedigits_train.handwriting.writer import Writer

SIGN_LABELS = (".", ",", ":", "/", "-", "+", "×", "=", "(", ")", "%")
"""Signs that belong to numbers, and have a label of their own in a scene's truth."""
OTHER = "other"
"""The label of all that is written and neither a digit nor one of `SIGN_LABELS`."""


@dataclass(frozen=True, eq=False)
class Stamp:
    """A picture of ink, put down as it is: a digit that somebody wrote, a letter in print.

    Attributes:
        mask: uint8 (H, W), 0 paper, 255 ink.
        corners: float64 (3, 2), where its top left, top right and bottom left corner lie.
    """

    mask: npt.NDArray[np.uint8]
    corners: npt.NDArray[np.float64]

    @property
    def quad(self) -> npt.NDArray[np.float64]:
        """All four corners, float64 (4, 2), clockwise from the top left."""
        first, right, down = self.corners
        return np.array([first, right, right + down - first, down])


@dataclass(frozen=True, eq=False)
class Mark:
    """One character on a page.

    Attributes:
        value: 0 to 9, or None where it is no digit.
        strokes: in pixels of the page; none where there is a stamp.
        height: height of a digit of this writer in pixels; the width of the pen goes by it.
        row: index of its line of writing.
        character: what is written; "" for a line or a box, which is no sign at all.
        stamp: a picture in place of strokes.
        printed: whether it was on the page before anybody wrote; printed ink has a colour of its own.
    """

    value: int | None
    strokes: tuple[Stroke, ...]
    height: float
    row: int
    character: str = ""
    stamp: Stamp | None = None
    printed: bool = False

    @property
    def label(self) -> str | None:
        """What a reader should call it: a digit, one of `SIGN_LABELS`, `OTHER`, or None for a mere line."""
        if self.value is not None:
            return str(self.value)
        if not self.character:
            return None
        return self.character if self.character in SIGN_LABELS else OTHER

    @property
    def box(self) -> npt.NDArray[np.float64]:
        """float64 (2, 2): top left and bottom right corner of the path."""
        points = self.stamp.quad if self.stamp else np.concatenate([stroke.points for stroke in self.strokes])
        return np.array([points.min(axis=0), points.max(axis=0)])

    def moved(self, offset: npt.NDArray[np.float64], scale: float = 1.0) -> Mark:
        """The same mark, scaled about the origin and then moved by `offset` (2,)."""
        return replace(self.bent(np.eye(2) * scale, offset), height=self.height * scale)

    def bent(self, matrix: npt.NDArray[np.float64], offset: npt.NDArray[np.float64]) -> Mark:
        """The same mark with each of its points at ``matrix @ point + offset``, in the same width of pen."""
        strokes = tuple(stroke.moved(matrix, offset) for stroke in self.strokes)
        stamp = self.stamp and replace(self.stamp, corners=self.stamp.corners @ matrix.T + offset)
        return replace(self, strokes=strokes, stamp=stamp)


@dataclass(frozen=True, eq=False)
class Page:
    """What a page holds.

    Attributes:
        marks: all characters; digits in reading order.
        cells: float64 (N, 2, 2), boxes of a form, top left and bottom right; N may be 0.
        ordered: whether the order of reading is beyond doubt; False on a page with digits scattered about.
        whole: whether all of it is meant to be in the picture, however the camera is held.
    """

    marks: tuple[Mark, ...]
    cells: npt.NDArray[np.float64]
    ordered: bool = True
    whole: bool = True

    @property
    def pitch(self) -> float:
        """Height of the digits, in pixels of the page."""
        return float(np.median([mark.height for mark in self.marks if not mark.printed] or [1.0]))


def digit(value: int, writer: Writer, rng: np.random.Generator) -> Mark:
    """One digit at the origin, in heights of a digit."""
    return Mark(value, tuple(write(writer.form(value, rng), writer, rng)), 1.0, 0)


def _other(writer: Writer, rng: np.random.Generator, letters: bool) -> Mark:
    forms = LETTERS if letters else SIGNS
    return _written(forms[int(rng.integers(len(forms)))], writer, rng)


def _written(form: Letterform, writer: Writer, rng: np.random.Generator) -> Mark:
    return Mark(None, tuple(write(form, writer, rng)), 1.0, 0, form.character)


def in_line(marks: Sequence[Mark], writer: Writer, rng: np.random.Generator, gap: float, row: int = 0) -> list[Mark]:
    """Set characters side by side on one base line.

    Args:
        marks: in heights of a digit, base line at y = 1.
        writer: whose spacing, drift and bounce to follow.
        rng: source of randomness.
        gap: factor on the writer's spacing; 0 makes neighbours touch.
        row: index of this line.
    """
    placed, pen = [], 0.0
    for nominal in marks:
        mark = nominal.moved(np.zeros(2), math.exp(2 * writer.looseness * rng.standard_normal()))
        left, right = mark.box[:, 0]
        dy = writer.drift * pen + writer.bounce * rng.standard_normal()
        placed.append(replace(mark.moved(np.array([pen - left, dy])), row=row))
        pen += right - left + writer.spacing * gap * rng.uniform(0.6, 1.5)
    return placed


def _fit(
    marks: Sequence[Mark], size: tuple[int, int], share: tuple[float, float], rng: np.random.Generator
) -> tuple[npt.NDArray[np.float64], float]:
    """Offset and scale that put marks at a random place of the page, filling a random share of it."""
    boxes = np.array([mark.box for mark in marks])
    low, high = boxes[:, 0].min(axis=0), boxes[:, 1].max(axis=0)
    page = np.array(size, float)
    extent = np.maximum(high - low, 0.3)
    scale = float(min(page / extent)) * rng.uniform(*share)
    room = np.maximum(page * 0.92 - extent * scale, 0)
    offset = page * 0.04 + room * rng.uniform(0.15, 0.85, 2) - low * scale
    return offset, scale


def place(
    marks: Sequence[Mark],
    size: tuple[int, int],
    share: tuple[float, float],
    rng: np.random.Generator,
    ordered: bool = True,
) -> Page:
    """A page with marks at a random place, filling a random `share` of it, least and most."""
    offset, scale = _fit(marks, size, share, rng)
    return Page(tuple(mark.moved(offset, scale) for mark in marks), np.zeros((0, 2, 2)), ordered)


def place_at(marks: Sequence[Mark], size: tuple[int, int], height: float, rng: np.random.Generator) -> Page:
    """A page with marks at a random place, a digit so many pixels high, or less where they would not fit."""
    boxes = np.array([mark.box for mark in marks])
    low, high = boxes[:, 0].min(axis=0), boxes[:, 1].max(axis=0)
    page, extent = np.array(size, float), np.maximum(high - low, 0.05)
    scale = min(height, float(min(0.92 * page / extent)))
    offset = page * 0.04 + np.maximum(page * 0.92 - extent * scale, 0) * rng.random(2) - low * scale
    return Page(tuple(mark.moved(offset, scale) for mark in marks), np.zeros((0, 2, 2)))


def _values(count: int, rng: np.random.Generator) -> list[int]:
    values: list[int] = rng.integers(0, 10, count).tolist()
    return values


def _number(
    writer: Writer, rng: np.random.Generator, size: tuple[int, int], gap: float, counts: tuple[int, int]
) -> Page:
    values = _values(int(rng.integers(counts[0], counts[1] + 1)), rng)
    marks = in_line([digit(value, writer, rng) for value in values], writer, rng, gap)
    return place(marks, size, (0.45, 0.85), rng)


def single(writer: Writer, rng: np.random.Generator, size: tuple[int, int]) -> Page:
    """One digit."""
    return place([digit(int(rng.integers(10)), writer, rng)], size, (0.25, 0.75), rng)


def number(writer: Writer, rng: np.random.Generator, size: tuple[int, int]) -> Page:
    """Two to eight digits in a line."""
    return _number(writer, rng, size, rng.uniform(0.9, 2.2), (2, 8))


def touching(writer: Writer, rng: np.random.Generator, size: tuple[int, int]) -> Page:
    """A number whose digits touch or overlap a little."""
    values = _values(int(rng.integers(2, 5)), rng)
    placed: list[Mark] = []
    for value in values:
        mark = digit(value, writer, rng)
        if placed:
            mark = _against(placed[-1], mark, rng.uniform(-0.09, 0.0))
        placed.append(mark)
    return place(placed, size, (0.4, 0.7), rng)


def _against(left: Mark, right: Mark, overlap: float) -> Mark:
    """Push a mark from the right against another, row by row, until they overlap by so much."""
    rows = np.linspace(0, 1, 24)
    edge = np.full(24, -np.inf)
    front = np.full(24, np.inf)
    for mark, limit, most in ((left, edge, np.maximum), (right, front, np.minimum)):
        for stroke in mark.strokes:
            near = np.abs(stroke.points[:, 1:] - rows[None, :]) < 0.06
            for k in range(24):
                if near[:, k].any():
                    x = stroke.points[near[:, k], 0]
                    limit[k] = most(limit[k], x.max() if most is np.maximum else x.min())
    clearance = front - edge
    closest = float(clearance[np.isfinite(clearance)].min(initial=0.3))
    # Bars that reach far under or over the neighbour stop where its last third begins, so that both stay legible.
    reach = max(-closest - overlap, float(left.box[0, 0] + 0.65 * np.ptp(left.box[:, 0]) - right.box[0, 0]))
    return right.moved(np.array([reach, 0.0]))


def rows(writer: Writer, rng: np.random.Generator, size: tuple[int, int]) -> Page:
    """Two to five lines of digits."""
    count = int(rng.integers(2, 6))
    gap, leading = rng.uniform(1.0, 2.5), rng.uniform(1.5, 2.2)
    length = int(rng.integers(2, 9))
    marks: list[Mark] = []
    for row in range(count):
        values = _values(max(2, length - int(rng.integers(0, 3))), rng)
        line = in_line([digit(value, writer, rng) for value in values], writer, rng, gap, row)
        indent = 0.3 * abs(rng.standard_normal())
        marks += [mark.moved(np.array([indent, leading * row])) for mark in line]
    return place(marks, size, (0.65, 0.92), rng)


def scattered(writer: Writer, rng: np.random.Generator, size: tuple[int, int]) -> Page:
    """Four to fourteen digits all over the page, in different sizes: no order of reading."""
    columns, lines = int(rng.integers(3, 6)), int(rng.integers(2, 5))
    cells = rng.permutation(columns * lines)[: int(rng.integers(4, 15))]
    pitch = np.array([size[0] / columns, size[1] / lines])
    marks = []
    for cell in sorted(cells.tolist()):
        mark = digit(int(rng.integers(10)), writer, rng)
        scale = min(pitch) * rng.uniform(0.3, 0.62)
        box = mark.box * scale
        room = np.maximum(pitch * 0.9 - (box[1] - box[0]), 0)
        corner = np.array([cell % columns, cell // columns]) * pitch + pitch * 0.05
        mark = mark.moved(corner + room * rng.random(2) - box[0], scale)
        marks.append(replace(mark, row=cell // columns))
    return Page(tuple(marks), np.zeros((0, 2, 2)), ordered=False)


def form(writer: Writer, rng: np.random.Generator, size: tuple[int, int]) -> Page:
    """Digits in the boxes of a form, one in each; some boxes may stay empty at the end."""
    count = int(rng.integers(1, 9))
    width, height = rng.uniform(0.95, 1.3), rng.uniform(1.35, 1.7)
    marks = []
    for index, value in enumerate(_values(count, rng)):
        mark = digit(value, writer, rng)
        box = mark.box
        small = min(0.85 * width / max(box[1, 0] - box[0, 0], 0.1), 0.82 * height / (box[1, 1] - box[0, 1]), 1.0)
        middle = np.array([(index + 0.5) * width, height / 2]) + 0.04 * rng.standard_normal(2)
        marks.append(mark.moved(middle - small * box.mean(axis=0), small))
    boxes = count + int(rng.integers(0, 3))
    cells = np.array([[[i * width, 0.0], [(i + 1) * width, height]] for i in range(boxes)])
    frame = [Mark(None, (Stroke(cell, np.ones(2)),), 1.0, 0) for cell in cells]
    offset, scale = _fit(frame, size, (0.4, 0.85), rng)
    return Page(tuple(mark.moved(offset, scale) for mark in marks), cells * scale + offset)


def cut(writer: Writer, rng: np.random.Generator, size: tuple[int, int]) -> Page:
    """A number that runs out of the picture on one side."""
    page = _number(writer, rng, size, rng.uniform(0.9, 1.6), (3, 6))
    boxes = np.array([mark.box for mark in page.marks])
    side = int(rng.integers(4))
    if side == 0:
        # Only the last third of the first digit can be seen …
        return _shifted(page, np.array([-boxes[0, 0, 0] - 0.7 * np.ptp(boxes[0, :, 0]) - 0.1 * page.pitch, 0.0]))
    if side == 1:
        # … or the first third of the last one …
        return _shifted(
            page, np.array([size[0] - boxes[-1, 0, 0] - 0.3 * np.ptp(boxes[-1, :, 0]) + 0.1 * page.pitch, 0.0])
        )
    # … or a little is missing above or below, and all can still be read.
    if side == 2:
        return _shifted(page, np.array([0.0, -boxes[:, 0, 1].min() - 0.1 * page.pitch]))
    return _shifted(page, np.array([0.0, size[1] - boxes[:, 1, 1].max() + 0.1 * page.pitch]))


def _shifted(page: Page, offset: npt.NDArray[np.float64]) -> Page:
    return replace(page, marks=tuple(mark.moved(offset) for mark in page.marks))


def broken(writer: Writer, rng: np.random.Generator, size: tuple[int, int]) -> Page:
    """A number written with a pen that hardly works: its strokes have gaps."""
    page = _number(writer, rng, size, rng.uniform(1.2, 2.2), (1, 5))
    return replace(
        page, marks=tuple(replace(m, strokes=tuple(with_gaps(s, 2, rng) for s in m.strokes)) for m in page.marks)
    )


def with_gaps(stroke: Stroke, gaps: int, rng: np.random.Generator) -> Stroke:
    """The same stroke with the pen lifted for a few short stretches, never at an end."""
    count = len(stroke.points)
    widths = stroke.widths.copy()
    for start in rng.integers(3, max(4, count - 4), gaps).tolist():
        widths[start : start + 2] = 0.0
    widths[-2:] = np.where(widths[-2:] == 0, stroke.widths[-2:], widths[-2:])
    return replace(stroke, widths=widths)


def mixed(writer: Writer, rng: np.random.Generator, size: tuple[int, int]) -> Page:
    """Digits among other handwriting: a sum, a word and a number, a ticked or underlined number."""
    kind = int(rng.integers(4))
    values = _values(int(rng.integers(2, 5)), rng)
    digits = [digit(value, writer, rng) for value in values]
    if kind == 0:
        signs = [form for form in SIGNS if form.character in "+-×÷="]
        split = int(rng.integers(1, len(digits)))
        sign = _written(signs[int(rng.integers(len(signs)))], writer, rng)
        line = in_line([*digits[:split], sign, *digits[split:]], writer, rng, 2.0)
    elif kind == 1:
        word = [_other(writer, rng, letters=True) for _ in range(int(rng.integers(2, 6)))]
        line = in_line(word, writer, rng, 0.7)
        reach = max(mark.box[1, 0] for mark in line) + 0.6
        line += [mark.moved(np.array([reach, 0.0])) for mark in in_line(digits, writer, rng, 1.2)]
    elif kind == 2:
        line = in_line(digits, writer, rng, 1.3)
        right = max(mark.box[1, 0] for mark in line)
        points = np.linspace([-0.1, 1.22], [right + 0.1, 1.18], 12) + 0.01 * rng.standard_normal((12, 2))
        line.append(Mark(None, (Stroke(points, np.ones(12)),), 1.0, 0))
    else:
        line = in_line([*digits, _other(writer, rng, letters=False)], writer, rng, 2.4)
    return place(line, size, (0.5, 0.85), rng)


def nothing(writer: Writer, rng: np.random.Generator, size: tuple[int, int]) -> Page:
    """No digit: words, signs, scribbles."""
    kind = int(rng.integers(3))
    if kind == 0:
        marks = []
        for row in range(int(rng.integers(1, 4))):
            word = [_other(writer, rng, letters=True) for _ in range(int(rng.integers(3, 9)))]
            marks += [mark.moved(np.array([0.0, 1.9 * row])) for mark in in_line(word, writer, rng, 0.7, row)]
        return place(marks, size, (0.5, 0.9), rng)
    if kind == 1:
        marks = in_line([_other(writer, rng, letters=False) for _ in range(int(rng.integers(1, 4)))], writer, rng, 2.5)
        return place(marks, size, (0.4, 0.8), rng)
    return place([Mark(None, (scribble(rng),), 1.0, 0, "scribble")], size, (0.3, 0.8), rng)


def scribble(rng: np.random.Generator) -> Stroke:
    """A stroke to and fro that means nothing."""
    turns = int(rng.integers(5, 14))
    corners = np.stack([np.linspace(0, rng.uniform(0.6, 2.0), turns), np.arange(turns) % 2 * 1.0], axis=1)
    corners = corners + 0.18 * rng.standard_normal(corners.shape)
    at = np.linspace(0, turns - 1, 10 * turns)
    base = np.minimum(at.astype(int), turns - 2)
    ease = 0.5 - 0.5 * np.cos(math.pi * (at - base))
    points = corners[base] * (1 - ease[:, None]) + corners[base + 1] * ease[:, None]
    return Stroke(points, np.ones(len(points)))


Layout = Callable[[Writer, np.random.Generator, tuple[int, int]], Page]

LAYOUTS: dict[str, Layout] = {
    "single": single,
    "number": number,
    "rows": rows,
    "scattered": scattered,
    "form": form,
    "touching": touching,
    "broken": broken,
    "cut": cut,
    "mixed": mixed,
    "nothing": nothing,
}
"""All kinds of scenes by name."""
