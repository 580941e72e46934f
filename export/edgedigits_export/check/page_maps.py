"""Whether a file of the page network draws the maps that the Keras model draws."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from edgedigits.finding.page import LABELS
from edgedigits_export.errors import TrialError

_NOTHING, _WORD = 0, 100
"""Codes of cells in the evaluation with nothing on them, and of those that may be nothing or other writing."""


@dataclass(frozen=True)
class MapTolerance:
    """How far a file's maps may lie from the Keras model's.

    Attributes:
        agreement: the least share of cells that are named as Keras names them, of those with something on them of
            which Keras is sure, 0 to 1.
        accuracy_drop: the most that may be lost of those that Keras names right, 0 to 1.
        batches: the largest difference of a logit between sizes of batches.
    """

    agreement: float
    accuracy_drop: float
    batches: float


TOLERANCE = MapTolerance(agreement=0.99, accuracy_drop=0.01, batches=0.01)
_SURE = 1.0
"""Difference of Keras' two best logits from which it is sure of a cell's name; where it is not, either will do."""


def judge_maps(
    maps: npt.NDArray[np.float32],
    batched: npt.NDArray[np.float32],
    reference: npt.NDArray[np.float32],
    names: npt.NDArray[np.int16],
    tolerance: MapTolerance,
) -> tuple[list[str], float, float]:
    """Compare a file's maps with the Keras model's.

    Args:
        maps: float32 (N, rows, columns, outputs).
        batched: float32 (sizes, M, rows, columns, outputs), of the first M tiles in batches of several sizes.
        reference: as `maps`, of the Keras model.
        names: int16 (N, rows, columns), what is there.
        tolerance: how far they may lie apart.

    Returns:
        What is held against the file; agreement and accuracy, 0 to 1.

    Raises:
        TrialError: they cannot be compared at all.
    """
    if maps.shape != reference.shape or not np.isfinite(maps).all():
        raise TrialError(f"it answers with shape {maps.shape} or no finite values, Keras with {reference.shape}")
    told, theirs = (answers[..., : len(LABELS)].argmax(axis=-1) for answers in (maps, reference))
    best = np.sort(reference[..., : len(LABELS)], axis=-1)[..., -2:]
    telling = ((told != _NOTHING) | (theirs != _NOTHING)) & (best[..., 1] - best[..., 0] >= _SURE)
    agreement = float((told == theirs)[telling].mean()) if telling.any() else 1.0
    accuracy = named_right(maps, names)
    lost = named_right(reference, names) - accuracy
    apart = float(np.abs(batched - maps[: batched.shape[1]]).max(initial=0.0))
    faults = []
    if agreement < tolerance.agreement:
        faults.append(f"it names {agreement:.2%} of the cells as Keras does (at least {tolerance.agreement:.2%})")
    if lost > tolerance.accuracy_drop:
        faults.append(
            f"it names {100 * lost:.2f} points fewer right than Keras (at most {tolerance.accuracy_drop:.2%})"
        )
    if not apart <= tolerance.batches:
        faults.append(f"an answer differs by {apart:.2g} between sizes of batches")
    return faults, agreement, accuracy


def named_right(maps: npt.NDArray[np.float32], names: npt.NDArray[np.int16]) -> float:
    """Return the share of the cells with a sign on them, or named as one, that are named right."""
    told = maps[..., : len(LABELS)].argmax(axis=-1)
    there = (names > 0) & (names != _WORD)
    counted = there | ((told != _NOTHING) & (names == 0))
    return float((told == names)[counted].mean()) if counted.any() else 1.0
