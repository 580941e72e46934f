"""Explaining: one picture of how an image was read, stage by stage."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np

from edgedigits.arrays import UInt8Array
from edgedigits.digit import Digit
from edgedigits.drawing import SURENESS, sureness, text_width, write_text
from edgedigits.finding.light import Level
from edgedigits.finding.page import Found, Page
from edgedigits.finding.peaks import share_names
from edgedigits.finding.tiles import TILE
from edgedigits.hints import Hint, find_hints
from edgedigits.reader import Reader
from edgedigits.reading import UNREADABLE, Reading

_WIDTH = 1280
_PANEL = _WIDTH // 2
_TALLEST = 860
_MARGIN = 8
_LINE = 26
_CELL = 80
_MOST_GLYPHS = 240
_LEGEND = 12
"""Pixels: height of its capitals."""
_PAPER = 255
_TEXT, _QUIET, _ADVICE = (30, 30, 30), (110, 110, 110), (150, 60, 0)
_DIGIT, _SIGN, _OTHER = (60, 150, 30), (200, 110, 20), (40, 40, 210)


def explain_reading(image: UInt8Array, reader: Reader) -> UInt8Array:
    """Read an image and show how.

    Args:
        image: uint8, (H, W, 3) in BGR.
        reader: reads it.

    Returns:
        uint8, (H', 1280, 3) in BGR.

    Example:
        >>> explain_reading(np.full((60, 90, 3), 255, np.uint8), Reader()).shape[2]
        3
    """
    reading, page = reader.examine(image)
    return draw_explanation(image, reading, page, find_hints(page))


def draw_explanation(image: UInt8Array, reading: Reading, page: Page, hints: Sequence[Hint]) -> UInt8Array:
    """Show how an image was read: the answers, what the network sees, the light evened out, and the glyphs.

    Digits have the colours of `edgedigits.drawing.SURENESS`, which a legend explains.

    The stages between are shown at that size of the image at which most of the digits were seen.

    Args:
        image: uint8, (H, W, 3) in BGR: the image that was read.
        reading, page: what `Reader.examine` returned.
        hints: what may be wrong with the image.

    Returns:
        uint8, (H', 1280, 3) in BGR.
    """
    level = _most_telling(page)
    size = "full size" if level.shrink == 1 else f"1/{level.shrink:.3g} of the size"
    turned = np.ascontiguousarray(np.rot90(image, page.turn))
    answers, seen = _panel(image), _panel(turned)
    for digit in reading.digits:
        _draw_box(answers, digit, answers.shape[1] / reading.size[0])
    _lay_maps(seen, page, seen.shape[1] / max(page.size[page.turn % 2] - 2 * page.border, 1.0))
    return np.vstack(
        [
            _lines(_summary(reading), _TEXT),
            _legend(),
            *([_lines([f"{hint.kind}: {hint.advice}" for hint in hints], _ADVICE)] if hints else []),
            _beside(
                _titled(answers, "the answers"),
                _titled(seen, "what the page network sees: digits green, signs blue, other writing red"),
            ),
            _beside(
                _titled(_panel(_evened(level)), f"light evened out ({size})"), _titled(_panel(_found(page)), "found")
            ),
            _glyphs(reading, page),
        ]
    )


def _summary(reading: Reading) -> list[str]:
    text = reading.in_one_line() or "no digit found"
    turned = f" (the sheet turned by {reading.turned} degrees)" if reading.turned else ""
    return [f"read: {text}{turned}"]


def _most_telling(page: Page) -> Level:
    """Return the size of the image at which most of the digits were looked at."""
    seen = Counter(digit.level for digit in page.digits)
    return page.levels[seen.most_common(1)[0][0] if seen else 0]


def _evened(level: Level) -> UInt8Array:
    """Return the ink as grey levels, as it would look on white paper; the strongest is black."""
    strongest = max(int(np.percentile(level.ink, 99.8)), 1)
    return _in_colour(255 - np.minimum(level.ink.astype(np.float32) * (255 / strongest), 255).astype(np.uint8))


def _found(page: Page) -> UInt8Array:
    """Return the ink pale, with a box round everything that was found."""
    level = _most_telling(page)
    canvas = 255 - (255 - _evened(level)) // 3
    for kind, colour in ((page.others, _OTHER), (page.signs, _SIGN), (page.digits, _DIGIT)):
        for one in kind:
            _draw_frame(canvas, one.box, 1 / level.shrink, colour)
    return np.asarray(canvas, np.uint8)


def _lay_maps(canvas: UInt8Array, page: Page, zoom: float) -> None:
    """Lay what the network answered over a picture of the sheet: colours where digits, signs, other writing are."""
    import cv2

    shares = np.zeros((*canvas.shape[:2], 3), np.float32)
    for look in page.looks:
        scale = look.level.shrink * zoom
        side = max(1, round(TILE * scale))
        for (left, top), maps in zip(look.places.tolist(), look.maps, strict=True):
            spread = cv2.resize(share_names(maps), (side, side), interpolation=cv2.INTER_LINEAR)
            x, y = round(left * scale - page.border * zoom), round(top * scale - page.border * zoom)
            part = shares[max(0, y) : y + side, max(0, x) : x + side]
            np.maximum(part, spread[max(0, -y) :, max(0, -x) :][: part.shape[0], : part.shape[1]], out=part)
    colours = np.array([_DIGIT, _SIGN, _OTHER], np.float32)
    strength = np.minimum(shares.sum(axis=2, keepdims=True), 1)
    tint = shares @ colours / np.maximum(shares.sum(axis=2, keepdims=True), 1e-6)
    canvas[:] = (canvas * (1 - 0.8 * strength) + tint * (0.8 * strength)).astype(np.uint8)


def _in_colour(grey: UInt8Array) -> UInt8Array:
    return np.repeat(grey[:, :, np.newaxis], 3, axis=2)


def _panel(picture: UInt8Array) -> UInt8Array:
    """Return a picture enlarged or shrunk to what fits into a panel."""
    import cv2

    height, width = picture.shape[:2]
    zoom = min((_PANEL - 2 * _MARGIN) / width, _TALLEST / height)
    size = (max(1, round(width * zoom)), max(1, round(height * zoom)))
    smoothly = cv2.INTER_AREA if zoom < 1 else cv2.INTER_NEAREST
    return np.asarray(cv2.resize(picture, size, interpolation=smoothly), np.uint8)


def _titled(panel: UInt8Array, title: str) -> UInt8Array:
    """Return a panel with its title, in a frame as wide as half of the whole."""
    height, width = panel.shape[:2]
    canvas = np.full((height + _LINE + 2 * _MARGIN, _PANEL, 3), _PAPER, np.uint8)
    _write(canvas, title, (_MARGIN, _LINE - 7), 0.6, _TEXT)
    canvas[_LINE : _LINE + height, _MARGIN : _MARGIN + width] = panel
    _draw_frame(canvas, (_MARGIN - 1, _LINE - 1, width + 2, height + 2), 1, _QUIET)
    return canvas


def _beside(left: UInt8Array, right: UInt8Array) -> UInt8Array:
    height = max(left.shape[0], right.shape[0])
    padded = [np.pad(p, ((0, height - p.shape[0]), (0, 0), (0, 0)), constant_values=_PAPER) for p in (left, right)]
    return np.hstack(padded)


def _lines(texts: Sequence[str], colour: tuple[int, int, int]) -> UInt8Array:
    """Return lines of text, broken where they would not fit."""
    import textwrap

    rows = [row for text in texts for row in textwrap.wrap(text, 100, subsequent_indent="    ")]
    canvas = np.full((_LINE * len(rows) + _MARGIN, _WIDTH, 3), _PAPER, np.uint8)
    for number, row in enumerate(rows, 1):
        _write(canvas, row, (_MARGIN, _LINE * number - 5), 0.65, colour)
    return canvas


def _legend() -> UInt8Array:
    """Return one line that says what the colours of the digits mean."""
    canvas = np.full((_LINE + _MARGIN, _WIDTH, 3), _PAPER, np.uint8)
    left = _MARGIN
    for text, colour in (("how sure each digit is:", _TEXT), *((band.meaning, band.colour) for band in SURENESS)):
        write_text(canvas, text, (left, _LINE - 7), _LEGEND, colour)
        left += text_width(text, _LEGEND) + 3 * _MARGIN
    return canvas


def _glyphs(reading: Reading, page: Page) -> UInt8Array:
    """Return the glyphs as the model saw them, in reading order, each with what it was taken for."""
    pairs = _in_reading_order(reading, page)[:_MOST_GLYPHS]
    columns = _WIDTH // (_CELL + _MARGIN)
    step = _CELL + 2 * _LINE
    more = len(page.digits) - len(pairs)
    canvas = np.full((_LINE + step * -(-len(pairs) // columns), _WIDTH, 3), _PAPER, np.uint8)
    title = "the glyphs as the model saw them, in reading order" + (f" ({more} more)" if more else "")
    _write(canvas, title if pairs else "no stroke was taken for a digit", (_MARGIN, _LINE - 7), 0.6, _TEXT)
    for i, (digit, seen) in enumerate(pairs):
        top, left = _LINE + (i // columns) * step, _MARGIN + (i % columns) * (_CELL + _MARGIN)
        canvas[top : top + _CELL, left : left + _CELL] = _enlarged(255 - seen.glyph)
        _draw_frame(canvas, (left, top, _CELL, _CELL), 1, _QUIET)
        _write(
            canvas,
            f"{_value(digit)} {_percent(digit.confidence)}",
            (left, top + _CELL + 18),
            0.55,
            sureness(digit).colour,
        )
        others = [(value, share) for value, share in digit.alternatives if share >= 0.01][:2]
        note = " ".join(f"{value}:{_percent(share)}" for value, share in others)
        _write(canvas, note, (left, top + _CELL + 36), 0.4, _QUIET)
    return canvas


def _in_reading_order(reading: Reading, page: Page) -> list[tuple[Digit, Found]]:
    """Return the digits of a reading, each with what was taken for it: that whose box is nearest."""
    boxes = np.array([page.place(digit) for digit in page.digits]).reshape(-1, 4)
    return [(d, page.digits[int(np.abs(boxes - d.box).sum(axis=1).argmin())]) for d in reading.digits]


def _enlarged(glyph: UInt8Array) -> UInt8Array:
    import cv2

    return _in_colour(np.asarray(cv2.resize(glyph, (_CELL, _CELL), interpolation=cv2.INTER_NEAREST), np.uint8))


def _draw_box(canvas: UInt8Array, digit: Digit, zoom: float) -> None:
    """Draw the box of a digit, and beside it, in a size that goes with it, what it was taken for."""
    colour = sureness(digit).colour
    _draw_frame(canvas, digit.box, zoom, colour)
    x, y, _, height = (value * zoom for value in digit.box)
    size = min(max(height / 45, 0.45), 1.0)
    _write(
        canvas, _value(digit), (round(x), max(round(y) - 3, round(22 * size))), size, sureness(digit).colour, halo=True
    )


def _draw_frame(
    canvas: UInt8Array, box: tuple[float, float, float, float], zoom: float, colour: tuple[int, int, int]
) -> None:
    import cv2

    x, y, width, height = (value * zoom for value in box)
    cv2.rectangle(canvas, (round(x), round(y)), (round(x + width) - 1, round(y + height) - 1), colour, 1)


def _write(
    canvas: UInt8Array, text: str, at: tuple[int, int], size: float, colour: tuple[int, int, int], halo: bool = False
) -> None:
    import cv2

    if halo:
        cv2.putText(canvas, text, at, cv2.FONT_HERSHEY_SIMPLEX, size, (255, 255, 255), 4, cv2.LINE_AA)
    cv2.putText(canvas, text, at, cv2.FONT_HERSHEY_SIMPLEX, size, colour, 2 if size > 0.6 else 1, cv2.LINE_AA)


def _value(digit: Digit) -> str:
    return UNREADABLE if digit.value is None else str(digit.value)


def _percent(share: float) -> str:
    return f"{share:.0%}"
