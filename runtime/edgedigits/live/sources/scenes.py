"""A camera without hardware: sheets with handwritten numbers are raised into view, sway, and are taken away.

`test:` writes numbers of its own, `test:2021` always this one. What is in view at any time follows from the time
alone, so that a test can compare.
"""

from __future__ import annotations

import math
import re
import time
from dataclasses import dataclass
from functools import lru_cache

import cv2
import numpy as np
import numpy.typing as npt

from edgedigits.arrays import UInt8Array
from edgedigits.live.sources.base import CameraError, FoundCamera, Kind, Picture, Source, Stream, Wanted

_SIZE, _RATE = (640, 480), 30.0
_LARGEST = 4096
_SCENE = 8.0
"""Seconds that a sheet is shown for; then comes the next."""
_MOVING = 0.6
"""Seconds that it takes to be raised and to be lowered."""
_HAND = (4.0, 5.2)
"""Seconds of every other scene in which a hand passes before the sheet."""
_MOST_DIGITS = 12
_INK, _NOISE = 45, 3.0

_SHAPES: dict[str, tuple[str, ...]] = {
    "0": ("46,0 22,12 10,50 20,88 42,100 64,88 74,50 66,14 44,1",),
    "1": ("50,0 50,50 49,100",),
    "2": ("8,24 20,4 48,0 70,14 68,38 44,68 6,98", "6,98 40,96 80,97"),
    "3": ("10,10 36,0 64,10 62,32 34,47", "34,47 66,56 74,78 50,98 8,94"),
    "4": ("34,0 18,30 4,60", "4,60 40,60 84,57", "60,28 58,64 56,100"),
    "5": ("22,3 18,24 14,42", "14,42 44,38 70,54 70,80 44,99 6,94", "22,3 46,3 76,0"),
    "6": ("62,0 34,18 12,50 12,80 36,100 64,90 66,66 44,54 16,68",),
    "7": ("4,4 40,4 78,2", "78,2 54,50 36,100"),
    "8": ("66,14 44,0 20,10 24,32 50,48 70,70 60,94 32,98 14,80 26,60 54,40 68,16",),
    "9": ("68,20 44,2 16,14 12,38 34,50 60,36 70,10", "70,10 68,56 62,100"),
}
"""The path of the pen for each digit, in percent of its height, a text for each stretch without a corner."""


@dataclass(frozen=True)
class Scenes:
    """Rendered sheets with these digits; "" for other ones each time."""

    text: str = ""
    live: bool = True

    @property
    def name(self) -> str:
        """What people read."""
        return f"test:{self.text}"

    def open(self, wanted: Wanted) -> Stream:
        """Begin with the first sheet.

        Raises:
            CameraError: the size that is wanted is larger than any camera's.
        """
        size = wanted.size or _SIZE
        if max(size) > _LARGEST:
            raise CameraError(f"test: renders up to {_LARGEST} pixels a side, not {size[0]} × {size[1]}.", final=True)
        return _SceneStream(self.text, size, wanted.fps or _RATE)


class _SceneStream:
    def __init__(self, text: str, size: tuple[int, int], rate: float) -> None:
        self._text, self._size, self._rate = text, size, rate
        self._start = time.monotonic()
        self._shown = -1

    def read(self) -> Picture | None:
        """Wait for the next frame's time, and render it."""
        now = time.monotonic() - self._start
        # a camera that is not read in time does not keep what was seen meanwhile
        number = max(self._shown + 1, int(now * self._rate))
        time.sleep(max(0.0, number / self._rate - now))
        self._shown = number
        return Picture(render(number / self._rate, self._text, self._size))

    def close(self) -> None:
        """Nothing is held open."""


def truth(seconds: float, text: str = "") -> str | None:
    """Return the digits in full view at a time; None while the sheet moves or a hand is before it.

    Args:
        seconds: since the source was opened.
        text: what `test:` was given.

    Example:
        >>> truth(3.0, "2021")
        '2021'
    """
    scene, at = divmod(seconds, _SCENE)
    if at < _MOVING or at > _SCENE - _MOVING or (int(scene) % 2 and _HAND[0] <= at <= _HAND[1]):
        return None
    return text or _number(int(scene))


def render(seconds: float, text: str = "", size: tuple[int, int] = _SIZE) -> UInt8Array:
    """Return the picture at a time: uint8, (H, W, 3) in BGR.

    Args:
        seconds: since the source was opened.
        text: the digits; "" for other ones in each scene.
        size: width and height in pixels.

    Example:
        >>> render(3.0, "7", (320, 240)).shape
        (240, 320, 3)
    """
    scene, at = int(seconds // _SCENE), seconds % _SCENE
    sheet = _sheet(text or _number(scene), scene, size)
    out = max(0.0, 1 - at / _MOVING, 1 - (_SCENE - at) / _MOVING)
    # quiet at first; then the hands that hold the sheet sway
    sway = min(1.0, max(0.0, at - 2.5)) * size[0] / 640
    turn = sway * 0.012 * math.sin(1.9 * seconds)
    dx, dy = 3 * sway * math.sin(2.6 * seconds), 2 * sway * math.sin(3.7 * seconds) + size[1] * out**2
    matrix = cv2.getRotationMatrix2D((size[0] / 2, size[1] / 2), math.degrees(turn), 1)
    matrix[:, 2] += np.array([dx, dy])
    if np.allclose(matrix, np.eye(2, 3)):
        picture = sheet.copy()
    else:
        picture = _room(size).copy()
        cv2.warpAffine(sheet, matrix, size, dst=picture, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_TRANSPARENT)
    if scene % 2 and _HAND[0] <= at <= _HAND[1]:
        _draw_hand(picture, (at - _HAND[0]) / (_HAND[1] - _HAND[0]))
    brighter, darker = _grains(size)
    shift = int(seconds * 1000) % 7
    return np.asarray(cv2.subtract(cv2.add(picture, brighter[shift]), darker[shift]), np.uint8)


def _number(scene: int) -> str:
    rng = np.random.default_rng(1000 + scene)
    return "".join(map(str, rng.integers(0, 10, rng.integers(2, 6))))


@lru_cache(maxsize=2)
def _sheet(text: str, scene: int, size: tuple[int, int]) -> UInt8Array:
    """Return a sheet of paper that fills most of the picture, with a number in its middle."""
    rng = np.random.default_rng(scene)
    width, height = size
    sheet = _room(size).copy()
    left, top, right, bottom = round(0.08 * width), round(0.1 * height), round(0.92 * width), round(0.95 * height)
    light = np.linspace(232, 205, right - left)[None, :, None] + rng.normal(0, 1, (bottom - top, 1, 1))
    sheet[top:bottom, left:right] = np.clip(light, 0, 255)
    tall = min(0.36 * height, 0.72 * width / (0.85 * len(text)))
    pen = (width - 0.85 * tall * len(text)) / 2 + 0.05 * tall
    shift = 4
    for character in text:
        scale, slant = tall * rng.uniform(0.92, 1.06), rng.uniform(-0.12, 0.08)
        base = height / 2 + tall / 2 + rng.uniform(-0.04, 0.04) * tall
        for stretch in _SHAPES[character]:
            path = _smooth(np.array([[float(v) for v in pair.split(",")] for pair in stretch.split()]) / 100)
            path = path + np.array([0, -1])
            path[:, 0] -= slant * path[:, 1]
            points = path * scale + np.array([pen, base])
            cv2.polylines(
                sheet,
                [np.round(points * (1 << shift)).astype(np.int32)],
                False,
                (_INK + 40, _INK, _INK),
                max(2, round(0.075 * tall)),
                cv2.LINE_AA,
                shift,
            )
        pen += 0.85 * tall
    return sheet


def _smooth(points: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Return a Catmull-Rom curve through points (P, 2) as (S, 2)."""
    around = np.vstack([2 * points[0] - points[1], points, 2 * points[-1] - points[-2]])
    a, b, c, d = around[:-3], around[1:-2], around[2:-1], around[3:]
    t = np.linspace(0, 1, 12)[:, None, None]
    curve = 0.5 * (2 * b + (c - a) * t + (2 * a - 5 * b + 4 * c - d) * t**2 + (3 * b - a - 3 * c + d) * t**3)
    smooth: npt.NDArray[np.float64] = curve.transpose(1, 0, 2).reshape(-1, 2)
    return smooth


@lru_cache(maxsize=2)
def _room(size: tuple[int, int]) -> UInt8Array:
    """Return a wall without anything on it, darker than paper."""
    width, height = size
    shade = np.linspace(120, 95, height)[:, None, None] * np.array([0.92, 0.97, 1.0])
    return np.asarray(np.broadcast_to(shade, (height, width, 3)), np.uint8)


@lru_cache(maxsize=2)
def _grains(size: tuple[int, int]) -> tuple[UInt8Array, UInt8Array]:
    """Return the sensor's noise, what is added and what is taken away, (7, H, W, 3) each."""
    rng = np.random.default_rng(7)
    noise = np.rint(_NOISE * rng.standard_normal((7, size[1], size[0], 3), np.float32))
    return np.maximum(noise, 0).astype(np.uint8), np.maximum(-noise, 0).astype(np.uint8)


def _draw_hand(picture: UInt8Array, progress: float) -> None:
    height, width = picture.shape[:2]
    x = round((1.3 - 1.6 * progress) * width)
    for dx, dy, rx, ry in (
        (0, 0.3, 0.13, 0.22),
        (-0.1, 0.02, 0.03, 0.16),
        (-0.03, -0.03, 0.03, 0.17),
        (0.04, 0, 0.03, 0.16),
    ):
        centre = (round(x + dx * width), round((0.55 + dy) * height))
        cv2.ellipse(
            picture, centre, (round(rx * width), round(ry * height)), 0, 0, 360, (120, 150, 205), -1, cv2.LINE_AA
        )
    cv2.rectangle(
        picture, (x - round(0.1 * width), round(0.9 * height)), (x + round(0.1 * width), height), (120, 150, 205), -1
    )


def _parse(text: str) -> Source | None:
    if not text.startswith("test:"):
        return None
    digits = text.removeprefix("test:")
    if not re.fullmatch(rf"[0-9]{{0,{_MOST_DIGITS}}}", digits):
        raise CameraError(
            f"{text[:40]!r}: write test: or test: and up to {_MOST_DIGITS} digits, such as test:2021.", final=True
        )
    return Scenes(digits)


KIND = Kind(
    "test",
    "test: for a rendered sheet",
    _parse,
    lambda: (FoundCamera("test:", "rendered sheets: a camera without hardware"),),
)
