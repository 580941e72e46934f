"""Numbers in notes: what stands among words is read where it is a number, and words are not read as one."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np
import pytest

from edgedigits import Reader
from edgedigits_train.handwriting.alphabet import LETTERS
from edgedigits_train.handwriting.layouts import LAYOUTS, Layout, Mark, Page, digit, in_line
from edgedigits_train.handwriting.scenes import render_scene
from edgedigits_train.handwriting.strokes import write
from edgedigits_train.handwriting.writer import Writer

SCENES = 40


def line_of(words: Sequence[Sequence[Mark]], row: int, writer: Writer, rng: np.random.Generator) -> list[Mark]:
    """Return words side by side, with a space between them."""
    line: list[Mark] = []
    for word in words:
        start = max(mark.box[1, 0] for mark in line) + rng.uniform(0.7, 1.2) if line else 0.0
        line += [mark.moved(np.array([start, 1.9 * row])) for mark in in_line(word, writer, rng, 0.8, row)]
    return line


def page_of(
    lines: Sequence[Sequence[Sequence[Mark]]], writer: Writer, rng: np.random.Generator, size: tuple[int, int]
) -> Page:
    """Return lines of words, one below the other, so large that they fill most of the page."""
    marks = [mark for row, line in enumerate(lines) for mark in line_of(line, row, writer, rng)]
    boxes = np.array([mark.box for mark in marks])
    low, high = boxes[:, 0].min(axis=0), boxes[:, 1].max(axis=0)
    scale = float(min(0.85 * np.array(size) / (high - low)))
    offset = (np.array(size) - scale * (high + low)) / 2
    return Page(tuple(mark.moved(offset, scale) for mark in marks), np.zeros((0, 2, 2)))


def word(writer: Writer, rng: np.random.Generator) -> list[Mark]:
    forms = [LETTERS[i] for i in rng.integers(len(LETTERS), size=rng.integers(2, 8))]
    return [Mark(None, tuple(write(form, writer, rng)), 1.0, 0) for form in forms]


def number(writer: Writer, rng: np.random.Generator) -> list[Mark]:
    return [digit(value, writer, rng) for value in rng.integers(10, size=rng.integers(3, 7)).tolist()]


def lines_of_words(writer: Writer, rng: np.random.Generator) -> list[list[list[Mark]]]:
    return [[word(writer, rng) for _ in range(rng.integers(1, 4))] for _ in range(rng.integers(3, 6))]


def words(writer: Writer, rng: np.random.Generator, size: tuple[int, int]) -> Page:
    return page_of(lines_of_words(writer, rng), writer, rng, size)


def number_at_the_end(writer: Writer, rng: np.random.Generator, size: tuple[int, int]) -> Page:
    lines = lines_of_words(writer, rng)
    lines[rng.integers(len(lines))].append(number(writer, rng))
    return page_of(lines, writer, rng, size)


def number_in_its_own_line(writer: Writer, rng: np.random.Generator, size: tuple[int, int]) -> Page:
    lines = lines_of_words(writer, rng)
    lines.insert(int(rng.integers(len(lines))), [number(writer, rng)])
    return page_of(lines, writer, rng, size)


@pytest.mark.parametrize(("layout", "least"), [(number_in_its_own_line, 0.8), (number_at_the_end, 0.63)])
def test_numbers_in_notes_are_read(
    layout: Layout, least: float, reader: Reader, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(LAYOUTS, "note", layout)
    read = there = found = 0
    for seed in range(SCENES):
        scene = render_scene(960_000 + seed, "note")
        truth = Counter(one.value for one in scene.digits)
        values = Counter(one.value for one in reader.read(scene.image).digits)
        read, there, found = read + (truth & values).total(), there + truth.total(), found + values.total()
    assert read >= least * there
    assert read >= 0.9 * found


def test_words_are_no_numbers(reader: Reader, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(LAYOUTS, "note", words)
    found = [len(reader.read(render_scene(960_000 + seed, "note").image).digits) for seed in range(SCENES)]
    assert found.count(0) >= 0.9 * SCENES
