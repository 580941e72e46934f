"""Pages with lines and boxes: tables, sudokus, forms, lists to tick; and what was crossed out."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from edgedigits_train.handwriting import texts
from edgedigits_train.handwriting.layouts import Layout, Mark, Page, digit, in_line, place, scribble
from edgedigits_train.handwriting.lettering import Lettering, character, extent, set_line, set_lines
from edgedigits_train.handwriting.printed import label, print_line
from edgedigits_train.handwriting.strokes import Stroke
from edgedigits_train.handwriting.writer import Writer

Random = np.random.Generator
Size = tuple[int, int]


def line(start: tuple[float, float], end: tuple[float, float], rng: Random, width: float, printed: bool) -> Mark:
    """A line of a table, as straight as a ruler or a hand draws it, so many pens wide."""
    if printed:
        return Mark(None, (Stroke(np.array([start, end]), np.ones(2)),), width, 0, printed=True)
    points = np.linspace(start, end, 14)
    wander = np.cumsum(rng.normal(0, 0.012, points.shape), axis=0)
    points = points + wander - np.linspace(0, 1, 14)[:, None] * wander[-1] + rng.normal(0, 0.03, (1, 2))
    return Mark(None, (Stroke(points, np.full(14, width)),), 1.0, 0)


def _grid(xs: list[float], ys: list[float], rng: Random, printed: bool, heavy: tuple[int, ...] = ()) -> list[Mark]:
    marks = [line((x, ys[0]), (x, ys[-1]), rng, 1.9 if i in heavy else 0.9, printed) for i, x in enumerate(xs)]
    return marks + [line((xs[0], y), (xs[-1], y), rng, 1.9 if i in heavy else 0.9, printed) for i, y in enumerate(ys)]


def sudoku(writer: Writer, rng: Random, size: Size) -> Page:
    """A sudoku, some of its cells empty; its lines printed or drawn, its digits small in their cells."""
    cell, share = rng.uniform(1.25, 2.4), rng.uniform(0.25, 1.0)
    printed, given = rng.random() < 0.75, 0.0 if rng.random() < 0.75 else rng.uniform(0.2, 0.5)
    edges = [cell * index for index in range(10)]
    heavy = (0, 3, 6, 9) if rng.random() < 0.85 else ()
    marks = _grid(edges, edges, rng, printed, heavy)
    font = "DejaVuSans"
    for row in range(9):
        for column in range(9):
            if rng.random() > share:
                continue
            value = int(rng.integers(1, 10))
            mark = print_line(str(value), font)[0] if rng.random() < given else digit(value, writer, rng)
            middle = np.array([column + 0.5, row + 0.5]) * cell + rng.normal(0, 0.06, 2)
            marks.append(replace(mark.moved(middle - mark.box.mean(axis=0)), row=row))
    if rng.random() < 0.3:
        title = set_line("SUDOKU", writer, Lettering.sample(rng), rng)
        marks += [mark.moved(np.array([0.0, -2.0])) for mark in title]
    return replace(place(marks, size, (0.6, 1.0), rng), ordered=False)


def table(writer: Writer, rng: Random, size: Size) -> Page:
    """A table: words at the head or the side, a number of any kind in most cells, with all lines, some or none."""
    count, columns = int(rng.integers(2, 9)), int(rng.integers(2, 6))
    lettering = replace(Lettering.sample(rng), joined=False)
    alphabet, case = texts.script(rng), texts.pick(("lower", "upper", "title"), rng)
    figures = [texts.FIGURES[int(rng.integers(len(texts.FIGURES)))] for _ in range(columns)]
    cells: dict[tuple[int, int], list[Mark]] = {}
    for row in range(count):
        for column in range(columns):
            if (row == 0 and rng.random() < 0.7) or (column == 0 and rng.random() < 0.5):
                text = texts.word(rng, alphabet, case)
            elif rng.random() < 0.15:
                continue
            else:
                text = texts.digits(rng, 1, 4) if rng.random() < 0.5 else figures[column](rng)
            cells[row, column] = set_line(text, writer, lettering, rng, row)
    widths = [
        max([1.0, *(float(np.ptp(extent(m)[:, 0])) for (_, c), m in cells.items() if c == k)]) for k in range(columns)
    ]
    pad, high = rng.uniform(0.25, 0.8), rng.uniform(1.35, 2.2)
    xs = [0.0, *np.cumsum([width + 2 * pad for width in widths]).tolist()]
    ys = [high * row for row in range(count + 1)]
    marks: list[Mark] = []
    right = rng.random() < 0.5
    for (row, column), block in cells.items():
        box = extent(block)
        left = xs[column + 1] - pad - box[1, 0] if right else xs[column] + pad - box[0, 0]
        marks += [mark.moved(np.array([left, ys[row] + (high - 1) / 2])) for mark in block]
    printed, kind = rng.random() < 0.6, rng.random()
    if kind < 0.6:
        marks += _grid(xs, ys, rng, printed)
    elif kind < 0.9:
        marks += [line((xs[0], y), (xs[-1], y), rng, 0.9, printed) for y in ys[1:-1]]
        marks += [line((x, ys[0]), (x, ys[-1]), rng, 0.9, printed) for x in xs[1:-1] if rng.random() < 0.5]
    return _turned(place(marks, size, (0.65, 0.95), rng), rng)


def _turned(page: Page, rng: Random, most: float = 0.05) -> Page:
    """A page on which people do not write quite level with its lines."""
    middle = extent(page.marks).mean(axis=0)
    turn = rng.normal(0, most / 2)
    matrix = np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
    shift = middle - matrix @ middle
    return replace(page, marks=tuple(m if m.printed else m.bent(matrix, shift) for m in page.marks))


def form_sheet(writer: Writer, rng: Random, size: Size) -> Page:
    """A printed form: labels, and behind each boxes with a digit in each, a line, or one box for all."""
    marks: list[Mark] = []
    alphabet = texts.script(rng)
    lettering = Lettering.sample(rng)
    for row in range(rng.integers(1, 7)):
        down = 2.3 * row
        name = texts.words(rng, int(rng.integers(3, 14)), alphabet, "title").rstrip(",.-") + texts.pick(
            (":", "", " "), rng
        )
        marks += label(name, rng, rng.uniform(0.4, 0.8), (-0.5, down + 0.95))
        kind, wide = rng.random(), rng.uniform(0.95, 1.3)
        text = texts.digits(rng, 1, 8) if kind < 0.5 or rng.random() < 0.5 else texts.figure(rng)
        written = set_line(text, writer, lettering, rng, row)
        if kind < 0.5:
            edges = [wide * index for index in range(len(text) + 1 + int(rng.integers(0, 3)))]
            marks += _grid(edges, [down - 0.25, down + 1.25], rng, True)
            for index, mark in enumerate(written):
                middle = np.array([(index + 0.5) * wide, down + 0.5]) + rng.normal(0, 0.06, 2)
                scale = min(0.9, 0.85 * wide / max(float(np.ptp(mark.box[:, 0])), 0.1))
                marks.append(mark.moved(middle - scale * mark.box.mean(axis=0), scale))
            continue
        if rng.random() < 0.2:
            written = set_line(texts.words(rng, 8, alphabet, "title"), writer, lettering, rng, row)
        marks += [mark.moved(np.array([0.3, down + rng.normal(-0.03, 0.05)])) for mark in written]
        end = max(extent(written)[1, 0] + 0.3 + rng.uniform(0.2, 2.0), 4.0)
        if kind < 0.8:
            marks.append(line((0.0, down + 1.08), (end, down + 1.08), rng, 0.7, True))
        else:
            marks += _grid([0.0, end], [down - 0.35, down + 1.35], rng, True)
    return place(marks, size, (0.65, 0.95), rng)


def checklist(writer: Writer, rng: Random, size: Size) -> Page:
    """A list to tick: a box, ticked, crossed or empty, then words and perhaps a number."""
    lettering, alphabet = Lettering.sample(rng), texts.script(rng)
    printed, side = rng.random() < 0.5, rng.uniform(0.6, 1.1)
    marks: list[Mark] = []
    for row in range(rng.integers(1, 8)):
        down = lettering.leading * row
        box_kind = rng.random()
        if box_kind < 0.75:
            top = down + 1 - side
            marks += _grid([0.0, side], [top, top + side], rng, printed)
        if rng.random() < 0.7:
            tick = character(texts.pick("✓✓✓✗✗×", rng), writer, rng)
            tick = replace(tick, row=row, character="✗" if tick.character == "×" else tick.character)
            box = tick.box
            scale = side / float(np.ptp(box[:, 1])) * rng.uniform(0.6, 1.5)
            middle = np.array([side / 2, down + 1 - side / 2]) + rng.normal(0, 0.1, 2)
            marks.append(tick.moved(middle - scale * box.mean(axis=0), scale))
        text = texts.words(rng, int(rng.integers(3, 14)), alphabet, "lower")
        text += f" {texts.figure(rng)}" if rng.random() < 0.5 else ""
        marks += [m.moved(np.array([side + 0.5, down])) for m in set_line(text, writer, lettering, rng, row)]
    return place(marks, size, (0.6, 0.95), rng)


def crossed_out(writer: Writer, rng: Random, size: Size) -> Page:
    """Numbers of which some digits were crossed out or scribbled over: those are numbers no longer."""
    marks: list[Mark] = []
    for row in range(rng.integers(1, 5)):
        written = in_line(
            [digit(int(v), writer, rng) for v in rng.integers(0, 10, rng.integers(2, 9))], writer, rng, 1.3, row
        )
        first = int(rng.integers(0, len(written)))
        gone = written[first : first + int(rng.integers(1, 4))] if rng.random() < 0.7 else []
        kept = [mark for mark in written if all(mark is not other for other in gone)]
        marks += [mark.moved(np.array([0.0, 2.0 * row])) for mark in [*kept, *_crossed(gone, rng)]]
    return place(marks, size, (0.5, 0.9), rng)


def _crossed(gone: list[Mark], rng: Random) -> list[Mark]:
    """What is left of digits that were crossed out: each with the line through it."""
    crossed = []
    kind = rng.random()
    for mark in gone:
        (left, top), (right, bottom) = mark.box
        if kind < 0.35:
            strokes = [_to_and_fro(mark, rng)]
        elif kind < 0.7:
            level = (top + bottom) / 2 + rng.normal(0, 0.06, 2)
            strokes = [_straight((left - 0.2, level[0]), (right + 0.2, level[1]))]
            if rng.random() < 0.4:
                strokes.append(_straight((left - 0.2, level[0] + 0.2), (right + 0.2, level[1] + 0.2)))
        else:
            strokes = [_straight((left - 0.12, bottom), (right + 0.12, top))]
            if rng.random() < 0.6:
                strokes.append(_straight((left - 0.12, top), (right + 0.12, bottom)))
        crossed.append(replace(mark, value=None, character="crossed out", strokes=(*mark.strokes, *strokes)))
    return crossed


def _straight(start: tuple[float, float], end: tuple[float, float]) -> Stroke:
    return Stroke(np.linspace(start, end, 8), np.ones(8))


def _to_and_fro(mark: Mark, rng: Random) -> Stroke:
    stroke = scribble(rng)
    low, high = stroke.points.min(axis=0), stroke.points.max(axis=0)
    box = mark.box + np.array([[-0.1, -0.05], [0.1, 0.05]])
    return stroke.moved(np.diag((box[1] - box[0]) / (high - low)), box[0] - low * (box[1] - box[0]) / (high - low))


def underlined(writer: Writer, rng: Random, size: Size) -> Page:
    """Numbers underlined, boxed or ringed, and sums set out below one another with a line."""
    kind = rng.random()
    lettering = Lettering.sample(rng)
    if kind < 0.45:
        return _column_sum(writer, lettering, rng, size)
    marks = set_lines([texts.figure(rng) for _ in range(rng.integers(1, 4))], writer, lettering, rng)
    (left, top), (right, bottom) = extent(marks) + np.array([[-0.3, -0.25], [0.3, 0.25]])
    if kind < 0.65:
        for k in range(rng.integers(1, 3)):
            marks.append(line((left, bottom + 0.2 * k), (right, bottom + 0.2 * k), rng, 1.0, False))
    elif kind < 0.8:
        marks += _grid([left, right], [top, bottom], rng, False)
    else:
        at = np.linspace(rng.uniform(0, 6), rng.uniform(6.5, 8.5), 40)
        ring = np.stack([np.cos(at) * (right - left) * 0.68, np.sin(at) * (bottom - top) * 0.7], axis=1)
        marks.append(Mark(None, (Stroke(ring + np.array([left + right, top + bottom]) / 2, np.ones(40)),), 1.0, 0))
    return place(marks, size, (0.5, 0.9), rng)


def _column_sum(writer: Writer, lettering: Lettering, rng: Random, size: Size) -> Page:
    marks: list[Mark] = []
    count = int(rng.integers(2, 6))
    fraction = texts.pick(("", "", ",", "."), rng)
    sign = texts.pick("+-×", rng)
    for row in range(count + 1):
        text = texts.number(rng, 4) + (fraction + texts.digits(rng, 2, 2) if fraction else "")
        if row == count - 1 or (0 < row < count and rng.random() < 0.3):
            text = f"{sign} {text}"
        written = set_line(text, writer, lettering, rng, row)
        down = 1.5 * row + (0.5 if row == count else 0.0)
        marks += [mark.moved(np.array([-extent(written)[1, 0], down])) for mark in written]
    left = float(extent(marks)[0, 0])
    marks.append(line((left - 0.2, 1.5 * count - 0.1), (0.3, 1.5 * count - 0.1), rng, 1.0, False))
    return place(marks, size, (0.55, 0.9), rng)


GRIDS: dict[str, Layout] = {
    "sudoku": sudoku,
    "table": table,
    "form sheet": form_sheet,
    "checklist": checklist,
    "crossed out": crossed_out,
    "underlined": underlined,
}
"""Kinds of pages with lines and boxes, by name."""
