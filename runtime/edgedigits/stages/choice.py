"""Choice: the hypotheses that together explain the image best."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from edgedigits.stages.hypotheses import Hypothesis

_SURE = 7.0


def evidence(probability: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Return the log odds of being a digit, kept within what the model can be sure of."""
    p = np.clip(probability, 1e-9, 1 - 1e-9)
    return np.clip(np.log(p / (1 - p)), -_SURE, _SURE)


def choose(hypotheses: Sequence[Hypothesis], scores: npt.NDArray[np.float64]) -> list[int]:
    """Return the indices of hypotheses that do not share a place, those that explain most ink best first.

    Args:
        hypotheses: any number, from all levels.
        scores: evidence of each, (N,).
    """
    if not hypotheses:
        return []
    boxes = np.array([h.box for h in hypotheses], np.float64)
    weight = scores * np.sqrt([h.ink for h in hypotheses])
    left, top = boxes[:, 0], boxes[:, 1]
    right, bottom = left + boxes[:, 2], top + boxes[:, 3]
    area = boxes[:, 2] * boxes[:, 3]
    free = scores > 0
    chosen = []
    for i in np.argsort(-weight, kind="stable"):
        if not free[i]:
            continue
        chosen.append(int(i))
        across = np.minimum(right, right[i]) - np.maximum(left, left[i])
        down = np.minimum(bottom, bottom[i]) - np.maximum(top, top[i])
        shared = np.clip(across, 0, None) * np.clip(down, 0, None)
        free &= shared < 0.4 * np.minimum(area, area[i])
    return chosen
