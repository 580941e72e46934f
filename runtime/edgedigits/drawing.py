"""Drawing: an image with its reading drawn in."""

from __future__ import annotations

from itertools import product
from typing import NamedTuple

import numpy as np

from edgedigits.arrays import UInt8Array
from edgedigits.digit import Digit
from edgedigits.reading import UNREADABLE, Reading

Colour = tuple[int, int, int]
"""Blue, green and red, 0 to 255."""

_WHITE, _DARK = (255, 255, 255), (30, 30, 30)
_SMALLEST_CANVAS = 640
"""Pixels of the longer side: smaller images are enlarged, so that the writing has room."""
_LABEL_OF_DIGIT = 0.35
"""Height of a label's letters over that of the digits."""
_LEAST_LABEL, _LARGEST_LABEL = 1 / 64, 1 / 30
"""Height of a label's letters over the longer side: whoever looks at the whole picture must be able to read them."""
_SMALLEST_LETTERS = 10
"""Pixels: what is lower is no writing."""
_CAPTION = 0.25
"""Height over that of the image that the text below it takes at most."""


class Sureness(NamedTuple):
    """How sure digits are that are drawn in one colour."""

    least: float
    colour: Colour
    meaning: str


SURENESS = (
    Sureness(0.9, (50, 115, 0), "green: 90% sure or more"),
    Sureness(0.5, (0, 95, 200), "orange: 50% to 90%"),
    Sureness(0.0, (40, 30, 190), "red: less, or not told (?)"),
)
"""The surest first."""


def sureness(digit: Digit) -> Sureness:
    """Return how sure a digit is; one that is unreadable is the least sure.

    Example:
        >>> sureness(Digit(7, 0.87, (0, 0, 9, 9))).meaning
        'orange: 50% to 90%'
    """
    return SURENESS[-1] if digit.value is None else next(band for band in SURENESS if digit.confidence >= band.least)


def draw_reading(image: UInt8Array, reading: Reading) -> UInt8Array:
    """Return a copy of an image with each digit boxed and named, and the whole text below it.

    The colours tell how sure each is; confidences are written where there is room for all of them.

    Args:
        image: uint8, (H, W, 3) in BGR: the image that was read.
        reading: what was read in it.

    Returns:
        uint8, (H', W', 3). Small images are enlarged, so that the writing has room.
    """
    import cv2

    zoom = max(1, -(-_SMALLEST_CANVAS // max(image.shape[:2])))
    canvas = np.asarray(cv2.resize(image, None, fx=zoom, fy=zoom, interpolation=cv2.INTER_CUBIC), np.uint8)
    longer = max(canvas.shape[:2])
    boxes = [tuple(zoom * value for value in digit.box) for digit in reading.digits]
    thickness = max(2, round(longer / 600))
    for digit, (x, y, width, height) in zip(reading.digits, boxes, strict=True):
        cv2.rectangle(canvas, (x, y), (x + width, y + height), sureness(digit).colour, thickness)
    for digit, label in zip(reading.digits, _labels(reading, boxes, canvas), strict=True):
        label.draw(canvas, sureness(digit).colour)
    return np.vstack([canvas, _caption(reading, canvas)]).astype(np.uint8)


class _Label(NamedTuple):
    """A text of a certain height (of its capitals, in pixels) on a plate, whose top left corner is at x, y."""

    text: str
    tall: int
    x: int
    y: int

    @property
    def size(self) -> tuple[int, int]:
        """Width and height of the plate."""
        return text_width(self.text, self.tall) + self.tall, round(1.7 * self.tall)

    def covers(self, other: _Label) -> bool:
        (width, height), (other_width, other_height) = self.size, other.size
        return (
            self.x < other.x + other_width
            and other.x < self.x + width
            and self.y < other.y + other_height
            and other.y < self.y + height
        )

    def draw(self, canvas: UInt8Array, colour: Colour) -> None:
        import cv2

        width, height = self.size
        cv2.rectangle(canvas, (self.x, self.y), (self.x + width - 1, self.y + height - 1), colour, cv2.FILLED)
        baseline = self.y + (height + self.tall) // 2
        write_text(canvas, self.text, (self.x + self.tall // 2, baseline), self.tall, _WHITE)


def _labels(reading: Reading, boxes: list[tuple[int, ...]], canvas: UInt8Array) -> list[_Label]:
    """Return the labels of all digits: with confidences, where these leave each other room."""
    if not boxes:
        return []
    longer = max(canvas.shape[:2])
    least = max(_SMALLEST_LETTERS, round(_LEAST_LABEL * longer))
    usual = _LABEL_OF_DIGIT * float(np.median([box[3] for box in boxes]))
    tall = max(least, round(min(usual, _LARGEST_LABEL * longer)))
    values = [UNREADABLE if digit.value is None else str(digit.value) for digit in reading.digits]
    texts = [f"{value} {digit.confidence:.0%}" for value, digit in zip(values, reading.digits, strict=True)]
    labels: list[_Label] = []
    for written, size in product((texts, values), dict.fromkeys((tall, max(least, round(0.7 * tall)), least))):
        labels = [_placed(text, size, box, canvas) for text, box in zip(written, boxes, strict=True)]
        if not any(label.covers(other) for i, label in enumerate(labels) for other in labels[:i]):
            break
    return labels


def _placed(text: str, tall: int, box: tuple[int, ...], canvas: UInt8Array) -> _Label:
    """Return a label above a box or, at the upper edge, below it; never beyond the canvas."""
    x, y, _, height = box
    wide, high = _Label(text, tall, 0, 0).size
    above = y - high - 2
    top = above if above >= 0 else min(y + height + 2, canvas.shape[0] - high)
    return _Label(text, tall, min(x, max(canvas.shape[1] - wide, 0)), max(top, 0))


def _caption(reading: Reading, canvas: UInt8Array) -> UInt8Array:
    """Return a strip with the text, and what the colours mean where some digit is not sure."""
    used = {sureness(digit) for digit in reading.digits}
    legend = [band for band in SURENESS if band in used] if used - {SURENESS[0]} else []
    lines = reading.text.split("\n") if reading.text else ["no digit found"]
    tall = _caption_size(lines, len(legend), canvas.shape)
    small = max(_SMALLEST_LETTERS, round(0.6 * tall))
    rows = [(line, _DARK, tall) for line in lines] + [(band.meaning, band.colour, small) for band in legend]
    strip = np.full((sum(round(1.9 * size) for *_, size in rows) + tall, canvas.shape[1], 3), 255, np.uint8)
    baseline = 0
    for text, colour, size in rows:
        baseline += round(1.9 * size)
        write_text(strip, text, (tall // 2, baseline), size, colour)
    return strip


def _caption_size(lines: list[str], more: int, shape: tuple[int, ...]) -> int:
    """Return the height of letters with which lines, and so many smaller ones, fit below an image of a shape."""
    height, width = shape[:2]
    fits = min(max(height, width) / 34, _CAPTION * height / (1.9 * len(lines) + more))
    tall = max(_SMALLEST_LETTERS, round(fits))
    widest = max(text_width(line, tall) for line in lines) + 2 * tall
    return max(_SMALLEST_LETTERS, min(tall, tall * width // widest))


def text_width(text: str, tall: int) -> int:
    """Return how wide a text is whose capitals are so many pixels tall."""
    import cv2

    return int(cv2.getTextSize(text, cv2.FONT_HERSHEY_SIMPLEX, *_font(tall))[0][0])


def write_text(canvas: UInt8Array, text: str, at: tuple[int, int], tall: int, colour: Colour) -> None:
    """Write a text into an image.

    Args:
        canvas: uint8, (H, W, 3) in BGR.
        text: of ASCII.
        at: x and y of its left end on the baseline.
        tall: pixels of its capitals.
        colour: of the text.
    """
    import cv2

    scale, thickness = _font(tall)
    cv2.putText(canvas, text, at, cv2.FONT_HERSHEY_SIMPLEX, scale, colour, thickness, cv2.LINE_AA)


def _font(tall: int) -> tuple[float, int]:
    """Return scale and thickness of OpenCV's plain font, whose capitals are 21 pixels tall at scale 1."""
    return tall / 21, max(1, round(tall / 9))
