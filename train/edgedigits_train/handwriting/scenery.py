"""Pictures without writing: what a camera sees when nobody shows it a page.

Furniture-like shapes, screens, leaves, blinds, hands and heads, and textures that fill the picture: edges and strokes
everywhere, and nothing to read.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import cv2
import numpy as np
import numpy.typing as npt

from edgedigits_train.handwriting.pens import Colour
from edgedigits_train.handwriting.textures import noise

Image = npt.NDArray[np.uint8]
Random = np.random.Generator
Size = tuple[int, int]

_SKINS: tuple[Colour, ...] = ((150, 180, 225), (120, 150, 200), (80, 110, 160), (50, 70, 110))
_LEAVES: tuple[Colour, ...] = ((40, 110, 60), (60, 140, 90), (30, 80, 40), (40, 140, 150), (30, 90, 140))


def _colour(rng: Random, dull: bool = True) -> tuple[int, int, int]:
    grey = rng.uniform(15, 240)
    tint = rng.normal(0, 14 if dull else 60, 3)
    blue, green, red = np.clip(grey + tint, 0, 255).astype(int).tolist()
    return blue, green, red


def _ground(size: Size, rng: Random) -> Image:
    """A wall: a slow change from one colour to another."""
    width, height = size
    corners = np.array([[_colour(rng), _colour(rng)], [_colour(rng), _colour(rng)]], np.uint8)
    if rng.random() < 0.6:
        corners = (corners.astype(np.int32) // 4 + 3 * np.array(_colour(rng)) // 4).astype(np.uint8)
    return np.asarray(cv2.resize(corners, (width, height), interpolation=cv2.INTER_LINEAR), np.uint8)


def _textured(image: Image, mask: Image, rng: Random) -> Image:
    """Give what `mask` shows a grain: wood, cloth, plaster."""
    grain = noise(mask.shape, 1 << int(rng.integers(0, 6)), rng, stretch=int(rng.integers(1, 9))).astype(np.int32)
    if rng.random() < 0.5 and mask.shape[0] <= mask.shape[1]:
        turned = noise(mask.shape[::-1], 1 << int(rng.integers(0, 6)), rng, stretch=int(rng.integers(1, 9)))
        grain = turned.T.astype(np.int32)
    change = (grain - 128) * int(rng.integers(5, 70)) // 128 * mask.astype(np.int32) // 255
    return np.asarray(np.clip(image + change[:, :, None], 0, 255), np.uint8)


def _polygon(image: Image, rng: Random) -> None:
    """A piece of furniture: four corners, more or less a rectangle."""
    height, width = image.shape[:2]
    middle, half = rng.uniform(0, 1, 2) * [width, height], rng.uniform(0.03, 0.45, 2) * [width, height]
    corners = middle + np.array([[-1, -1], [1, -1], [1, 1], [-1, 1]]) * half + rng.normal(0, 0.03, (4, 2)) * width
    points = np.rint(corners).astype(np.int32)
    cv2.fillPoly(image, [points], _colour(rng), cv2.LINE_AA)
    if rng.random() < 0.5:
        cv2.polylines(image, [points], True, _colour(rng), int(rng.integers(1, 6)), cv2.LINE_AA)


def _lines(image: Image, rng: Random) -> None:
    """Parallel edges: blinds, shelves, tiles, stripes of a shirt, a fence."""
    height, width = image.shape[:2]
    turn = rng.choice([0, math.pi / 2]) + rng.normal(0, 0.15) if rng.random() < 0.7 else rng.uniform(0, math.pi)
    along, across = np.array([math.cos(turn), math.sin(turn)]), np.array([-math.sin(turn), math.cos(turn)])
    middle, reach = rng.uniform(0, 1, 2) * [width, height], rng.uniform(0.05, 1.0) * width
    step, colour, thick = rng.uniform(6, 60), _colour(rng), int(rng.integers(1, 7))
    for index in range(rng.integers(1, 16)):
        start = middle + across * step * index
        ends = np.rint(np.array([start - along * reach, start + along * reach])).astype(int).tolist()
        cv2.line(image, ends[0], ends[1], colour, thick, cv2.LINE_AA)


def _curve(image: Image, rng: Random) -> None:
    """A cable, a branch, a lock of hair: a thin curve that goes somewhere."""
    height, width = image.shape[:2]
    at = np.linspace(0, 1, 30)[:, None]
    bends = rng.uniform(-0.1, 1.1, (4, 2)) * [width, height]
    if rng.random() < 0.5:
        bends = bends[0] + rng.normal(0, 0.12, (4, 2)) * width
    weights = np.hstack([(1 - at) ** 3, 3 * at * (1 - at) ** 2, 3 * at**2 * (1 - at), at**3])
    points = np.rint(weights @ bends).astype(np.int32)
    cv2.polylines(image, [points], False, _colour(rng), int(rng.integers(1, 12)), cv2.LINE_AA)


def _round(image: Image, rng: Random) -> None:
    """A plate, a lamp, a button, a wheel."""
    height, width = image.shape[:2]
    centre = (int(rng.uniform(0, width)), int(rng.uniform(0, height)))
    first = max(3, int(width * 0.25 * rng.random() ** 2))
    axes = (first, max(2, int(first * rng.uniform(0.4, 1.0))))
    turn = float(rng.uniform(0, 180))
    cv2.ellipse(image, centre, axes, turn, 0, 360, _colour(rng), -1, cv2.LINE_AA)
    for _ in range(rng.integers(0, 3)):
        cv2.ellipse(image, centre, axes, turn, 0, 360, _colour(rng), int(rng.integers(1, 6)), cv2.LINE_AA)


def _leaves(image: Image, rng: Random) -> None:
    """A plant: pointed leaves in all directions."""
    height, width = image.shape[:2]
    middle, spread = rng.uniform(0, 1, 2) * [width, height], rng.uniform(0.05, 0.3) * width
    at = np.linspace(0, math.pi, 12)
    for _ in range(rng.integers(5, 40)):
        long, turn = spread * rng.uniform(0.15, 0.7), rng.uniform(0, 2 * math.pi)
        side = np.sin(at) * long * rng.uniform(0.1, 0.3)
        along = np.linspace(0, long, 12)
        outline = np.vstack([np.stack([along, side], 1), np.stack([along[::-1], -side[::-1]], 1)])
        matrix = np.array([[math.cos(turn), -math.sin(turn)], [math.sin(turn), math.cos(turn)]])
        points = np.rint(outline @ matrix.T + middle + rng.normal(0, spread / 3, 2)).astype(np.int32)
        colour = np.clip(np.array(_LEAVES[int(rng.integers(len(_LEAVES)))]) + rng.normal(0, 20, 3), 0, 255)
        cv2.fillPoly(image, [points], colour.astype(int).tolist(), cv2.LINE_AA)


def _books(image: Image, rng: Random) -> None:
    """Books on a shelf, or windows of a house: upright boxes side by side."""
    height, width = image.shape[:2]
    x, base = rng.uniform(0, 0.6) * width, rng.uniform(0.3, 1.0) * height
    for _ in range(rng.integers(3, 16)):
        thick, high = rng.uniform(0.01, 0.05) * width, rng.uniform(0.12, 0.3) * height
        corner, other = (int(x), int(base - high)), (int(x + thick), int(base))
        cv2.rectangle(image, corner, other, _colour(rng, dull=False), -1)
        if rng.random() < 0.6:
            inner = (int(x + 0.3 * thick), int(base - 0.8 * high)), (int(x + 0.7 * thick), int(base - 0.5 * high))
            cv2.rectangle(image, *inner, _colour(rng), -1)
        x += thick + (rng.uniform(0, 0.02) * width if rng.random() < 0.3 else 1)


def _screen(image: Image, rng: Random) -> None:
    """A monitor with windows and rows of keys or text too small to read."""
    height, width = image.shape[:2]
    corner = (rng.uniform(0, 0.6, 2) * [width, height]).astype(int)
    extent = (rng.uniform(0.15, 0.5, 2) * [width, height]).astype(int)
    cv2.rectangle(image, corner.tolist(), (corner + extent).tolist(), (25, 25, 25), -1)
    frame = max(2, int(0.03 * extent[0]))
    cv2.rectangle(image, (corner + frame).tolist(), (corner + extent - frame).tolist(), _colour(rng, dull=False), -1)
    for _ in range(rng.integers(2, 14)):
        start = corner + frame + (rng.uniform(0.05, 0.7, 2) * (extent - 2 * frame)).astype(int)
        end = start + np.array([rng.uniform(0.05, 0.3) * extent[0], rng.uniform(2, 8)]).astype(int)
        cv2.rectangle(image, start.tolist(), end.tolist(), _colour(rng), -1)


def _disc(image: Image, middle: tuple[float, float], half: tuple[float, float], colour: Colour) -> None:
    centre, axes = (round(middle[0]), round(middle[1])), (max(1, round(half[0])), max(1, round(half[1])))
    cv2.ellipse(image, centre, axes, 0, 0, 360, colour, -1, cv2.LINE_AA)


def _person(image: Image, rng: Random) -> None:
    """Somebody before the camera: shoulders, a head, eyes, a mouth, hair."""
    height, width = image.shape[:2]
    size, x, y = rng.uniform(0.1, 0.28) * height, rng.uniform(0.15, 0.85) * width, rng.uniform(0.25, 0.6) * height
    skin = _SKINS[int(rng.integers(len(_SKINS)))]
    dark = tuple(int(part * 0.55) for part in skin)
    hair, shirt = _colour(rng), _colour(rng, dull=False)
    cv2.ellipse(
        image, (int(x), int(y + 2.6 * size)), (int(2.2 * size), int(1.5 * size)), 0, 0, 360, shirt, -1, cv2.LINE_AA
    )
    cv2.ellipse(
        image, (int(x), int(y - 0.25 * size)), (int(0.85 * size), int(1.05 * size)), 0, 0, 360, hair, -1, cv2.LINE_AA
    )
    cv2.rectangle(image, (int(x - 0.35 * size), int(y)), (int(x + 0.35 * size), int(y + 1.5 * size)), dark, -1)
    _disc(image, (x, y), (0.72 * size, size), skin)
    for side in (-1, 1):
        eye = (int(x + side * 0.3 * size), int(y - 0.15 * size))
        cv2.ellipse(image, eye, (int(0.13 * size), int(0.07 * size)), 0, 0, 360, (230, 230, 230), -1, cv2.LINE_AA)
        cv2.circle(image, eye, max(1, int(0.06 * size)), (40, 30, 25), -1, cv2.LINE_AA)
        brow = (
            (int(eye[0] - 0.16 * size), int(eye[1] - 0.16 * size)),
            (int(eye[0] + 0.16 * size), int(eye[1] - 0.18 * size)),
        )
        cv2.line(image, *brow, hair, max(1, int(0.05 * size)), cv2.LINE_AA)
    cv2.ellipse(image, (int(x), int(y + 0.45 * size)), (int(0.25 * size), int(0.1 * size)), 0, 0, 180, (80, 70, 150), 2)
    cv2.line(image, (int(x), int(y)), (int(x - 0.08 * size), int(y + 0.2 * size)), dark, 2, cv2.LINE_AA)


def _hand(image: Image, rng: Random) -> None:
    """A hand: a palm and fingers, side by side."""
    height, width = image.shape[:2]
    palm, skin = rng.uniform(0.05, 0.16) * height, _SKINS[int(rng.integers(len(_SKINS)))]
    dark = tuple(int(part * 0.7) for part in skin)
    middle, turn = rng.uniform(0.1, 0.9, 2) * [width, height], rng.uniform(0, 2 * math.pi)
    for spread in (-0.9, -0.35, -0.05, 0.25, 0.55):
        heading = np.array([math.cos(turn + spread), math.sin(turn + spread)])
        start = middle + heading * palm * 0.6
        tip = middle + heading * palm * rng.uniform(1.6, 2.5)
        ends = np.rint(np.array([start, tip])).astype(int).tolist()
        cv2.line(image, ends[0], ends[1], dark, max(2, int(0.52 * palm)), cv2.LINE_AA)
        cv2.line(image, ends[0], ends[1], skin, max(2, int(0.45 * palm)), cv2.LINE_AA)
    cv2.circle(image, np.rint(middle).astype(int).tolist(), int(palm), skin, -1, cv2.LINE_AA)


_THINGS: tuple[tuple[Callable[[Image, Random], None], int], ...] = (
    (_polygon, 8),
    (_lines, 5),
    (_curve, 5),
    (_round, 3),
    (_leaves, 1),
    (_books, 2),
    (_screen, 2),
    (_person, 1),
    (_hand, 1),
)


def clutter(size: Size, rng: Random) -> Image:
    """A room, a desk, a street: things before a wall, some in front of others; uint8 (H, W, 3), BGR."""
    image = _ground(size, rng)
    shares = np.array([share for _, share in _THINGS], float)
    for _ in range(rng.integers(3, 26)):
        before = image.copy() if rng.random() < 0.15 else None
        thing = _THINGS[int(rng.choice(len(_THINGS), p=shares / shares.sum()))][0]
        thing(image, rng)
        if before is not None:
            changed = (image != before).any(axis=2).astype(np.uint8) * 255
            image = _textured(image, changed, rng)
    return image


def texture(size: Size, rng: Random) -> Image:
    """Wood, cloth, gravel, foliage, a wall of bricks: one matter that fills the picture; uint8 (H, W, 3), BGR."""
    width, height = size
    image = _ground(size, rng)
    full = np.full((height, width), 255, np.uint8)
    for _ in range(rng.integers(1, 4)):
        image = _textured(image, full, rng)
    kind = rng.random()
    if kind < 0.2:
        step, colour = rng.uniform(12, 80), _colour(rng)
        for row, y in enumerate(np.arange(0, height, step).tolist()):
            cv2.line(image, (0, int(y)), (width, int(y)), colour, 2)
            for x in np.arange(row % 2 * step, width, 2 * step).tolist():
                cv2.line(image, (int(x), int(y)), (int(x), int(y + step)), colour, 2)
    elif kind < 0.4:
        for _ in range(rng.integers(3, 30)):
            _leaves(image, rng)
    elif kind < 0.6:
        for _ in range(rng.integers(20, 200)):
            _curve(image, rng)
    elif kind < 0.7:
        blobs = noise((height, width), 1 << int(rng.integers(2, 7)), rng) > rng.integers(90, 180)
        image = np.where(blobs[:, :, None], image, np.array(_colour(rng), np.uint8))
    return image


SCENERY: dict[str, Callable[[Size, Random], Image]] = {"clutter": clutter, "texture": texture}
"""Kinds of pictures without a page, by name."""
