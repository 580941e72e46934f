"""Pages as people fill them: notes, sums, dates, prices, letters and signs, beside the layouts of digits alone.

A page is a layout like those of `layouts`: from a writer, a source of randomness and the picture's size to what is
written where.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np

from edgedigits_train.handwriting import texts
from edgedigits_train.handwriting.layouts import Layout, Mark, Page, place, scribble
from edgedigits_train.handwriting.lettering import Lettering, beside, character, extent, set_line, set_lines
from edgedigits_train.handwriting.strokes import Stroke
from edgedigits_train.handwriting.writer import Writer

Random = np.random.Generator
Size = tuple[int, int]


def _case(rng: Random) -> str:
    return str(rng.choice(["lower", "upper", "title"], p=[0.4, 0.42, 0.18]))


def _for_case(lettering: Lettering, case: str) -> Lettering:
    """Capitals do not hang together."""
    if case != "upper":
        return lettering
    return replace(lettering, joined=False, letter_gap=max(lettering.letter_gap, 0.1))


def _shape(rng: Random, size: Size, most: int) -> tuple[int, int]:
    """How many lines, and how many characters a line, so that they fill the picture: up to so many lines."""
    count = 1 + int((most - 0.01) * rng.random() ** 1.6)
    # A line is about 1.8 heights of a digit apart, a character about 0.7 wide.
    length = round(count * 1.8 / 0.7 * size[0] / size[1] * rng.uniform(0.7, 1.3))
    return count, int(np.clip(length, 4, 60))


def _page(lines: Sequence[str], writer: Writer, lettering: Lettering, rng: Random, size: Size) -> Page:
    marks = set_lines([line.strip() for line in lines], writer, lettering, rng, middle=rng.random() < 0.15)
    return _placed(marks, size, (0.55, 0.95) if len(lines) > 3 else (0.3, 0.95), rng)


def _placed(marks: Sequence[Mark], size: Size, share: tuple[float, float], rng: Random) -> Page:
    """Marks on a page; one in five is seen from so near that its lines run out of the picture."""
    if rng.random() < 0.8:
        return place(marks, size, share, rng)
    page = place(marks, size, (1.0, 1.6), rng)
    beyond = np.maximum(extent(page.marks)[1] - np.array(size), 0)
    shift = -beyond * rng.random(2)
    moved = tuple(mark.moved(shift) for mark in page.marks)
    return replace(page, marks=moved, whole=False)


def words(writer: Writer, rng: Random, size: Size) -> Page:
    """Lines of words, without any digit."""
    alphabet, case = texts.script(rng), _case(rng)
    count, length = _shape(rng, size, 18)
    lettering = _for_case(Lettering.sample(rng), case)
    return _page([texts.words(rng, length, alphabet, case) for _ in range(count)], writer, lettering, rng, size)


def notes(writer: Writer, rng: Random, size: Size) -> Page:
    """Lines of words with a number of any kind in some, or on lines of their own."""
    alphabet, case = texts.script(rng), _case(rng)
    count, length = _shape(rng, size, 10)
    lettering = _for_case(Lettering.sample(rng), case)
    lines = []
    for _ in range(count):
        kind = rng.random()
        if kind < 0.35:
            lines.append(texts.words(rng, length, alphabet, case))
        elif kind < 0.75:
            lines.append(texts.sentence_with_number(rng, max(3, length - 6), alphabet, case))
        else:
            lines.append("  ".join(texts.figure(rng) for _ in range(1 + int(rng.random() * length / 8))))
    return _page(lines, writer, lettering, rng, size)


def line_ends(writer: Writer, rng: Random, size: Size) -> Page:
    """A list: a word or two and a number at the end of the line, or before them."""
    alphabet, case = texts.script(rng), _case(rng)
    count, length = _shape(rng, size, 8)
    lettering = _for_case(Lettering.sample(rng), case)
    kind, column = texts.FIGURES[int(rng.integers(len(texts.FIGURES)))], rng.random() < 0.4
    blocks: list[Mark] = []
    reach = 0.7 * length * rng.uniform(0.3, 0.6)
    for row in range(count):
        label = texts.words(rng, int(rng.integers(2, max(3, length // 2) + 1)), alphabet, case)[:length]
        amount = kind(rng) if rng.random() < 0.6 else texts.digits(rng, 1, 6)
        number = f"{row + 1}{texts.pick('.) ', rng)} " if rng.random() < 0.25 else ""
        line = set_line(f"{number}{label.strip()}", writer, lettering, rng, row)
        end = max(extent(line)[1, 0] + lettering.word_gap, reach if column else 0.0)
        tail = set_line(amount, writer, lettering, rng, row)
        line += [mark.moved(np.array([end, writer.drift * end])) for mark in tail]
        blocks += [mark.moved(np.array([0.0, lettering.leading * row])) for mark in line]
    return _placed(blocks, size, (0.6, 0.95), rng)


def letters(writer: Writer, rng: Random, size: Size) -> Page:
    """Sheets of single letters, well apart."""
    return _sheet(texts.letters, writer, rng, size)


def signs(writer: Writer, rng: Random, size: Size) -> Page:
    """Sheets of signs, well apart."""
    return _sheet(lambda rng, length, _: texts.signs(rng, length), writer, rng, size)


def _sheet(line: Callable[[Random, int, bool], str], writer: Writer, rng: Random, size: Size) -> Page:
    count = 1 + int(13 * rng.random() ** 1.4)
    length = int(np.clip(count * size[0] / size[1] * rng.uniform(0.8, 2.0), 1, 24))
    lettering = Lettering(
        word_gap=rng.uniform(0.3, 1.0), leading=rng.uniform(1.4, 2.2), letter_scale=rng.uniform(0.8, 1.1)
    )
    few = count * length < 16
    return _page([line(rng, length, few) for _ in range(count)], writer, lettering, rng, size)


def _figures(figure: Callable[[Random], str], most: int) -> Layout:
    def lines(writer: Writer, rng: Random, size: Size) -> Page:
        count = 1 + int((most - 0.01) * rng.random() ** 1.3)
        columns = 1 + int(2.99 * rng.random() ** 2) if count > 2 else 1
        rows = ["   ".join(figure(rng) for _ in range(columns)) for _ in range(count)]
        return _page(rows, writer, Lettering.sample(rng), rng, size)

    return lines


def sums(writer: Writer, rng: Random, size: Size) -> Page:
    """Sums, equations and systems of them behind a brace, one a line."""
    count = 1 + int(5.99 * rng.random() ** 1.8)
    with_letters = rng.random() < 0.35
    lettering = Lettering.sample(rng)
    marks = set_lines([texts.equation(rng, with_letters) for _ in range(count)], writer, lettering, rng)
    if count in (2, 3) and rng.random() < 0.4:
        brace = set_line(texts.pick("{{[(", rng), writer, lettering, rng)
        box, lines = extent(brace), extent(marks)
        brace = [mark.bent(np.diag([1.2, np.ptp(lines[:, 1]) / np.ptp(box[:, 1])]), np.zeros(2)) for mark in brace]
        box = extent(brace)
        shift = np.array([lines[0, 0] - 0.4 - box[1, 0], lines[0, 1] - box[0, 1]])
        marks = [mark.moved(shift) for mark in brace] + marks
    return place(marks, size, (0.6, 0.95), rng)


def fractions(writer: Writer, rng: Random, size: Size) -> Page:
    """Fractions with a bar, alone and in sums; now and then with a slash."""
    lettering = Lettering.sample(rng)
    marks: list[Mark] = []
    for row in range(1 + int(2.99 * rng.random() ** 2)):
        blocks: list[list[Mark]] = []
        for index in range(1 + int(3.99 * rng.random() ** 1.3)):
            if index:
                blocks.append(set_line(texts.pick("+-×:=", rng), writer, lettering, rng, 3 * row + 1))
            elif rng.random() < 0.3:
                blocks.append(set_line(texts.number(rng, 2), writer, lettering, rng, 3 * row + 1))
            slashed = rng.random() < 0.15
            blocks.append(
                set_line(f"{texts.number(rng, 2)}/{texts.number(rng, 2)}", writer, lettering, rng, 3 * row + 1)
                if slashed
                else _fraction(writer, lettering, rng, 3 * row)
            )
        marks += [mark.moved(np.array([0.0, 3.4 * row])) for mark in beside(blocks, rng.uniform(0.25, 0.6))]
    page = place(marks, size, (0.5, 0.9), rng)
    return Page(page.marks, page.cells, ordered=False)


def _fraction(writer: Writer, lettering: Lettering, rng: Random, row: int) -> list[Mark]:
    simple = rng.random() < 0.75
    over, under = (texts.number(rng, 3) if simple else texts.term(rng, rng.random() < 0.5) for _ in range(2))
    scale = rng.uniform(0.7, 1.0)
    above = [mark.moved(np.zeros(2), scale) for mark in set_line(over, writer, lettering, rng, row)]
    below = [mark.moved(np.zeros(2), scale) for mark in set_line(under, writer, lettering, rng, row + 2)]
    top, bottom = extent(above), extent(below)
    width = max(top[1, 0] - top[0, 0], bottom[1, 0] - bottom[0, 0]) + rng.uniform(0.0, 0.4)
    middle, gap = 0.5 + 0.04 * rng.standard_normal(), rng.uniform(0.1, 0.3)
    slope = 0.04 * rng.standard_normal() * width
    above = [mark.moved(np.array([-top[:, 0].mean(), middle - gap - top[1, 1]])) for mark in above]
    below = [mark.moved(np.array([-bottom[:, 0].mean(), middle + gap - bottom[0, 1]])) for mark in below]
    points = np.linspace([-width / 2, middle - slope / 2], [width / 2, middle + slope / 2], 10)
    points += 0.008 * rng.standard_normal(points.shape)
    bar = Mark(None, (Stroke(points, np.ones(10)),), scale, row + 1, "-")
    return [*above, bar, *below]


def doodles(writer: Writer, rng: Random, size: Size) -> Page:
    """Drawings that mean something to whoever drew them: waves, spirals, blobs, polygons, scribbles, arrows."""
    marks: list[Mark] = []
    count = 1 + int(7 * rng.random() ** 1.5)
    for index in range(count):
        if rng.random() < 0.3:
            mark = character(texts.pick("→↗↓←△☆□○☺♥√∞", rng), writer, rng)
        else:
            mark = Mark(None, tuple(_doodle(rng) for _ in range(rng.integers(1, 4))), 1.0, index, "doodle")
        marks.append(mark.moved(np.array([1.6 * (index % 4), 1.5 * (index // 4)]) + rng.normal(0, 0.15, 2)))
    return place(marks, size, (0.3, 1.0), rng)


def _doodle(rng: Random) -> Stroke:
    at = np.linspace(0, 1, 60)
    kind = int(rng.integers(5))
    if kind == 0:
        turns = rng.uniform(1, 5)
        points = np.stack([at * rng.uniform(0.6, 1.6), 0.5 + rng.uniform(0.1, 0.5) * np.sin(turns * 2 * np.pi * at)], 1)
    elif kind == 1:
        angle = at * rng.uniform(2, 5) * 2 * np.pi
        points = 0.5 + 0.5 * at[:, None] * np.stack([np.cos(angle), np.sin(angle)], axis=1)
    elif kind == 2:
        angle = at * 2 * np.pi
        radius = 0.4 + sum(rng.normal(0, 0.1 / k) * np.sin(k * angle + rng.uniform(0, 6)) for k in range(1, 6))
        points = 0.5 + np.asarray(radius)[:, None] * np.stack([np.cos(angle), np.sin(angle)], axis=1)
    elif kind == 3:
        corners = rng.random((rng.integers(3, 7), 2))
        corners = np.vstack([corners, corners[:1]]) if rng.random() < 0.6 else corners
        step = np.linspace(0, len(corners) - 1, 60)
        points = np.stack([np.interp(step, np.arange(len(corners)), corners[:, k]) for k in (0, 1)], axis=1)
    else:
        return scribble(rng)
    return Stroke(np.asarray(points, np.float64), np.ones(60))


TEXTS: dict[str, Layout] = {
    "words": words,
    "notes": notes,
    "line ends": line_ends,
    "letters": letters,
    "signs": signs,
    "doodles": doodles,
    "sums": sums,
    "fractions": fractions,
    "dates": _figures(texts.date, 6),
    "times": _figures(texts.time, 6),
    "decimals": _figures(texts.decimal, 6),
    "prices": _figures(texts.price, 6),
    "quantities": _figures(texts.quantity, 6),
    "phones": _figures(texts.phone, 4),
}
"""Kinds of pages of text, by name."""
