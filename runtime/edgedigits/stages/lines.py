"""Lines: the order in which a person would read what was found."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

Box = tuple[float, float, float, float]


def reading_lines(boxes: Sequence[Box]) -> list[list[int]]:
    """Group boxes into lines from top to bottom, each from left to right.

    A box continues the line whose last box it stands beside: their middles differ in height by less than half
    of the larger one, and no other line fits better. So lines may slope and bend.

    Args:
        boxes: x, y, width, height of each.

    Returns:
        Indices of the boxes, line by line.
    """
    lines: list[list[int]] = []
    for i in sorted(range(len(boxes)), key=lambda i: boxes[i][0] + boxes[i][2] / 2):
        fits = [(misfit, line) for line in lines if (misfit := _misfit(boxes, line, i)) < 1]
        if fits:
            min(fits, key=lambda fit: fit[0])[1].append(i)
        else:
            lines.append([i])
    return sorted(lines, key=lambda line: float(np.mean([boxes[i][1] + boxes[i][3] / 2 for i in line])))


def _misfit(boxes: Sequence[Box], line: Sequence[int], i: int) -> float:
    """Return how far box i is from continuing a line: below 1 it may."""
    _, y, _, height = boxes[i]
    _, last_y, _, last_height = boxes[line[-1]]
    apart = abs((y + height / 2) - (last_y + last_height / 2))
    return apart / (0.5 * max(height, last_height))
