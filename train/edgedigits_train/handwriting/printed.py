"""Print: lines of a book, labels of a form, icons, from the fonts that matplotlib ships."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
import numpy.typing as npt

from edgedigits_train.handwriting import texts
from edgedigits_train.handwriting.layouts import Layout, Mark, Page, Stamp, place
from edgedigits_train.handwriting.lettering import extent
from edgedigits_train.handwriting.writer import Writer

_FONTS = (
    *("DejaVuSans", "DejaVuSans-Bold", "DejaVuSans-Oblique", "DejaVuSansMono", "DejaVuSerif", "DejaVuSerif-Bold"),
    *("DejaVuSerif-Italic", "STIXGeneral", "STIXGeneralBol", "STIXGeneralItalic"),
)
_WITH_ICONS = "DejaVuSans"
_ICONS = "☀☁☂★☆☎☐☑☒☺☹☻♀♂♠♣♥♦♩♫⚀⚂⚙✂✈✉✌✎✓✔✕✖✗✘✚✱✿❀❄❝❤➔➜➤▲▼◆●■□◯⌂⌘⏏⇦⇨⇧↺♻⚠⚡"
_PIXELS = 72


@dataclass(frozen=True, eq=False)
class _Type:
    """One character of a font, in heights of its capitals; the base line is at y = 1.

    Attributes:
        mask: uint8 (H, W), 255 ink, trimmed to it.
        place: float64 (2,), where its top left corner is.
        size: float64 (2,), its width and height.
        advance: how far the next character is.
    """

    mask: npt.NDArray[np.uint8]
    place: npt.NDArray[np.float64]
    size: npt.NDArray[np.float64]
    advance: float


def fonts() -> tuple[str, ...]:
    """Names of fonts for any Latin, Cyrillic or Greek text."""
    return _FONTS


@cache
def _type(font: str, character: str) -> _Type | None:
    """None for a character without ink."""
    import matplotlib
    from PIL import ImageFont

    file = Path(matplotlib.get_data_path()) / "fonts" / "ttf" / f"{font}.ttf"
    face = ImageFont.truetype(str(file), _PIXELS)
    top, base = face.getbbox("H")[1], face.getbbox("H")[3]
    capital = float(base - top)
    advance = float(face.getlength(character)) / capital
    bitmap, corner = face.getmask2(character, mode="L")
    width, height = bitmap.size
    mask = np.array(bitmap, np.uint8).reshape(height, width) if width and height else np.zeros((0, 0), np.uint8)
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    if not rows.size:
        return None
    mask = mask[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    left, down = corner[0] + columns[0], corner[1] + rows[0] - base
    place_ = np.array([left / capital, 1 + down / capital])
    return _Type(mask, place_, np.array(mask.shape[::-1]) / capital, advance)


def print_line(text: str, font: str, row: int = 0, stretch: float = 1.0) -> list[Mark]:
    """A line of print, its capitals 1 high, its base line at y = 1.

    Args:
        text: in an alphabet that the font has.
        font: of `fonts()`.
        row: index of the line.
        stretch: how much wider than usual.
    """
    marks, pen = [], 0.0
    for character in text:
        kind = _type(font, character)
        if kind is None:
            pen += 0.38 * stretch
            continue
        left, top = kind.place
        width, height = kind.size
        first = np.array([pen + left * stretch, top])
        corners = first + np.array([[0.0, 0.0], [width * stretch, 0.0], [0.0, height]])
        value = int(character) if character.isdigit() else None
        marks.append(Mark(value, (), 1.0, row, character, Stamp(kind.mask, corners), printed=True))
        pen += kind.advance * stretch
    return marks


def print_lines(lines: Sequence[str], font: str, leading: float) -> list[Mark]:
    """Lines of print one below the other."""
    return [
        mark.moved(np.array([0.0, leading * row]))
        for row, line in enumerate(lines)
        for mark in print_line(line, font, row)
    ]


def print_page(writer: Writer, rng: np.random.Generator, size: tuple[int, int]) -> Page:
    """A page of a book, a sign, a heading: print without digits."""
    del writer
    font, alphabet = texts.pick(_FONTS, rng), texts.script(rng)
    count = 1 + int(15 * rng.random() ** 1.3)
    length = int(np.clip(count * 1.7 / 0.6 * size[0] / size[1] * rng.uniform(0.6, 1.2), 3, 70))
    case = str(rng.choice(["lower", "upper", "title"], p=[0.7, 0.15, 0.15]))
    lines = [texts.words(rng, length, alphabet, case) for _ in range(count)]
    return place(print_lines(lines, font, rng.uniform(1.5, 2.1)), size, (0.5, 1.0), rng)


def icons(writer: Writer, rng: np.random.Generator, size: tuple[int, int]) -> Page:
    """A few icons, or rows of them."""
    del writer
    count, length = 1 + int(5 * rng.random() ** 2), 1 + int(8 * rng.random() ** 1.5)
    marks: list[Mark] = []
    for row in range(count):
        line = "".join(f"{texts.pick(_ICONS, rng)} " for _ in range(length))
        marks += [mark.moved(np.array([0.0, 1.9 * row])) for mark in print_line(line, _WITH_ICONS, row)]
    return place(marks, size, (0.3, 0.95), rng)


def label(text: str, rng: np.random.Generator, height: float, end: tuple[float, float]) -> list[Mark]:
    """A printed label that ends at `end`, base line included, its capitals so high."""
    marks = [mark.moved(np.zeros(2), height) for mark in print_line(text, texts.pick(_FONTS, rng))]
    corner = np.array([end[0] - extent(marks)[1, 0], end[1] - height])
    return [mark.moved(corner) for mark in marks]


PRINTED: dict[str, Layout] = {"print": print_page, "icons": icons}
"""Kinds of pages that nobody wrote on, by name."""
