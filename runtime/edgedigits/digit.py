"""A digit of a reading: what it is, where it stands, and how sure that is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from edgedigits.boxes import Box


@dataclass(frozen=True)
class Digit:
    """One digit that was found in an image.

    Attributes:
        value: 0 to 9; None for a digit that is there but unreadable.
        confidence: probability that a digit is there and that it is `value`, or, where that is None, the likeliest
            alternative; 0 to 1.
        box: x, y, width, height in pixels of the upright image.
        line: index of the line of writing that the digit stands in, from 0 at the top.
        alternatives: what else it may be, and the probability of each, the likeliest first.
        changed_from: what was read before an `Expectation` ruled it out; None where nothing was changed.
    """

    value: int | None
    confidence: float
    box: Box
    line: int = 0
    alternatives: tuple[tuple[int, float], ...] = ()
    changed_from: int | None = None

    @property
    def candidates(self) -> tuple[tuple[int, float], ...]:
        """All that it may be, with the probability of each, `value` first."""
        return self.alternatives if self.value is None else ((self.value, self.confidence), *self.alternatives)

    def as_dict(self) -> dict[str, Any]:
        """Return the digit as plain values; "changed_from" is there only where something was changed."""
        plain: dict[str, Any] = {
            "value": self.value,
            "confidence": round(self.confidence, 4),
            "box": list(self.box),
            "alternatives": [[value, round(probability, 4)] for value, probability in self.alternatives],
        }
        if self.changed_from is not None:
            plain["changed_from"] = self.changed_from
        return plain
