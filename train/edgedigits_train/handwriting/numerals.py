"""Digits alone, as everyday layouts do not have them: close up, tiny, as bare sticks, joined, fading, cut out."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace

import numpy as np

from edgedigits_train.handwriting import texts
from edgedigits_train.handwriting.layouts import Layout, Mark, Page, digit, in_line, number, place, place_at, rows
from edgedigits_train.handwriting.letterforms import DIGITS, Letterform, letterforms
from edgedigits_train.handwriting.lettering import Lettering, joined, set_line, set_lines
from edgedigits_train.handwriting.strokes import Stroke, write
from edgedigits_train.handwriting.writer import Writer

Random = np.random.Generator
Size = tuple[int, int]


def with_habits(writer: Writer, **forms: str) -> Writer:
    """The same writer, whose habit is the letterform of that name for each digit, as in ``one="long flag"``."""
    habits = writer.habits.copy()
    for word, name in forms.items():
        value = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine").index(word)
        habits[value] = _habit(DIGITS[value], name)
    return replace(writer, habits=habits, fickleness=0.1 * writer.fickleness)


def _habit(forms: tuple[Letterform, ...], name: str) -> float:
    index = [form.name for form in forms].index(name)
    weights = [form.weight for form in forms]
    return (sum(weights[:index]) + weights[index] / 2) / sum(weights)


def close(writer: Writer, rng: Random, size: Size) -> Page:
    """One digit that fills the picture, more often than not a 1 or a 4."""
    value = int(rng.choice([1, 1, 4, 7])) if rng.random() < 0.4 else int(rng.integers(10))
    return place([digit(value, writer, rng)], size, (0.7, 0.94), rng)


def _stick(writer: Writer, rng: Random) -> Mark:
    form = _stick_form(rng)
    return Mark(1, tuple(write(form, writer, rng)), 1.0, 0, "1")


def _stick_form(rng: Random) -> Letterform:
    """A 1 without flag or foot."""
    sticks = [form for form in DIGITS[1] if form.name in ("stick", "bowed stick", "leaning stick")]
    return sticks[int(rng.choice(len(sticks), p=[0.7, 0.2, 0.1]))]


def sticks(writer: Writer, rng: Random, size: Size) -> Page:
    """Bare sticks as ones: one alone, some among other digits, or rows of short thick ones."""
    kind = rng.random()
    if kind < 0.3:
        return place([_stick(writer, rng)], size, (0.3, 0.95), rng)
    marks: list[Mark] = []
    short = 1.0 if rng.random() < 0.5 else rng.uniform(0.4, 0.9)
    others = 0.0 if kind < 0.65 else 0.4
    for row in range(1 + int(3 * rng.random() ** 2)):
        ones = [
            digit(int(rng.integers(10)), writer, rng) if rng.random() < others else _stick(writer, rng)
            for _ in range(rng.integers(2, 12))
        ]
        line = in_line(ones, writer, rng, rng.uniform(1.0, 2.6), row)
        # shorter in the same pen: thick for their height
        line = [mark.bent(np.diag([max(short, 0.7), short]), np.zeros(2)) for mark in line]
        marks += [mark.moved(np.array([0.0, 1.8 * row])) for mark in line]
    return place(marks, size, (0.4, 0.95), rng)


def tiny(writer: Writer, rng: Random, size: Size) -> Page:
    """Lines of digits 8 to 14 pixels high, a few of them in a large picture."""
    gap, leading = rng.uniform(1.0, 2.5), rng.uniform(1.5, 2.6)
    marks: list[Mark] = []
    for row in range(rng.integers(1, 8)):
        values = rng.integers(0, 10, rng.integers(2, 14)).tolist()
        line = in_line([digit(value, writer, rng) for value in values], writer, rng, gap, row)
        marks += [mark.moved(np.array([0.0, leading * row])) for mark in line]
    return place_at(marks, size, rng.uniform(8, 14), rng)


def sheet(writer: Writer, rng: Random, size: Size) -> Page:
    """A sheet full of digits, well apart: each line another digit, or any."""
    count, length = int(rng.integers(6, 12)), int(rng.integers(6, 13))
    pitch = np.array([rng.uniform(1.0, 2.0), rng.uniform(1.4, 2.0)])
    same, marks = rng.random() < 0.5, []
    for row in range(count):
        for column in range(length if rng.random() < 0.9 else length - 2):
            mark = digit(row % 10 if same else int(rng.integers(10)), writer, rng)
            at = pitch * [column, row] + rng.normal(0, 0.07, 2) - [mark.box[0, 0], 0]
            marks.append(replace(mark.moved(at), row=row))
    return place(marks, size, (0.8, 1.0), rng)


def joined_zeros(writer: Writer, rng: Random, size: Size) -> Page:
    """Round numbers whose zeros hang together, and other numbers written without lifting the pen."""
    marks: list[Mark] = []
    for row in range(1 + int(3 * rng.random() ** 2)):
        head = texts.digits(rng, 1, 2)
        text = head + "0" * int(rng.integers(2, 5)) if rng.random() < 0.75 else texts.digits(rng, 2, 5)
        line = set_line(text, writer, Lettering(digit_gap=rng.uniform(-0.02, 0.16)), rng, row)
        for index in range(len(line) - 1):
            zeros = line[index].value == line[index + 1].value == 0
            if zeros or rng.random() < 0.25:
                line[index] = joined(line[index], line[index + 1], high=zeros)
        marks += [mark.moved(np.array([0.0, 1.9 * row])) for mark in line]
    return place(marks, size, (0.5, 0.95), rng)


def fading(writer: Writer, rng: Random, size: Size) -> Page:
    """Digits in ink that gives out along each stroke, or comes back in the middle of it."""
    page = (number if rng.random() < 0.6 else rows)(writer, rng, size)
    least = rng.uniform(0.25, 0.6)
    return replace(page, marks=tuple(_fade(mark, least, rng) for mark in page.marks))


def _fade(mark: Mark, least: float, rng: Random) -> Mark:
    strokes = []
    for stroke in mark.strokes:
        along = np.linspace(0, 1, len(stroke.points))
        if rng.random() < 0.6:
            flow = 1 - (1 - least) * np.clip((along - rng.uniform(0.1, 0.5)) / 0.5, 0, 1)
        else:
            flow = 1 - (1 - least) * np.abs(np.sin(math.pi * (along * rng.uniform(0.6, 2.0) + rng.random())))
        strokes.append(replace(stroke, levels=np.asarray(flow, np.float64)))
    return replace(mark, strokes=tuple(strokes))


_UPSTROKES = ("short flag", "long flag", "half-height flag", "hooked flag", "flag from the line", "long flag and foot")
_CROSSED = ("crossed", "serif, crossed", "bowed, crossed", "crossed low, wide")


_LIKE_SEVENS = letterforms(
    "1",
    ("flat flag", 2, "0,12 22,3 44,0! 43,50 42,100"),
    ("low flat flag", 1, "0,22 24,12 50,6! 50,50 49,104"),
    ("bowed flat flag", 1, "2,8 24,0 46,3! 45,48 44,98"),
)
"""Ones that only crossed sevens beside them tell from a seven: with a flag nearly level, on an upright stem."""


def upstrokes(writer: Writer, rng: Random, size: Size) -> Page:
    """A hand whose ones have upstrokes, some as flat as a seven's bar, and whose sevens are crossed: many of both."""
    writer = with_habits(writer, one=texts.pick(_UPSTROKES, rng), seven=texts.pick(_CROSSED, rng))
    flat = _LIKE_SEVENS[int(rng.integers(len(_LIKE_SEVENS)))] if rng.random() < 0.3 else None
    marks: list[Mark] = []
    for row in range(1 + int(6 * rng.random() ** 1.5)):
        values = [
            int(rng.choice([1, 7])) if rng.random() < 0.5 else int(rng.integers(10)) for _ in range(rng.integers(1, 9))
        ]
        written = [
            Mark(1, tuple(write(flat, writer, rng)), 1.0, 0, "1") if flat and value == 1 else digit(value, writer, rng)
            for value in values
        ]
        line = in_line(written, writer, rng, rng.uniform(0.9, 2.2), row)
        marks += [mark.moved(np.array([0.0, 1.9 * row])) for mark in line]
    return place(marks, size, (0.5, 0.95), rng)


def amounts(writer: Writer, rng: Random, size: Size) -> Page:
    """An amount as on a cheque, for a picture that is cut out close around it."""
    if rng.random() < 0.6:
        writer = with_habits(writer, one=texts.pick((*_UPSTROKES, "leaning stick", "short flag", "long flag"), rng))
    writer = replace(writer, slant=writer.slant + 0.15 * rng.random())
    text = texts.digits(rng, 2, 5) if rng.random() < 0.7 else texts.number(rng, 4)
    text += texts.pick((",", ".", ",-", "=", "-"), rng) if rng.random() < 0.25 else ""
    line = set_line(text, writer, Lettering(digit_gap=rng.uniform(-0.03, 0.3)), rng)
    for index in range(len(line) - 1):
        if line[index].value == line[index + 1].value == 0 and rng.random() < 0.4:
            line[index] = joined(line[index], line[index + 1], high=True)
    page = place_at(line, size, rng.uniform(24, 90), rng)
    if rng.random() < 0.6:
        page = replace(page, marks=(*page.marks, *_base_lines(page, rng)))
    return page


def _base_lines(page: Page, rng: Random) -> list[Mark]:
    """The printed line that the amount stands on, now and then one above or at its side as well."""
    boxes = np.array([mark.box for mark in page.marks])
    low, high = boxes[:, 0].min(axis=0), boxes[:, 1].max(axis=0)
    pitch = page.pitch
    base = high[1] - pitch * rng.uniform(-0.1, 0.12)
    ends = [((low[0] - pitch, base), (high[0] + pitch, base + 0.03 * pitch * rng.standard_normal()))]
    if rng.random() < 0.2:
        top = low[1] + pitch * rng.uniform(-0.15, 0.05)
        ends.append(((low[0] - pitch, top), (high[0] + pitch, top)))
    if rng.random() < 0.1:
        side = low[0] + pitch * rng.uniform(-0.2, 0.2)
        ends.append(((side, low[1] - pitch), (side, high[1] + pitch)))
    return [Mark(None, (Stroke(np.array(pair), np.ones(2)),), pitch * 0.6, 0, printed=True) for pair in ends]


def tight(writer: Writer, rng: Random, size: Size) -> Page:
    """Any number, for a picture that is cut out close around it."""
    figures: tuple[Callable[[Random], str], ...] = (texts.decimal, texts.date, texts.time, texts.price)
    plain = rng.random() < 0.6
    text = texts.digits(rng, 1, 7) if plain else figures[int(rng.integers(len(figures)))](rng)
    return place_at(set_lines([text], writer, Lettering.sample(rng), rng), size, rng.uniform(16, 110), rng)


NUMERALS: dict[str, Layout] = {
    "close": close,
    "sticks": sticks,
    "tiny": tiny,
    "sheet": sheet,
    "joined zeros": joined_zeros,
    "fading": fading,
    "upstrokes": upstrokes,
    "amounts": amounts,
    "tight": tight,
}
"""Kinds of pages of digits that everyday layouts do not have, by name."""
CUT_OUT = frozenset({"amounts", "tight"})
"""Those of which the picture shows the ink and nothing around it."""
OWN_SHAPES = frozenset({"broken", "fading", "joined zeros", "sticks", "upstrokes"})
"""Those whose point is the shape of their digits, so that no other digits can stand there."""
