"""What a reader answers: digits with their places and confidences, in reading order."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

Box = tuple[int, int, int, int]
"""x, y, width, height in pixels of the upright image; x and y are the top left corner."""


@dataclass(frozen=True)
class Digit:
    """One digit that was found in an image.

    Attributes:
        value: 0 to 9.
        confidence: calibrated probability of `value`, 0 to 1.
        box: x, y, width, height in pixels of the upright image.
        line: index of the line of writing that the digit stands in, from 0 at the top.
        alternatives: other digits that it may be, and the probability of each, the likeliest first.
        readable: whether `confidence` reaches what the reader was asked for; if not, the text holds a "?".
    """

    value: int
    confidence: float
    box: Box
    line: int = 0
    alternatives: tuple[tuple[int, float], ...] = ()
    readable: bool = True


@dataclass(frozen=True)
class Reading:
    """Everything that was read in one image.

    Attributes:
        digits: the digits in reading order: line by line, from left to right.
        size: width and height of the upright image in pixels.
    """

    digits: tuple[Digit, ...]
    size: tuple[int, int]

    @property
    def text(self) -> str:
        """The digits as text, lines separated by a newline, "?" for a digit that is there but unreadable.

        "" when nothing was found.
        """
        lines: dict[int, str] = {}
        for digit in self.digits:
            lines[digit.line] = lines.get(digit.line, "") + (str(digit.value) if digit.readable else "?")
        return "\n".join(lines.values())

    def as_dict(self) -> dict[str, Any]:
        """Return text and digits as plain values, as the command line writes them to JSON."""
        return {
            "text": self.text,
            "digits": [
                {
                    "value": d.value,
                    "confidence": round(d.confidence, 4),
                    "box": list(d.box),
                    "alternatives": [[value, round(probability, 4)] for value, probability in d.alternatives],
                }
                for d in self.digits
            ],
        }


class Classification(NamedTuple):
    """What `Reader.classify` says of N crops.

    Attributes:
        probabilities: float32, (N, 10), calibrated; each row sums to 1.
        digit_scores: float32, (N,), 0 to 1: how much the crop looks like a digit at all. Below
            `Manifest.digit_score.threshold` the reader takes it for no digit.
    """

    probabilities: npt.NDArray[np.float32]
    digit_scores: npt.NDArray[np.float32]
