"""Pens: what a stroke leaves on a surface."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Colour = tuple[int, int, int]
"""Blue, green, red, each 0 to 255."""


@dataclass(frozen=True)
class Pen:
    """One kind of pen.

    Attributes:
        name: what it is called.
        nib: width of its mark, least and most, in heights of a digit.
        colours: its inks.
        opacity: how well it covers, least and most, 0 to 255.
        grain: how much of the surface's tooth stays bare, 0 to 255.
        clouds: how uneven its ink is over longer stretches, 0 to 255.
        skips: how often a stroke has a short gap.
    """

    name: str
    nib: tuple[float, float]
    colours: tuple[Colour, ...]
    opacity: tuple[int, int]
    grain: int
    clouds: int
    skips: float


_BLUE, _BLACK, _RED, _GREEN = (150, 60, 25), (35, 30, 30), (45, 35, 190), (70, 120, 20)

PENS = {
    pen.name: pen
    for pen in (
        Pen("ballpoint", (0.045, 0.085), (_BLUE, _BLUE, _BLACK, _RED), (190, 240), 40, 45, 0.10),
        Pen("pencil", (0.045, 0.10), ((95, 92, 90), (70, 68, 68)), (130, 205), 95, 55, 0.02),
        Pen("gel", (0.06, 0.11), (_BLUE, _BLACK, (120, 40, 90), _RED), (235, 255), 12, 15, 0.02),
        Pen("felt tip", (0.09, 0.15), (_BLACK, _BLUE, _RED, _GREEN, (30, 90, 220)), (220, 250), 25, 35, 0.0),
        Pen("marker", (0.12, 0.20), (_BLACK, (160, 50, 20), _RED, _GREEN), (215, 250), 15, 45, 0.0),
        Pen("whiteboard marker", (0.08, 0.16), (_BLACK, (170, 60, 20), _RED, _GREEN), (200, 245), 20, 70, 0.03),
        Pen("chalk", (0.10, 0.19), ((235, 238, 240), (150, 225, 240), (210, 190, 240)), (200, 245), 140, 50, 0.03),
        Pen("digital ink", (0.06, 0.20), ((0, 0, 0), (0, 0, 0), (200, 60, 20), (30, 30, 220)), (255, 255), 0, 0, 0.0),
        Pen("fineliner", (0.018, 0.055), (_BLACK, _BLUE, _BLACK, _RED), (150, 250), 35, 50, 0.02),
        Pen("hard pencil", (0.03, 0.07), ((150, 148, 146), (120, 118, 118), (95, 92, 90)), (70, 170), 70, 60, 0.05),
        Pen("brush", (0.10, 0.30), ((0, 0, 0), (40, 40, 40), (220, 200, 0), (200, 60, 20)), (225, 255), 0, 0, 0.0),
        Pen("thin digital ink", (0.015, 0.07), ((0, 0, 0), (60, 60, 60), (200, 60, 20)), (255, 255), 0, 0, 0.0),
        Pen("light ink", (0.02, 0.18), ((255, 255, 255), (255, 255, 255), (120, 255, 255)), (225, 255), 0, 0, 0.0),
    )
}
"""All pens by name."""


def ink_opacity(
    coverage: npt.NDArray[np.uint8],
    tooth: npt.NDArray[np.uint8],
    clouds: npt.NDArray[np.uint8],
    pen: Pen,
    opacity: int,
) -> npt.NDArray[np.uint8]:
    """How much of the surface the ink hides.

    Args:
        coverage: uint8 (H, W), where the pen has been.
        tooth: uint8 (H, W), the surface's fine relief; ink stays off where it is low.
        clouds: uint8 (H, W), slow changes of the flow of ink.
        pen: the pen.
        opacity: of full ink, 0 to 255.

    Returns:
        uint8 (H, W), 0 bare surface to 255 ink alone.
    """
    # Integers throughout, so that the bytes are the same on every machine.
    bare = np.clip((150 - tooth.astype(np.int32)) * pen.grain // 64, 0, pen.grain)
    faint = clouds.astype(np.int32) * pen.clouds // 255
    left = np.clip(opacity - bare - faint, 0, 255)
    return np.asarray(coverage.astype(np.int32) * left // 255, np.uint8)
