"""Glyphs with their labels, as models are trained, calibrated and scored with them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from edgedigits.arrays import UInt8Array


@dataclass(frozen=True)
class LabelledGlyphs:
    """Glyphs uint8 (N, 28, 28, 1), 0 paper, 255 ink, and their labels, uint8 (N,): places in a data set's labels.

    Example:
        >>> digits = LabelledGlyphs(np.zeros((3, 28, 28, 1), np.uint8), np.uint8([7, 1, 7]))
        >>> len(digits[digits.labels == 7])
        2
    """

    glyphs: UInt8Array
    labels: UInt8Array

    def __len__(self) -> int:
        return len(self.labels)

    def __getitem__(self, chosen: slice | npt.NDArray[np.intp] | npt.NDArray[np.bool_]) -> LabelledGlyphs:
        """Return those that are chosen, in the order in which they are."""
        return LabelledGlyphs(self.glyphs[chosen], self.labels[chosen])


def join(parts: Sequence[LabelledGlyphs]) -> LabelledGlyphs:
    """Return all glyphs of some parts, one part after the other."""
    return LabelledGlyphs(
        np.concatenate([part.glyphs for part in parts]), np.concatenate([part.labels for part in parts])
    )
