"""Text as marks: characters side by side on their lines, in one person's hand."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from zlib import crc32

import numpy as np

from edgedigits.arrays import Float64Array
from edgedigits_train.handwriting.characters import CHARACTERS
from edgedigits_train.handwriting.layouts import Mark
from edgedigits_train.handwriting.strokes import Stroke, write
from edgedigits_train.handwriting.writer import Writer, choose

_RAISED = {"²": "2", "³": "3"}
_LOW = ".,;"


@dataclass(frozen=True)
class Lettering:
    """How a page is lettered. Lengths are in heights of a digit.

    Attributes:
        letter_gap: between the letters of a word.
        digit_gap: between the digits of a number.
        word_gap: width of a space.
        letter_scale: height of capitals.
        joined: whether the letters of a word hang together.
        leading: from one base line to the next.
        indent: how far lines start from the margin.
    """

    letter_gap: float = 0.2
    digit_gap: float = 0.3
    word_gap: float = 0.6
    letter_scale: float = 1.0
    joined: bool = False
    leading: float = 1.8
    indent: float = 0.1

    @classmethod
    def sample(cls, rng: np.random.Generator) -> Lettering:
        """Draw how somebody letters: close or spaced, joined or not."""
        joined = rng.random() < 0.25
        letter_gap = rng.uniform(-0.05, 0.1) if joined else 0.06 + 0.5 * rng.random() ** 2
        return cls(
            letter_gap=letter_gap,
            digit_gap=0.1 + 0.3 * rng.random(),
            word_gap=max(rng.uniform(0.4, 0.9), 2.2 * letter_gap),
            letter_scale=rng.uniform(0.75, 1.1),
            joined=joined,
            leading=rng.uniform(1.45, 2.3),
            indent=0.25 * rng.random() ** 2,
        )


def character(text: str, writer: Writer, rng: np.random.Generator) -> Mark:
    """One character at the origin, in heights of a digit; `text` is a digit or a key of `CHARACTERS`."""
    if text.isdigit():
        return Mark(int(text), tuple(write(writer.form(int(text), rng), writer, rng)), 1.0, 0, text)
    # A habit for each character, without a number for each in every writer.
    habit = ((writer.hand ^ crc32(text.encode())) * 2654435761 % (1 << 32)) / (1 << 32)
    chance = rng.random(2)
    form = choose(CHARACTERS[text], habit if chance[0] >= writer.fickleness else chance[1])
    return Mark(None, tuple(write(form, writer, rng)), 1.0, 0, text)


def set_line(text: str, writer: Writer, lettering: Lettering, rng: np.random.Generator, row: int = 0) -> list[Mark]:
    """Set one line of text, its base line at y = 1, from x = 0 on; rightwards it drifts as the writer's lines do."""
    marks: list[Mark] = []
    pen, before = 0.0, " "
    for letter in text:
        if letter == " ":
            pen += lettering.word_gap * rng.uniform(0.8, 1.4)
            before = " "
            continue
        mark = _sized(character(_RAISED.get(letter, letter), writer, rng), letter, lettering, writer, rng)
        left, right = mark.box[:, 0]
        if before != " ":
            pen += _gap(before, letter, lettering) * rng.uniform(0.6, 1.5)
        dy = writer.drift * pen + writer.bounce * rng.standard_normal()
        placed = replace(mark.moved(np.array([pen - left, dy])), row=row)
        if lettering.joined and before.isalpha() and letter.isalpha() and before.islower():
            marks[-1] = joined(marks[-1], placed)
        marks.append(placed)
        pen += right - left
        before = letter
    return marks


def _gap(before: str, letter: str, lettering: Lettering) -> float:
    if before.isalpha() and letter.isalpha():
        return lettering.letter_gap
    if letter in _LOW:
        return 0.6 * lettering.digit_gap
    return lettering.digit_gap


def _sized(mark: Mark, letter: str, lettering: Lettering, writer: Writer, rng: np.random.Generator) -> Mark:
    """A mark as large as it is on the line, scaled about the base line."""
    scale = math.exp(2 * writer.looseness * rng.standard_normal())
    if letter in _RAISED:
        small = 0.5 * scale
        return mark.moved(np.array([0.0, -0.25]), small)
    if not letter.isdigit() and letter.isalpha():
        scale *= lettering.letter_scale
    return mark.moved(np.array([0.0, 1 - scale]), scale)


def joined(left: Mark, right: Mark, high: bool = False) -> Mark:
    """The left one of two characters with the stroke that leads to the right one, along the base line or `high` up."""
    lean = -0.6 if high else 0.3
    start = max((stroke.points[-1] for stroke in left.strokes), key=lambda point: float(point[0] + lean * point[1]))
    end = min((stroke.points[0] for stroke in right.strokes), key=lambda point: float(point[0] - 0.2 * point[1]))
    if high:
        start = _highest(left, 0.75)
        end = _highest(right, 0.25)
    reach = max(float(end[0] - start[0]), 0.12)
    along = np.linspace(0, 1, 8)[:, None]
    sag = 0.05 if high else 0.08
    bends = np.array([start, start + np.array([0.4 * reach, sag]), end + np.array([-0.4 * reach, 1.5 * sag]), end])
    weights = np.hstack([(1 - along) ** 3, 3 * along * (1 - along) ** 2, 3 * along**2 * (1 - along), along**3])
    link = Stroke(np.asarray(weights @ bends, np.float64), np.full(8, 0.85))
    return replace(left, strokes=(*left.strokes, link))


def _highest(mark: Mark, share: float) -> Float64Array:
    """The highest point of a mark's path about `share` of its width from the left."""
    points = np.concatenate([stroke.points for stroke in mark.strokes])
    left, right = points[:, 0].min(), points[:, 0].max()
    near = points[np.abs(points[:, 0] - left - share * (right - left)) <= max(0.15 * (right - left), 0.05)]
    near = near if len(near) else points
    return np.asarray(near[near[:, 1].argmin()], np.float64)


def set_lines(
    lines: Sequence[str], writer: Writer, lettering: Lettering, rng: np.random.Generator, middle: bool = False
) -> list[Mark]:
    """Set lines of text one below the other, to a ragged margin or about the `middle`."""
    marks: list[Mark] = []
    for row, text in enumerate(lines):
        line = set_line(text, writer, lettering, rng, row)
        if not line:
            continue
        start = -max(mark.box[1, 0] for mark in line) / 2 if middle else lettering.indent * abs(rng.standard_normal())
        down = lettering.leading * row + 0.05 * rng.standard_normal()
        marks += [mark.moved(np.array([start, down])) for mark in line]
    return marks


def extent(marks: Sequence[Mark]) -> Float64Array:
    """Top left and bottom right corner of all paths, float64 (2, 2)."""
    boxes = np.array([mark.box for mark in marks])
    return np.array([boxes[:, 0].min(axis=0), boxes[:, 1].max(axis=0)])


def beside(blocks: Sequence[Sequence[Mark]], gap: float) -> list[Mark]:
    """Blocks of marks from left to right, `gap` apart."""
    marks = list(blocks[0])
    for block in blocks[1:]:
        shift = extent(marks)[1, 0] + gap - extent(block)[0, 0]
        marks += [mark.moved(np.array([shift, 0.0])) for mark in block]
    return marks
