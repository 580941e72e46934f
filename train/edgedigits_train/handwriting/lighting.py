"""Light: how bright each part of the page is, and in which colour."""

from __future__ import annotations

import math

import cv2
import numpy as np
import numpy.typing as npt

Image = npt.NDArray[np.uint8]

LIGHTS = ("even", "gradient", "vignette", "soft shadow", "hard shadow", "glare", "dim", "warm", "cold")
"""Kinds of light that :func:`light` knows."""

_ONE = 192
"""The light map's value for a page as bright as its own colour."""


def light(image: Image, kind: str, rng: np.random.Generator) -> Image:
    """Put a picture into some light.

    Args:
        image: uint8 (H, W, 3), BGR.
        kind: one of `LIGHTS`.
        rng: source of randomness.

    Returns:
        uint8 (H, W, 3), BGR.
    """
    height, width = image.shape[:2]
    y, x = np.mgrid[-1:1:49j, -1:1:65j]
    turn = rng.uniform(0, 2 * math.pi)
    across = x * math.cos(turn) + y * math.sin(turn)
    # No light is quite even: every picture gets a little of a gradient.
    level = 1 + 0.05 * across
    if kind == "gradient":
        level = 1 + rng.uniform(0.15, 0.38) * across
    elif kind == "vignette":
        level = 1.08 - rng.uniform(0.2, 0.42) * ((x - rng.uniform(-0.2, 0.2)) ** 2 + (y - rng.uniform(-0.2, 0.2)) ** 2)
    elif kind == "soft shadow":
        edge = across - rng.uniform(-0.4, 0.5) + 0.15 * np.sin(4 * (x * math.sin(turn) - y * math.cos(turn)))
        level = level * (1 - rng.uniform(0.25, 0.5) / (1 + np.exp(-edge * rng.uniform(4, 9))))
    elif kind == "glare":
        middle = rng.uniform(-0.7, 0.7, 2)
        far = ((x - middle[0]) * 1.33) ** 2 + (y - middle[1]) ** 2
        level = level + rng.uniform(0.3, 0.6) * np.exp(-far / rng.uniform(0.05, 0.25))
    elif kind == "dim":
        level = level * rng.uniform(0.3, 0.55)
    coarse = np.clip(np.rint(level * _ONE), 0, 255).astype(np.uint8)
    field = np.asarray(cv2.resize(coarse, (width, height), interpolation=cv2.INTER_LINEAR_EXACT), np.uint8)
    if kind == "hard shadow":
        field = _hard_shadow(field, rng)
    lit = np.minimum(image.astype(np.uint16) * field[:, :, None] // _ONE, 255).astype(np.uint8)
    return _white_balance(_haze(lit, rng) if kind in ("dim", "glare") else lit, kind, rng)


def _hard_shadow(field: Image, rng: np.random.Generator) -> Image:
    """A sharp-edged shadow of something straight: a window frame, a phone, a book."""
    height, width = field.shape
    turn = rng.uniform(0, 2 * math.pi)
    along = np.array([math.cos(turn), math.sin(turn)])
    side = np.array([-along[1], along[0]])
    middle = np.array([width, height]) * rng.uniform(0.25, 0.75, 2)
    reach, depth = width + height, rng.uniform(0.2, 1.2) * height
    corners = np.array([middle + along * reach, middle - along * reach])
    corners = np.vstack([corners, corners[::-1] + side * depth])
    mask = np.zeros_like(field)
    cv2.fillConvexPoly(mask, np.rint(corners * 16).astype(np.int32), (255,), cv2.LINE_AA, 4)
    softness = max(3, 2 * int(rng.integers(1, 4)) * height // 480 + 1)
    mask = np.asarray(cv2.blur(mask, (softness, softness)), np.uint8)
    darkness = int(rng.integers(60, 120))
    return (field * (255 * 255 - mask.astype(np.uint32) * darkness) // (255 * 255)).astype(np.uint8)


def _haze(image: Image, rng: np.random.Generator) -> Image:
    """Lower the contrast, as stray light and automatic exposure do."""
    lift = int(rng.integers(10, 60))
    return np.asarray(cv2.LUT(image, ((np.arange(256) * (255 - lift)) // 255 + lift).astype(np.uint8)), np.uint8)


def _white_balance(image: Image, kind: str, rng: np.random.Generator) -> Image:
    gains = 1 + 0.02 * rng.standard_normal(3)
    if kind == "warm":
        gains = gains * np.array([rng.uniform(0.62, 0.82), rng.uniform(0.88, 0.96), 1.03])
    elif kind == "cold":
        gains = gains * np.array([1.05, rng.uniform(0.93, 1.0), rng.uniform(0.74, 0.88)])
    table = np.clip(np.rint(np.arange(256)[:, None] * gains), 0, 255).astype(np.uint8)[:, None, :]
    return np.asarray(cv2.LUT(image, table), np.uint8)
