"""Statistics that training and export report alike."""

from __future__ import annotations

import math

_Z95 = 1.959963984540054


def wilson_interval(hits: int, total: int) -> tuple[float, float]:
    """Return the 95 % interval of a share (Wilson, 1927), 0 to 1.

    Args:
        hits: how many of them; 0 to `total`.
        total: of how many; at least 1.

    Example:
        >>> tuple(round(bound, 4) for bound in wilson_interval(9915, 10000))
        (0.9895, 0.9931)
    """
    share = hits / total
    denominator = 1 + _Z95**2 / total
    middle = (share + _Z95**2 / (2 * total)) / denominator
    half = _Z95 * math.sqrt(share * (1 - share) / total + _Z95**2 / (4 * total**2)) / denominator
    return max(0.0, middle - half), min(1.0, middle + half)
