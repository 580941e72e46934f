"""How much an 8-bit file hangs on which images it was calibrated with: two draws that share none."""

from __future__ import annotations

import dataclasses
import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from edgedigits.labelled.glyphs import LabelledGlyphs
from edgedigits_export.check.evidence import InstalledEngine
from edgedigits_export.check.gate import Reference, judge
from edgedigits_export.convert.formats.base import Format
from edgedigits_export.silence import silenced
from edgedigits_export.source import TrainedModel


@dataclass(frozen=True)
class Draw:
    """How a file did that was calibrated with half of the images.

    Attributes:
        images: how many these were.
        accuracy: share of the evaluation images answered right, 0 to 1.
        agreement: share answered as Keras answers them, 0 to 1.
    """

    images: int
    accuracy: float
    agreement: float


def split_calibration(calibration: LabelledGlyphs) -> tuple[LabelledGlyphs, LabelledGlyphs]:
    """Return two halves without a common image; of each class, each half has every other image.

    An image that occurs more than once is taken once.
    """
    _, firsts = np.unique(calibration.glyphs.reshape(len(calibration.labels), -1), axis=0, return_index=True)
    halves: tuple[list[int], list[int]] = ([], [])
    for label in np.unique(calibration.labels):
        mine = np.sort(firsts[calibration.labels[firsts] == label])
        for half, indices in zip(halves, (mine[::2], mine[1::2]), strict=True):
            half.extend(indices.tolist())
    first, second = (
        LabelledGlyphs(calibration.glyphs[np.sort(half)], calibration.labels[np.sort(half)]) for half in halves
    )
    return first, second


def try_draws(
    format: Format, trained: TrainedModel, installed: InstalledEngine, reference: Reference
) -> tuple[Draw, ...]:
    """Make a format with each half of the calibration images and score it in one engine.

    Raises:
        TrialError: the engine gave no answers.
    """
    return tuple(_try(format, trained, half, installed, reference) for half in split_calibration(trained.calibration))


def _try(
    format: Format, trained: TrainedModel, half: LabelledGlyphs, installed: InstalledEngine, reference: Reference
) -> Draw:
    with silenced():
        content = format.convert(dataclasses.replace(trained, calibration=half))
    with tempfile.TemporaryDirectory(prefix="edgedigits-") as folder:
        path = Path(folder) / format.file_name
        path.write_bytes(content)
        result = judge(installed.collect(path, trained.evaluation.glyphs), reference, format.tolerance)
    return Draw(len(half.labels), result.accuracy, result.agreement)
