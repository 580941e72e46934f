"""Drawing: an image with its reading drawn in."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from edgedigits.reading import UNREADABLE, Reading

_GREEN, _DARK = (60, 170, 40), (30, 30, 30)
_SMALLEST_CANVAS = 280


def draw_reading(image: npt.NDArray[np.uint8], reading: Reading) -> npt.NDArray[np.uint8]:
    """Return a copy of an image with each digit boxed and named, and the whole text below it.

    Args:
        image: uint8, (H, W, 3) in BGR: the image that was read.
        reading: what was read in it.

    Returns:
        uint8, (H', W', 3). Small images are enlarged, so that the writing has room.
    """
    import cv2

    zoom = max(1, -(-_SMALLEST_CANVAS // max(image.shape[:2])))
    canvas = cv2.resize(image, None, fx=zoom, fy=zoom, interpolation=cv2.INTER_NEAREST)
    height, width = canvas.shape[:2]
    scale = max(0.5, max(height, width) / 1000)
    thickness = max(1, round(2 * scale))
    for digit in reading.digits:
        x, y, w, h = (zoom * value for value in digit.box)
        cv2.rectangle(canvas, (x, y), (x + w, y + h), _GREEN, thickness)
        label = f"{UNREADABLE if digit.value is None else digit.value} {digit.confidence:.0%}"
        size = 0.6 * scale
        (text_width, text_height), _ = cv2.getTextSize(label, cv2.FONT_HERSHEY_SIMPLEX, size, thickness)
        left = min(max(x, 0), max(width - text_width, 0))
        baseline = y - round(4 * scale)
        if baseline < text_height:
            baseline = y + text_height + round(4 * scale)
        cv2.putText(canvas, label, (left, baseline), cv2.FONT_HERSHEY_SIMPLEX, size, _GREEN, thickness, cv2.LINE_AA)
    return np.vstack([canvas, _caption(reading, width, scale)]).astype(np.uint8)


def _caption(reading: Reading, width: int, scale: float) -> npt.NDArray[np.uint8]:
    import cv2

    lines = reading.text.split("\n") if reading.text else ["no digit found"]
    step = round(34 * scale)
    strip = np.full((step * len(lines) + round(12 * scale), width, 3), 255, np.uint8)
    for number, line in enumerate(lines, 1):
        at = (round(8 * scale), step * number - round(6 * scale))
        cv2.putText(strip, line, at, cv2.FONT_HERSHEY_SIMPLEX, scale, _DARK, max(1, round(2 * scale)), cv2.LINE_AA)
    return strip
