"""Surfaces: what is written on, with its rulings and its flaws, seen through a camera."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from edgedigits_train.handwriting.camera import Camera
from edgedigits_train.handwriting.pens import Colour
from edgedigits_train.handwriting.textures import noise

Image = npt.NDArray[np.uint8]
Line = tuple[tuple[float, float], tuple[float, float]]


@dataclass(frozen=True)
class Surface:
    """One kind of thing to write on.

    Attributes:
        name: what it is called.
        colours: its colours, BGR.
        roughness: how far its texture goes, in grey levels.
        fibres: how much longer than wide the grains of its texture are.
        ruling: colour of its lines, None for none.
        pens: what people write on it with.
    """

    name: str
    colours: tuple[Colour, ...]
    roughness: int
    fibres: int
    ruling: Colour | None
    pens: tuple[str, ...]


_ON_PAPER = ("ballpoint", "ballpoint", "pencil", "gel", "felt tip", "marker")
_WHITE: tuple[Colour, ...] = ((246, 247, 248), (236, 240, 242), (228, 236, 240))

_SECURITY: tuple[Colour, ...] = ((205, 205, 205), (225, 225, 225), (185, 190, 190), (200, 220, 205), (225, 210, 205))

SURFACES = {
    surface.name: surface
    for surface in (
        Surface("plain", _WHITE, 5, 1, None, _ON_PAPER),
        Surface("recycled", ((196, 206, 210), (205, 216, 222)), 16, 1, None, _ON_PAPER),
        Surface("ruled", _WHITE, 5, 1, (215, 180, 150), _ON_PAPER),
        Surface("squared", _WHITE, 5, 1, (215, 190, 165), _ON_PAPER),
        Surface("dotted", _WHITE, 5, 1, (170, 165, 160), _ON_PAPER),
        Surface("napkin", ((238, 240, 244), (225, 232, 240)), 12, 1, None, ("ballpoint", "felt tip", "gel")),
        Surface("kraft", ((110, 150, 185), (120, 160, 190)), 20, 6, None, ("felt tip", "marker", "ballpoint")),
        Surface("form", ((246, 247, 248), (240, 246, 232)), 4, 1, (150, 140, 120), ("ballpoint", "gel")),
        Surface("whiteboard", ((240, 240, 238), (230, 232, 230)), 2, 1, None, ("whiteboard marker",)),
        Surface("blackboard", ((52, 60, 48), (44, 46, 44), (62, 72, 40)), 10, 2, None, ("chalk",)),
        Surface("screen", ((255, 255, 255),), 0, 1, None, ("digital ink",)),
        Surface("dark screen", ((0, 0, 0), (0, 0, 0), (25, 25, 25), (70, 40, 10)), 0, 1, None, ("light ink",)),
        Surface("security paper", _SECURITY, 24, 1, None, ("ballpoint", "ballpoint", "gel", "fineliner", "felt tip")),
    )
}  # fmt: skip
"""All surfaces by name."""

FLAWS = ("none", "fold", "stain", "show-through")
"""What may be wrong with a sheet of paper; :func:`draw_flaw` draws the first ones, a scene the show-through."""


def draw_surface(
    surface: Surface, camera: Camera, size: tuple[int, int], rulings: Sequence[Line], rng: np.random.Generator
) -> Image:
    """Draw an empty surface that fills the picture.

    Args:
        surface: what to draw.
        camera: where it is seen from.
        size: width and height of the picture in pixels.
        rulings: what is printed on it, lines in pixels of the page; see :func:`rulings`.
        rng: source of randomness.

    Returns:
        uint8 (H, W, 3), BGR.
    """
    width, height = size
    colour = np.array(surface.colours[int(rng.integers(len(surface.colours)))], np.int16)
    picture = np.broadcast_to(colour, (height, width, 3))
    if surface.roughness:
        # The grain grows with the picture: a larger picture shows more of each fibre.
        fine = 1 << max(0, round(math.log2(height / 480)))
        relief = noise((height, width), min(fine, 16), rng, surface.fibres).astype(np.int16) // 2
        relief += noise((height, width), min(4 * fine, 64), rng).astype(np.int16) // 2
        picture = picture + ((relief - 128) * surface.roughness // 128)[:, :, None]
    if surface.name == "napkin":
        picture = picture + _embossing(size, rng)[:, :, None]
    if surface.name in ("whiteboard", "blackboard"):
        picture = _wiped(picture, rng)
    image = np.clip(picture, 0, 255).astype(np.uint8)
    if surface.name == "security paper":
        image = _guilloche(image, rng)
    if surface.ruling and rulings:
        image = blend(
            image, line_mask(size, camera, rulings, _thickness(size)), surface.ruling, int(rng.integers(130, 240))
        )
    return image


def _guilloche(image: Image, rng: np.random.Generator) -> Image:
    """Fine waves and rosettes in families, as on cheques and banknotes."""
    height, width = image.shape[:2]
    mask = np.zeros((height, width), np.uint8)
    at = np.linspace(-0.1, 1.1, 60)
    for _ in range(rng.integers(1, 4)):
        step, swell, waves = rng.uniform(4, 14), rng.uniform(2, 40), rng.uniform(1, 9)
        phase, shift, turned = rng.uniform(0, 6), rng.normal(0, 0.35), rng.random() < 0.3
        if rng.random() < 0.35:
            middle, turn = rng.uniform(-0.3, 1.3, 2) * [width, height], at * 2 * math.pi / 1.2
            curves = [
                middle
                + (step * k + swell / 4 * np.sin(round(waves) * turn + phase + shift * k))[:, None]
                * np.stack([np.cos(turn), np.sin(turn)], axis=1)
                for k in range(2, int(1.2 * width / step))
            ]
        else:
            across, along = (width, height) if turned else (height, width)
            curves = []
            for k in range(-2, int(across / step) + 3):
                wave = k * step + swell * np.sin(waves * at * 2 * math.pi + phase + shift * k)
                curve = np.stack([at * along, wave], axis=1)
                curves.append(curve[:, ::-1] if turned else curve)
        for curve in curves:
            cv2.polylines(mask, [np.rint(curve * 16).astype(np.int32)], False, (255,), 1, cv2.LINE_AA, 4)
    return blend(image, mask, (110, 115, 115), int(rng.integers(40, 150)))


def rulings(surface: Surface, size: tuple[int, int], pitch: float, rng: np.random.Generator) -> list[Line]:
    """The lines printed on a ruled, squared or dotted page, at least as wide as the picture.

    Args:
        surface: what is ruled; others than these three give no lines.
        size: width and height of the picture in pixels.
        pitch: height of the digits that are written on it, in pixels.
        rng: source of randomness.
    """
    width, height = size
    if surface.name not in ("ruled", "squared", "dotted"):
        return []
    step = pitch * (rng.uniform(1.1, 1.7) if surface.name == "ruled" else rng.uniform(0.45, 1.1))
    step = max(step, height / 40)
    offset = rng.uniform(0, step)
    ys = np.arange(-height / 2 + offset, 1.5 * height, step).tolist()
    across: list[Line] = [((-width / 2, y), (1.5 * width, y)) for y in ys]
    if surface.name == "ruled":
        margin = rng.uniform(-0.5, 0.12) * width
        return [*across, ((margin, -height / 2), (margin, 1.5 * height))]
    xs = np.arange(-width / 2 + offset, 1.5 * width, step).tolist()
    if surface.name == "squared":
        return across + [((x, -height / 2), (x, 1.5 * height)) for x in xs]
    return [((x, y), (x + 0.01, y)) for x in xs for y in ys]


def line_mask(size: tuple[int, int], camera: Camera, lines: Iterable[Line], thickness: int) -> Image:
    """Straight lines of the page, as the camera sees them: uint8 (H, W), 255 on a line."""
    mask = np.zeros(size[::-1], np.uint8)
    ends = camera.project(np.array(list(lines)).reshape(-1, 2)).reshape(-1, 2, 2)
    near = np.abs(ends).max(axis=(1, 2)) < 30_000
    for start, end in np.rint(ends[near] * 16).astype(np.int64).tolist():
        cv2.line(mask, start, end, (255,), thickness, cv2.LINE_AA, 4)
    return mask


def _thickness(size: tuple[int, int]) -> int:
    return max(1, round(size[1] / 480))


def blend(image: Image, mask: Image, colour: Colour, opacity: int) -> Image:
    """Paint `colour` over `image` (H, W, 3) where `mask` (H, W) says, at most `opacity` of 255."""
    blended = image.copy()
    # Most of a page is bare.
    painted = mask > 0
    under, alpha = image[painted].astype(np.int32), (mask[painted].astype(np.int32) * opacity // 255)[:, None]
    blended[painted] = (under + (np.array(colour, np.int32) - under) * alpha // 255).astype(np.uint8)
    return blended


def draw_flaw(image: Image, flaw: str, camera: Camera, rng: np.random.Generator) -> Image:
    """Draw a fold or a stain onto a picture of a surface, uint8 (H, W, 3); other flaws change nothing here."""
    if flaw == "fold":
        return _fold(image, camera, rng)
    if flaw == "stain":
        return _stain(image, rng)
    return image


def _fold(image: Image, camera: Camera, rng: np.random.Generator) -> Image:
    """A crease: one side of it lies in a little more shade, its edge catches the light."""
    height, width = image.shape[:2]
    at = rng.uniform(0.2, 0.8)
    if rng.random() < 0.5:
        ends = np.array([[at * width, -height], [at * width + rng.uniform(-30, 30), 2 * height]])
        beyond = np.array([3.0 * width, 0.0])
    else:
        ends = np.array([[-width, at * height], [2 * width, at * height + rng.uniform(-30, 30)]])
        beyond = np.array([0.0, 3.0 * height])
    shade = np.zeros((height, width), np.uint8)
    corners = camera.project(np.vstack([ends, ends[::-1] + beyond]))
    cv2.fillConvexPoly(shade, np.rint(corners * 16).astype(np.int32), (255,), cv2.LINE_AA, 4)
    image = blend(image, shade, (60, 60, 60), int(rng.integers(8, 28)))
    line: Line = ((ends[0, 0], ends[0, 1]), (ends[1, 0], ends[1, 1]))
    crease = line_mask((width, height), camera, [line], 2 * _thickness((width, height)))
    crease = np.asarray(cv2.blur(crease, (3, 3)), np.uint8)
    return blend(image, crease, (255, 255, 255) if rng.random() < 0.5 else (120, 120, 120), int(rng.integers(50, 120)))


def _stain(image: Image, rng: np.random.Generator) -> Image:
    """A ring of coffee, or a drop of grease."""
    height, width = image.shape[:2]
    mask = np.zeros((height, width), np.uint8)
    centre = (int(rng.integers(width)), int(rng.integers(height)))
    radius = int(height * rng.uniform(0.12, 0.3))
    squash = int(radius * rng.uniform(0.8, 1.0))
    if rng.random() < 0.6:
        cv2.ellipse(mask, centre, (radius, squash), 0, 0, 360, (255,), max(2, radius // 10), cv2.LINE_AA)
        cv2.ellipse(mask, centre, (radius, squash), 0, 0, 360, (60,), max(2, radius // 4), cv2.LINE_AA)
    else:
        cv2.ellipse(mask, centre, (radius, squash), 0, 0, 360, (200,), -1, cv2.LINE_AA)
    soft = 2 * max(1, radius // 30) + 1
    mask = np.asarray(cv2.blur(mask, (soft, soft)), np.uint8)
    uneven = (mask.astype(np.uint16) * (128 + noise(mask.shape, 32, rng) // 2) // 255).astype(np.uint8)
    return blend(image, uneven, (60, 100, 140), int(rng.integers(40, 110)))


def _embossing(size: tuple[int, int], rng: np.random.Generator) -> npt.NDArray[np.int16]:
    """A napkin's pattern of small pressed dots."""
    width, height = size
    step = max(6, round(height / rng.uniform(22, 40)))
    y, x = np.mgrid[0:height, 0:width]
    shifted = x + (y // step % 2) * (step // 2)
    far = (shifted % step - step // 2) ** 2 + (y % step - step // 2) ** 2
    return np.where(far * 9 < step * step, -int(rng.integers(5, 14)), 0).astype(np.int16)


def _wiped(picture: npt.NDArray[np.int16], rng: np.random.Generator) -> npt.NDArray[np.int16]:
    """Traces of what was wiped off a board: long soft smears."""
    height, width = picture.shape[:2]
    smears = noise((height, width), 64, rng, stretch=4).astype(np.int16)
    dark = picture[0, 0].mean() < 128
    strength = int(rng.integers(10, 34)) if dark else int(rng.integers(2, 10))
    change = (smears - 110) * strength // 128
    return picture + (np.maximum(change, 0) if dark else -np.maximum(change, 0))[:, :, None]
