"""Explaining: one picture of how an image was read, stage by stage."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from edgedigits.drawing import draw_reading
from edgedigits.hints import Hint, find_hints
from edgedigits.reader import Reader
from edgedigits.reading import Reading
from edgedigits.stages.recognition import Page
from edgedigits.stages.strokes import Strokes

_SIDE = 560
_CELL = 84
_INK, _PAPER, _NOTE = (30, 30, 30), (255, 255, 255), (90, 90, 90)


def explain_reading(image: npt.NDArray[np.uint8], reader: Reader) -> npt.NDArray[np.uint8]:
    """Read an image and show how: the reading, the ink, the strokes, and the glyphs as the model saw them.

    Ink and strokes are those of the size of the image at which most of the digits were seen.

    Args:
        image: uint8, (H, W, 3) in BGR.
        reader: reads it.

    Returns:
        uint8, (H', W', 3) in BGR.

    Example:
        >>> explain_reading(np.full((60, 90, 3), 255, np.uint8), Reader()).shape[2]
        3
    """
    reading, page = reader.examine(image)
    return draw_explanation(image, reading, page, find_hints(page))


def draw_explanation(
    image: npt.NDArray[np.uint8], reading: Reading, page: Page, hints: Sequence[Hint]
) -> npt.NDArray[np.uint8]:
    """Show how."""
    strokes = _most_telling(page)
    title = f"ink, 1/{strokes.level.shrink:.3g} of the size"
    panels = [
        _panel(draw_reading(image, reading), "reading"),
        _panel(255 - np.repeat(strokes.level.ink[:, :, np.newaxis], 3, axis=2), title),
        _panel(_coloured(strokes), f"{len(strokes.area)} strokes"),
    ]
    stages = np.hstack(panels)
    return np.vstack([stages, _glyph_rows(page, stages.shape[1])])


def _most_telling(page: Page) -> Strokes:
    seen = Counter(digit.hypothesis.strokes.level.shrink for digit in page.digits)
    usual = seen.most_common(1)[0][0] if seen else page.levels[0].level.shrink
    return next(strokes for strokes in page.levels if strokes.level.shrink == usual)


def _coloured(strokes: Strokes) -> npt.NDArray[np.uint8]:
    """Return the strokes, each in a colour of its own, on white."""
    shades = np.random.default_rng(0).integers(0, 190, (len(strokes.area) + 1, 3), np.uint8)
    shades[0] = 255
    return np.asarray(shades[strokes.labels], np.uint8)


def _panel(picture: npt.NDArray[np.uint8], title: str) -> npt.NDArray[np.uint8]:
    import cv2

    height, width = picture.shape[:2]
    zoom = _SIDE / max(height, width)
    size = (max(1, round(width * zoom)), max(1, round(height * zoom)))
    small = cv2.resize(picture, size, interpolation=cv2.INTER_AREA if zoom < 1 else cv2.INTER_NEAREST)
    canvas = np.full((_SIDE + 28, _SIDE + 8, 3), _PAPER, np.uint8)
    canvas[24 : 24 + size[1], : size[0]] = small
    cv2.putText(canvas, title, (2, 17), cv2.FONT_HERSHEY_SIMPLEX, 0.5, _INK, 1, cv2.LINE_AA)
    return canvas


def _glyph_rows(page: Page, width: int) -> npt.NDArray[np.uint8]:
    """Return the glyphs that were taken for digits, with the answer and the evidence for it, in log odds."""
    import cv2

    columns = max(1, width // _CELL)
    rows = -(-len(page.digits) // columns)
    canvas = np.full((rows * (_CELL + 22), width, 3), _PAPER, np.uint8)
    for i, digit in enumerate(page.digits):
        top, left = (i // columns) * (_CELL + 22), (i % columns) * _CELL
        glyph = cv2.resize(255 - digit.hypothesis.glyph(), (_CELL - 4, _CELL - 4), interpolation=cv2.INTER_NEAREST)
        canvas[top : top + _CELL - 4, left : left + _CELL - 4] = glyph[:, :, np.newaxis]
        value = int(digit.probabilities.argmax())
        note = f"{value} {digit.probabilities[value]:.2f} {digit.score:+.1f}"
        cv2.putText(canvas, note, (left, top + _CELL + 12), cv2.FONT_HERSHEY_SIMPLEX, 0.36, _NOTE, 1, cv2.LINE_AA)
    return canvas
