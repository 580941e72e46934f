"""Whether images are transposed: EMNIST's files hold every image with rows and columns exchanged."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

_CLEARLY = 0.05
"""Mean logarithm of width over height from which writing cannot be upright: it is taller than wide, MNIST's by 0.4."""

_ENOUGH = 200
"""Images from which the mean tells anything: a few may all be wide letters."""


def are_transposed(images: npt.NDArray[np.uint8]) -> bool:
    """Return whether images (N, H, W), 0 paper, hold writing with rows and columns exchanged.

    Digits and letters are taller than wide on the mean; what is wider was transposed, or lies on its side.
    """
    if len(images) < _ENOUGH:
        return False
    ink = images > 127
    heights, widths = (np.maximum(1, ink.any(axis=axis).sum(axis=1)) for axis in (2, 1))
    return bool(np.mean(np.log(widths / heights)) > _CLEARLY)
