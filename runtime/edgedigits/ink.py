"""From a photo to ink: even light out, 0 where there is paper, 255 where there is ink."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

_BACKGROUND_SIDE = 256


def ink_of(grey: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
    """Return how much ink each pixel holds, whatever the light and whichever of paper and ink is darker.

    The paper's brightness at each place is what a morphological closing with an element larger than any stroke
    leaves; ink is what is missing from it, as a ratio, so that a shadow, which darkens both alike, cancels out.

    Args:
        grey: uint8, (H, W).

    Returns:
        uint8, (H, W); 0 is paper, 255 is ink at the image's own contrast; all zeros where nothing stands out.
    """
    dark, light = _missing_light(grey), _missing_light(255 - grey)
    missing = dark if _strength(dark) >= _strength(light) else light
    peak = float(np.percentile(missing, 99.8))
    if peak < 0.08:
        return np.zeros_like(grey)
    return np.asarray(np.clip(missing * (255 / peak), 0, 255), np.uint8)


def _missing_light(grey: npt.NDArray[np.uint8]) -> npt.NDArray[np.float32]:
    """Return 1 - brightness / paper brightness, float32 (H, W), 0 to 1."""
    import cv2

    height, width = grey.shape
    shrink = min(1.0, _BACKGROUND_SIDE / max(height, width))
    size = (max(1, round(width * shrink)), max(1, round(height * shrink)))
    small = cv2.resize(grey, size, interpolation=cv2.INTER_AREA)
    reach = max(15, max(size) // 4) | 1
    element = cv2.getStructuringElement(cv2.MORPH_RECT, (reach, reach))
    # repeat the rim, so that a digit that touches it is still surrounded by paper
    paper = cv2.morphologyEx(small, cv2.MORPH_CLOSE, element, borderType=cv2.BORDER_REPLICATE)
    paper = cv2.resize(paper, (width, height), interpolation=cv2.INTER_LINEAR).astype(np.float32)
    return np.clip(1 - grey / np.maximum(paper, 1), 0, 1).astype(np.float32)


def _strength(missing: npt.NDArray[np.float32]) -> float:
    """Tell how well ink stands out: strokes are strong and few, a wrong polarity makes the paper itself 'ink'."""
    ink = missing > 0.25
    return float(missing[ink].sum() / missing.size) if 0 < ink.mean() < 0.4 else 0.0
