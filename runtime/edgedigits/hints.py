"""Hints: what about a photo makes it hard to read, in plain words, so that the next one is better."""

from __future__ import annotations

from dataclasses import dataclass

from edgedigits.reading import Reading
from edgedigits.stages.recognition import Page


@dataclass(frozen=True)
class Hint:
    """Something that makes an image hard to read.

    Attributes:
        kind: "shadow", …
        advice: what to do, in a sentence.
    """

    kind: str
    advice: str

    def as_dict(self) -> dict[str, str]:
        """Return kind and advice as plain values."""
        return {"kind": self.kind, "advice": self.advice}


def find_hints(reading: Reading, page: Page) -> tuple[Hint, ...]:
    """Return hints."""
    return ()
