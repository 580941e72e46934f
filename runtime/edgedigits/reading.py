"""What a reader answers: digits with their places and confidences, in reading order."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from edgedigits.digit import Digit
from edgedigits.numbers import Number, Sign, read_numbers

UNREADABLE = "?"
"""What stands in the text for a digit that is there but cannot be told."""


@dataclass(frozen=True)
class Reading:
    """Everything that was read in one image.

    Attributes:
        digits: the digits in reading order: line by line, from left to right.
        size: width and height of the upright image in pixels.
        expected: whether every line is as it was expected to be; None where nothing was expected.
        turned: degrees, 0, 90, 180 or 270, by which the sheet had to be turned clockwise to be read; lines are those of
            the turned sheet, boxes those of the image as it is.
        unexpected_lines: indices of the lines that are not as they were expected to be, from 0 at the top.
        damaged: whether data of the image's file are missing or wrong, so that there may have been more to read. JPEG
            and compressed TIFF files tell; a damaged PNG is refused, and other damage cannot be told.
        signs: what stands among the digits, such as "," or "/"; those of less than `numbers.SURE` are unsure.
    """

    digits: tuple[Digit, ...]
    size: tuple[int, int]
    expected: bool | None = None
    turned: int = 0
    unexpected_lines: tuple[int, ...] = ()
    damaged: bool = False
    signs: tuple[Sign, ...] = ()

    @property
    def numbers(self) -> tuple[tuple[Number, ...], ...]:
        """The numbers of each line as they were written, signs among them.

        Example:
            >>> digits = (Digit(9, 0.9, (0, 0, 10, 20)), Digit(5, 0.9, (24, 0, 10, 20)))
            >>> reading = Reading(digits, (99, 99), signs=(Sign(",", 0.9, (14, 16, 4, 8)),))
            >>> reading.numbers[0][0].text
            '9,5'
        """
        lines: dict[int, list[Digit]] = {}
        for digit in self.digits:
            lines.setdefault(digit.line, []).append(digit)
        return tuple(
            read_numbers(digits, [sign for sign in self.signs if sign.line == line]) for line, digits in lines.items()
        )

    @property
    def text(self) -> str:
        """The digits as text, lines separated by a newline, "?" for a digit that is there but unreadable.

        "" when nothing was found.
        """
        lines: dict[int, str] = {}
        for digit in self.digits:
            lines[digit.line] = lines.get(digit.line, "") + (UNREADABLE if digit.value is None else str(digit.value))
        return "\n".join(lines.values())

    def in_one_line(self, numbers: bool = False) -> str:
        """Return the text in one line, with a remark after each line of it that is not as expected.

        Args:
            numbers: write numbers as they were written, with their signs, instead of digits alone.

        Example:
            >>> digits = tuple(Digit(value, 0.9, (0, 0, 9, 9), line) for line, value in ((0, 1), (1, 2)))
            >>> Reading(digits, (9, 9), expected=False, unexpected_lines=(1,)).in_one_line()
            '1 | 2 (not as expected)'
        """
        remarks = dict.fromkeys(self.unexpected_lines, " (not as expected)")
        lines = self.text.split("\n")
        if numbers:
            lines = ["  ".join(number.text for number in line) for line in self.numbers]
        return " | ".join(line + remarks.get(place, "") for place, line in enumerate(lines))

    def above(self, threshold: float) -> Reading:
        """Return the reading with digits of less confidence than a threshold marked as unreadable.

        Example:
            >>> unsure = Digit(7, 0.41, (0, 0, 9, 9), alternatives=((1, 0.38),))
            >>> Reading((unsure,), (9, 9)).above(0.5).text
            '?'
        """
        digits = (
            replace(d, value=None, alternatives=d.candidates) if d.confidence < threshold else d for d in self.digits
        )
        return replace(self, digits=tuple(digits))

    def as_dict(self) -> dict[str, Any]:
        """Return text and digits as plain values, as the command line writes them to JSON.

        "expected" is there only where something was expected, "unexpected_lines" only where some line was otherwise,
        "turned" only where the sheet lay otherwise, "damaged" only where the file is.
        """
        plain: dict[str, Any] = {"text": self.text, "digits": [digit.as_dict() for digit in self.digits]}
        plain["numbers"] = [[number.as_dict() for number in line] for line in self.numbers]
        if self.expected is not None:
            plain["expected"] = self.expected
        if self.unexpected_lines:
            plain["unexpected_lines"] = list(self.unexpected_lines)
        if self.turned:
            plain["turned"] = self.turned
        if self.damaged:
            plain["damaged"] = True
        return plain


class Classification(NamedTuple):
    """What `Reader.classify` says of N crops.

    Attributes:
        probabilities: float32, (N, L), of the bundle's labels, calibrated; each row sums to 1.
        digit_scores: float32, (N,), 0 to 1: how much the crop looks like a digit at all. Below
            `Manifest.digit_score.threshold` the reader takes it for no digit.
    """

    probabilities: npt.NDArray[np.float32]
    digit_scores: npt.NDArray[np.float32]
