"""Pictures made to keep a reader busy: thousands of strokes, none of them a digit, or all of them."""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np
import numpy.typing as npt

Picture = npt.NDArray[np.uint8]


def _checkerboard(cell: int) -> Picture:
    y, x = np.indices((1000, 1000)) // cell
    return np.where((x + y) % 2, 30, 225).astype(np.uint8)


def _dots(pitch: int, size: int = 1) -> Picture:
    picture = np.full((1000, 1000), 225, np.uint8)
    for dy in range(size):
        for dx in range(size):
            picture[dy::pitch, dx::pitch] = 30
    return picture


def _bars(pitch: int, length: int) -> Picture:
    picture = np.full((1000, 1000), 225, np.uint8)
    y, x = np.indices(picture.shape)
    picture[(x % pitch < 3) & (y % (length + 6) < length)] = 30
    return picture


def _noise(coarseness: int) -> Picture:
    small = np.random.default_rng(0).integers(0, 256, (1000 // coarseness, 1000 // coarseness), np.uint8)
    return np.asarray(cv2.resize(small, (1000, 1000), interpolation=cv2.INTER_CUBIC), np.uint8)


def _salt() -> Picture:
    return np.where(np.random.default_rng(0).random((1000, 1000)) < 0.03, 20, 230).astype(np.uint8)


def _digits(height: int) -> Picture:
    picture = np.full((1000, 1000), 225, np.uint8)
    for row, y in enumerate(range(height, 1000, round(1.3 * height))):
        text = "".join(str((row + i * i) % 10) for i in range(2000 // height))
        cv2.putText(picture, text, (0, y), cv2.FONT_HERSHEY_SIMPLEX, height / 22, 30, max(1, height // 12), cv2.LINE_AA)
    return picture


def ordinary_page() -> Picture:
    """Return a page of digits of ordinary size, as a measure of what hostile ones may take."""
    return _digits(40)


def _comb() -> Picture:
    picture = np.full((1000, 1000), 225, np.uint8)
    for y in range(20, 960, 60):
        picture[y : y + 4] = 30
        for x in range(0, 1000, 12):
            picture[y : y + 30, x : x + 3] = 30
    return picture


def _scribble() -> Picture:
    picture = np.full((1000, 1000), 225, np.uint8)
    points = np.random.default_rng(0).integers(0, 1000, (1500, 1, 2), np.int32)
    cv2.polylines(picture, [points], False, 30, 2, cv2.LINE_AA)
    return picture


def _pieces() -> Picture:
    """Short strokes at random, thousands of them near each other."""
    picture = np.full((1000, 1000), 225, np.uint8)
    rng = np.random.default_rng(0)
    for x, y, dx, dy in rng.integers((0, 0, -12, -12), (1000, 1000, 13, 13), (9000, 4)).tolist():
        cv2.line(picture, (x, y), (x + dx, y + dy), 30, 2)
    return picture


def _rings(step: int) -> Picture:
    picture = np.full((1000, 1000), 225, np.uint8)
    for y in range(step, 1000, 2 * step):
        for x in range(step, 1000, 2 * step):
            cv2.circle(picture, (x, y), step - 4, 30, 3, cv2.LINE_AA)
    return picture


ADVERSARIAL: dict[str, Callable[[], Picture]] = {
    **{f"checkerboard {cell}": (lambda cell=cell: _checkerboard(cell)) for cell in (1, 2, 5, 12, 25, 40)},
    **{f"dots {pitch}": (lambda pitch=pitch: _dots(pitch)) for pitch in (2, 3, 7, 15)},
    "blobs": lambda: _dots(9, 4),
    **{f"bars {length}": (lambda length=length: _bars(9, length)) for length in (8, 14, 30)},
    **{f"noise {grain}": (lambda grain=grain: _noise(grain)) for grain in (1, 2, 4, 8, 20)},
    "salt": _salt,
    **{f"digits {height}": (lambda height=height: _digits(height)) for height in (8, 12, 16, 24, 40)},
    **{f"turned digits {height}": (lambda height=height: np.rot90(_digits(height)).copy()) for height in (16, 40)},
    "comb": _comb,
    "scribble": _scribble,
    "pieces": _pieces,
    **{f"rings {step}": (lambda step=step: _rings(step)) for step in (9, 14, 22)},
    "long row": lambda: np.full((1, 1_000_000), 200, np.uint8),
    "long column": lambda: np.full((1_000_000, 1), 200, np.uint8),
    "long noise": lambda: np.random.default_rng(0).integers(0, 256, (10, 100_000), np.uint8),
    "ramp": lambda: np.tile(np.linspace(0, 255, 1000).astype(np.uint8), (1000, 1)),
}
"""Makes each picture, about a megapixel, uint8 (H, W), by its name."""
