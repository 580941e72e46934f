"""Glyphs without OpenCV: what `benchmarks/lean.py` measures in its place.

Pillow decodes and resamples, numpy does the rest of `edgedigits.glyphs.normalise_crop` for one digit on even paper.
Left out is what needs morphology or connected pieces: levelling uneven paper, and dropping specks and neighbours.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from PIL import Image

from edgedigits import glyphs
from edgedigits.glyphs import CONTRACT, SIDE, stretch_ink

Grey = npt.NDArray[np.uint8]

METHODS = {"BOX": Image.Resampling.BOX, "LANCZOS": Image.Resampling.LANCZOS, "BOX after reducing": None}
"""How Pillow shrinks, by name; None reduces by a whole factor first, and fits the rest with a box."""


def load_grey(path: str) -> Grey:
    """Return a picture in grey levels, uint8 (H, W)."""
    return np.asarray(Image.open(path).convert("L"))


def lean_glyph(grey: Grey, method: str = "BOX") -> Grey:
    """Return the glyph, uint8 (28, 28), of a crop, uint8 (H, W)."""
    ink = _stretched(grey)
    glyph = np.zeros((SIDE, SIDE), np.uint8)
    rows, columns = (np.flatnonzero((ink > CONTRACT.ink_threshold).any(axis=axis)) for axis in (1, 0))
    if not rows.size:
        return glyph
    scale = CONTRACT.box / (1 + max(np.ptp(rows), np.ptp(columns)))
    edge = round(CONTRACT.soft_edge / scale)
    top, left = max(0, rows[0] - edge), max(0, columns[0] - edge)
    box = ink[top : rows[-1] + 1 + edge, left : columns[-1] + 1 + edge]
    if scale != 1:
        size = (max(1, round(box.shape[1] * scale)), max(1, round(box.shape[0] * scale)))
        box = _shrink(box, size, method) if scale < 1 else _enlarge(box, size)
    weights = box.astype(np.float64)
    down = weights.sum(axis=1) @ np.arange(box.shape[0]) / weights.sum()
    across = weights.sum(axis=0) @ np.arange(box.shape[1]) / weights.sum()
    top = min(max(round(SIDE / 2 - down), 0), SIDE - box.shape[0])
    left = min(max(round(SIDE / 2 - across), 0), SIDE - box.shape[1])
    glyph[top : top + box.shape[0], left : left + box.shape[1]] = box
    return glyph


def _stretched(grey: Grey) -> Grey:
    """Return the ink; of what `stretch_ink` does, finding the split alone is OpenCV's."""
    split, glyphs._split = glyphs._split, _otsu
    try:
        return stretch_ink(grey)
    finally:
        glyphs._split = split


def _shrink(box: Grey, size: tuple[int, int], method: str) -> Grey:
    filtered = METHODS[method]
    image = Image.fromarray(np.ascontiguousarray(box))
    if filtered is None:
        small = image.resize(size, Image.Resampling.BOX, reducing_gap=1.0)
    else:
        small = image.resize(size, filtered)
    return glyphs._restore_peak(np.asarray(small))


def _enlarge(box: Grey, size: tuple[int, int]) -> Grey:
    return np.asarray(Image.fromarray(np.ascontiguousarray(box)).resize(size, Image.Resampling.BILINEAR))


def _otsu(grey: Grey) -> int:
    """Return the level that parts paper and ink (Otsu 1979), which OpenCV's `threshold` finds for the runtime."""
    counts = np.bincount(grey.ravel(), minlength=256).astype(np.float64)
    below, levels = np.cumsum(counts), np.cumsum(counts * np.arange(256))
    above = below[-1] - below
    with np.errstate(divide="ignore", invalid="ignore"):
        spread = below * above * (levels / below - (levels[-1] - levels) / above) ** 2
    return int(np.nanargmax(spread)) if np.isfinite(spread).any() else 0
