"""Glyph normalisation: from any crop of one digit to the 28×28 picture that the model was trained on.

The same function serves training, calibration, evaluation and the runtime, so that no client can feed the
model differently. It repeats how MNIST itself was made (LeCun, Cortes, Burges: "the images were size normalized
to fit in a 20x20 pixel box while preserving their aspect ratio … centered in a 28x28 image by computing the
center of mass of the pixels"), so an MNIST image comes out as it went in, up to a few grey levels.
"""

from __future__ import annotations

import functools
import hashlib
import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass

import numpy as np
import numpy.typing as npt

from edgedigits.arrays import UInt8Array
from edgedigits.errors import InputError

SIDE = 28
"""Pixels on each side of a glyph."""


@dataclass(frozen=True)
class GlyphContract:
    """The parameters of glyph normalisation.

    Attributes:
        version: of the function itself.
        side: pixels on each side of a glyph.
        box: pixels of the box that the ink is fitted into.
        paper, ink: their levels.
        centre: what comes into the middle.
        ink_threshold: the level above which a pixel belongs to the box.
        soft_edge: pixels of a glyph around the box that are taken along.
        min_contrast: levels between paper and ink below which there is no ink.
        one_paper: share of a crop's rim that may be other than paper before the crop counts as of several papers.
        stroke: share of a crop's side that is wider than any stroke.
        speck: share of the largest piece's area below which a piece is dirt, if it lies alone.
        speck_reach: share of a crop's side up to which a piece does not lie alone.

    They are hashed into every bundle: a runtime whose normalisation differs refuses the bundle. Whoever changes
    what `normalise_crop` returns raises `version`; tests/runtime/test_glyphs.py holds it to its promise.
    """

    version: int = 2
    side: int = SIDE
    box: int = 20
    paper: int = 0
    ink: int = 255
    centre: str = "mass"
    ink_threshold: int = 51
    soft_edge: int = 2
    min_contrast: int = 8
    one_paper: float = 0.2
    stroke: float = 0.5
    speck: float = 0.1
    speck_reach: float = 0.04

    @property
    def digest(self) -> str:
        """SHA-256 of the parameters, as hexadecimal digits."""
        return hashlib.sha256(json.dumps(asdict(self), sort_keys=True).encode()).hexdigest()


CONTRACT = GlyphContract()


def normalise_crop(crop: UInt8Array) -> UInt8Array:
    """Return the glyph of a crop that holds one digit.

    The steps are: grey, paper evened where the crop reaches over several papers or into a shadow, ink polarity (what
    most of the crop's rim is, is paper), contrast stretched between paper and ink, specks dropped, 20×20 box with the
    aspect kept, centre of mass in the middle.

    Args:
        crop: uint8, (H, W), (H, W, 1), (H, W, 3) in BGR or (H, W, 4) in BGRA; any size, dark ink on light paper or
            light on dark.

    Returns:
        uint8, (28, 28); 0 is paper, 255 is ink. All zeros where the crop shows no contrast.

    Raises:
        InputError: the array is empty, not uint8, or not of one of these shapes.

    Example:
        >>> glyph = normalise_crop(np.full((40, 30), 200, np.uint8))
        >>> glyph.shape, int(glyph.max())
        ((28, 28), 0)
    """
    return centre_ink(_drop_specks(stretch_ink(_level_paper(_even_rim(_within_reach(grey_crop(crop)))))))


def normalise_crops(crops: UInt8Array | Sequence[UInt8Array]) -> UInt8Array:
    """Return the glyphs of several crops, ready for the model.

    Args:
        crops: one crop as in `normalise_crop`, an array (N, H, W) or (N, H, W, C), or a sequence of crops of
            any sizes. A three-dimensional array whose last axis has 1, 3 or 4 entries is one crop with colours.

    Returns:
        uint8, (N, 28, 28, 1).

    Raises:
        InputError: as `normalise_crop`.
    """
    glyphs = [normalise_crop(crop) for crop in each_crop(crops)]
    return np.stack(glyphs)[..., np.newaxis] if glyphs else np.zeros((0, SIDE, SIDE, 1), np.uint8)


def stretch_ink(grey: UInt8Array) -> UInt8Array:
    """Bring a grey crop to ink polarity with paper at 0 and ink at 255.

    Args:
        grey: uint8, (H, W).

    Returns:
        uint8, (H, W); all zeros where the crop's contrast is below `CONTRACT.min_contrast`.
    """
    split = _split(grey)
    histogram = np.bincount(grey.ravel(), minlength=256)
    if not paper_is_dark(grey > split):
        # 255 - grey, by the table at the end: here only the histogram is turned round
        histogram, split, inverted = histogram[::-1], 254 - split, True
    else:
        inverted = False

    paper = _percentile(histogram[: split + 1], 50)
    # what noise adds to the paper: 2 σ, estimated from the half below the median, where no stroke's edge lies
    below = histogram[: paper + 1][::-1]
    floor = paper + 2 * 1.4826 * _percentile(below, 50)
    ink = split + 1 + _percentile(histogram[split + 1 :], 90)
    if ink - floor < CONTRACT.min_contrast:
        return np.zeros_like(grey)
    levels = np.clip(np.rint((np.arange(256) - floor) * (255 / (ink - floor))), 0, 255).astype(np.uint8)
    return np.asarray((levels[::-1] if inverted else levels)[grey], np.uint8)


def _within_reach(grey: UInt8Array) -> UInt8Array:
    """Shrink a huge crop: the steps that follow look at neighbourhoods in proportion to the crop."""
    import cv2

    scale = _LARGEST / max(grey.shape)
    if scale >= 1:
        return grey
    size = (max(1, round(grey.shape[1] * scale)), max(1, round(grey.shape[0] * scale)))
    return np.asarray(cv2.resize(grey, size, interpolation=cv2.INTER_AREA), np.uint8)


_LARGEST = 512
"""Pixels of a crop's longer side; a glyph has 28."""


def _even_rim(grey: UInt8Array) -> UInt8Array:
    """Even out edges that run from rim to opposite rim: a fold, a strip of tape, the border of a shadow or a page.

    The paper along each line of such a crop is what the line's two ends are.
    """
    ink = _ink(grey)
    if _rim(ink).mean() < CONTRACT.one_paper:
        return grey
    for picture, own in ((grey, ink), (grey.T, ink.T)):
        # lines that differ from the first as ink from paper: hardly anything of that may touch the rim
        if _rim(own ^ own[:1]).mean() <= _HARDLY_ANY:
            paper = (picture[:1].astype(np.int16) + picture[-1:]) // 2
            evened = np.abs(picture - paper).astype(np.uint8)
            return np.ascontiguousarray(evened if picture is grey else evened.T)
    return grey


_HARDLY_ANY = 0.03


def _level_paper(grey: UInt8Array) -> UInt8Array:
    """Return ink on black paper, without what is wider than a stroke: uneven light, by a white top-hat (Serra 1982)."""
    import cv2

    ink = grey if paper_is_dark(grey > _split(grey)) else 255 - grey
    side = int(max(grey.shape) * CONTRACT.stroke) | 1
    return np.asarray(cv2.morphologyEx(ink, cv2.MORPH_TOPHAT, np.ones((side, side), np.uint8)), np.uint8)


def _drop_specks(ink: UInt8Array) -> UInt8Array:
    """Drop the pieces that are far smaller than the largest one, unless they lie beside a large one.

    Dirt would widen the box and shrink the digit in it; the dotted line of a pencil, and the loose bar of a 5, stay.
    """
    import cv2

    count, pieces, stats, _ = cv2.connectedComponentsWithStats((ink > CONTRACT.ink_threshold).astype(np.uint8))
    if count < 3:
        return ink
    areas = stats[1:, cv2.CC_STAT_AREA]
    large = np.concatenate([[False], areas >= CONTRACT.speck * areas.max()])
    reach = 2 * max(1, round(CONTRACT.speck_reach * max(ink.shape))) + 1
    near = cv2.dilate(large[pieces].astype(np.uint8), np.ones((reach, reach), np.uint8)) > 0
    kept = np.zeros(count, bool)
    kept[np.unique(pieces[near])] = True
    kept[0] = True
    return ink if kept.all() else np.where(kept[pieces], ink, 0).astype(np.uint8)


def centre_ink(ink: UInt8Array) -> UInt8Array:
    """Fit ink into the 20×20 box, aspect kept, with its centre of mass in the middle of 28×28.

    Args:
        ink: uint8, (H, W); 0 is paper, 255 is ink.

    Returns:
        uint8, (28, 28); all zeros where no pixel is above `CONTRACT.ink_threshold`.
    """
    import cv2

    glyph = np.zeros((SIDE, SIDE), np.uint8)
    _, mask = cv2.threshold(ink, CONTRACT.ink_threshold, 255, cv2.THRESH_BINARY)
    x, y, width, height = cv2.boundingRect(mask)
    if width == 0:
        return glyph
    scale = CONTRACT.box / max(width, height)
    # the soft edge of the strokes, fainter than the threshold, belongs to the picture but not to the box
    edge = round(CONTRACT.soft_edge / scale)
    box = ink[max(0, y - edge) : y + height + edge, max(0, x - edge) : x + width + edge]
    if scale != 1:
        size = (max(1, round(box.shape[1] * scale)), max(1, round(box.shape[0] * scale)))
        shrinks = scale < 1
        resized = cv2.resize(box, size, interpolation=cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR)
        box = _restore_peak(np.asarray(resized, np.uint8)) if shrinks else np.asarray(resized, np.uint8)

    moments = cv2.moments(np.ascontiguousarray(box))
    height, width = box.shape
    top = min(max(round(SIDE / 2 - moments["m01"] / moments["m00"]), 0), SIDE - height)
    left = min(max(round(SIDE / 2 - moments["m10"] / moments["m00"]), 0), SIDE - width)
    glyph[top : top + height, left : left + width] = box
    return glyph


def _restore_peak(box: UInt8Array) -> UInt8Array:
    """Undo what shrinking takes from strokes thinner than a pixel: they average with the paper and fade."""
    upper = box[box > int(box.max()) // 2]
    upper.sort()
    return _stretched_to(int(upper[(3 * upper.size - 1) // 4])).take(box)


@functools.cache
def _stretched_to(peak: int) -> UInt8Array:
    """Return the table (256,) that makes a level the strongest ink."""
    return np.asarray(np.clip(np.rint(np.arange(256) * (255 / peak)), 0, 255), np.uint8)


def _percentile(histogram: npt.NDArray[np.intp], percent: float) -> int:
    """Return the level below or at which this percentage of a histogram's pixels lie; 0 of an empty one."""
    running = np.cumsum(histogram)
    return int(np.searchsorted(running, running[-1] * percent / 100)) if running.size and running[-1] else 0


def _split(grey: UInt8Array) -> int:
    """Return the level that parts paper and ink (Otsu 1979)."""
    import cv2

    level, _ = cv2.threshold(grey, 0, 255, cv2.THRESH_BINARY + cv2.THRESH_OTSU)
    return int(level)


def _ink(grey: UInt8Array) -> npt.NDArray[np.bool_]:
    bright = grey > _split(grey)
    return bright if paper_is_dark(bright) else ~bright


def _rim(mask: npt.NDArray[np.bool_]) -> npt.NDArray[np.bool_]:
    return np.concatenate([mask[0], mask[-1], mask[:, 0], mask[:, -1]])


def paper_is_dark(bright: npt.NDArray[np.bool_]) -> bool:
    """Tell from the rim which side of the split is paper; where the rim is undecided, the larger side is."""
    depth = max(1, min(bright.shape) // 32)
    rim = np.concatenate(
        [
            bright[:depth].ravel(),
            bright[-depth:].ravel(),
            bright[:, :depth].ravel(),
            bright[:, -depth:].ravel(),
        ]
    )
    share = float(rim.mean())
    if 0.35 < share < 0.65:
        share = float(bright.mean())
    return share < 0.5


def grey_crop(crop: UInt8Array) -> UInt8Array:
    """Return a crop in grey levels, uint8 (H, W).

    Raises:
        InputError: the array is empty, not uint8, or not of one of the shapes of `normalise_crop`.
    """
    import cv2

    if not isinstance(crop, np.ndarray) or crop.dtype != np.uint8:
        kind = getattr(crop, "dtype", type(crop).__name__)
        raise InputError(f"A crop must be a uint8 array with values 0 to 255, got {kind}; scale and convert it first.")
    if crop.size == 0:
        raise InputError(f"A crop of shape {crop.shape} holds no pixels; pass one with a height and a width.")
    if crop.ndim == 2:
        return crop
    if crop.ndim == 3 and crop.shape[2] in (1, 3, 4):
        if crop.shape[2] == 1:
            return crop[:, :, 0]
        code = cv2.COLOR_BGR2GRAY if crop.shape[2] == 3 else cv2.COLOR_BGRA2GRAY
        return np.asarray(cv2.cvtColor(crop, code), np.uint8)
    raise InputError(f"A crop must have shape (H, W), (H, W, 1), (H, W, 3) or (H, W, 4), got {crop.shape}.")


def each_crop(crops: UInt8Array | Sequence[UInt8Array]) -> Iterable[UInt8Array]:
    """Return the single crops of what `normalise_crops` takes.

    Raises:
        InputError: an array is of none of its shapes.
    """
    if not isinstance(crops, np.ndarray):
        return crops
    one = crops.ndim == 2 or (crops.ndim == 3 and crops.shape[2] in (1, 3, 4))
    if one:
        return [crops]
    if crops.ndim in (3, 4):
        return iter(crops)
    raise InputError(f"Crops must have shape (H, W), (N, H, W) or (N, H, W, C), got {crops.shape}.")
