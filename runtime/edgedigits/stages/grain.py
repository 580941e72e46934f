"""Grain: whether a line is of one darkness, or of the dark grains that pencil and chalk leave on a rough surface."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from edgedigits.finding.light import REACH
from edgedigits.stages.hypotheses import Hypothesis

_EVEN = 0.78
"""Ink along the middle of strokes over the strongest nearby: about 0.75 in pencil and chalk, 0.85 in other pens."""
_NARROWEST = 2
"""Depth in pixels of a level from which a stroke has a middle that is not its edge."""
_FEWEST = 8
"""Pixels of middles that tell anything of a digit."""
_ENOUGH = 8
"""Digits that tell as much as all."""

_AROUND = np.ones((3, 3), np.uint8)
_NEARBY = np.ones((REACH, REACH), np.uint8)


def are_grainy(digits: Sequence[Hypothesis]) -> bool:
    """Tell whether digits, the surest ones first, were written in pencil, chalk or the like."""
    shares = [_middle_shares(one) for one in digits[:_ENOUGH] if not one.is_part]
    telling = [share for share in shares if share.size >= _FEWEST]
    return bool(telling) and float(np.concatenate(telling).mean()) < _EVEN


def _middle_shares(one: Hypothesis) -> npt.NDArray[np.float64]:
    """Return the ink of each pixel along the middle of a digit's strokes, over the strongest nearby, (N,)."""
    import cv2

    left, top, right, bottom = one.extent
    own = one.mask().view(np.uint8)
    depth = cv2.distanceTransform(own, cv2.DIST_L1, 3, dstType=cv2.CV_8U)
    middle = (depth >= _NARROWEST) & (depth == cv2.dilate(depth, _AROUND))
    ink = one.strokes.level.ink[top:bottom, left:right] * own
    return np.asarray(ink[middle] / cv2.dilate(ink, _NEARBY)[middle].astype(np.float64), np.float64)
