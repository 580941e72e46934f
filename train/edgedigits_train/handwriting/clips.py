"""Clips: what a hand-held camera sees of a page, frame by frame, each with its truth."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from edgedigits_train.handwriting import camera as cameras
from edgedigits_train.handwriting.kinds import KINDS
from edgedigits_train.handwriting.scenes import Conditions, Scene, Sheet, framed, sample_view
from edgedigits_train.handwriting.writer import Writer


def render_clip(
    seed: int,
    frames: int = 60,
    kind: str = "number",
    conditions: Conditions | None = None,
    size: tuple[int, int] = (640, 480),
    arrives: int = 0,
) -> Iterator[Scene]:
    """Render a clip of one page.

    The camera sways as a hand does, and noise differs from frame to frame. While the page is not in view yet, an
    empty one is.

    Args:
        seed: the same arguments give the same clip.
        frames: how many.
        kind: key of `kinds.KINDS`.
        conditions: drawn at random where None.
        size: width and height in pixels.
        arrives: from which frame on the writing is in view.

    Yields:
        One scene a frame, see :class:`~edgedigits_train.handwriting.scenes.Scene`.

    Example:
        >>> [scene.text for scene in render_clip(seed=5, frames=2, kind="single", arrives=1)][0]
        ''
    """
    rng = np.random.Generator(np.random.PCG64(seed))
    conditions = conditions or Conditions.sample(rng)
    page = KINDS[kind](Writer.sample(rng, tidiness=0.35), rng, size)
    sheet = Sheet.take(page, kind, conditions, size, rng)
    blank = replace(sheet, page=replace(page, marks=()), behind=())
    hold = sample_view(conditions.view, page, size, rng)
    sway = rng.normal(0, 1, (6, 3))
    for frame in range(frames):
        seconds = frame / 30
        # A hand's sway is slow and smooth: a few sines below 2 Hz.
        waves = sum(sway[:, k] * math.sin(2 * math.pi * (0.4 + 0.5 * k) * seconds + 2 * k) for k in range(3))
        turn, zoom, tilt_x, tilt_y, x, y = np.asarray(waves).tolist()
        shift = (0.006 * size[0] * x, 0.006 * size[1] * y)
        move = cameras.view(size, 0.012 * turn, 1 + 0.01 * zoom, (0.03 * tilt_x, 0.03 * tilt_y), shift)
        camera = framed(hold.then(move.matrix), page, size)
        yield (sheet if frame >= arrives else blank).photograph(camera, rng)
