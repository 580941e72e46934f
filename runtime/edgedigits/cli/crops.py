"""`edgedigits predict --crops`: every image is one digit, or one of whatever labels the bundle has."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from edgedigits.cli.inputs import Input, pixels_or_path
from edgedigits.cli.output import WRITERS, Row
from edgedigits.cli.terminal import complain
from edgedigits.errors import EdgeDigitsError
from edgedigits.images import ImageSource, load_image
from edgedigits.reader import Reader

_LEAST_LIKELY = 0.001
"""Probability that another label must have to be named."""


@dataclass(frozen=True)
class Crop:
    """What one image shows.

    Attributes:
        label: its label; "" where it shows none of the bundle's.
        confidence: of the label, or of the likeliest one, 0 to 1.
        alternatives: what else it may be, and how probably, the likeliest first.
    """

    label: str
    confidence: float
    alternatives: tuple[tuple[str, float], ...]


def read_crops(reader: Reader, images: Sequence[Input], form: str) -> tuple[int, int]:
    """Print what each image shows.

    Args:
        reader: with any labels.
        images: what is read.
        form: of `edgedigits.cli.output.WRITERS`.

    Returns:
        How many could not be used, and how many show none of the labels.
    """
    failed = unread = 0
    with WRITERS[form](("text", "confidence")) as write:
        for image in images:
            try:
                crop = classify(reader, pixels_or_path(image.source))
            except EdgeDigitsError as error:
                complain(error)
                failed += 1
                continue
            unread += not crop.label
            write(_row(image.name, crop))
    return failed, unread


def classify(reader: Reader, source: ImageSource) -> Crop:
    """Return what an image shows as a whole.

    Raises:
        InputError: it cannot be read.
    """
    probabilities, scores = reader.classify([load_image(source)])
    order = np.argsort(-probabilities[0], kind="stable")
    likely = [(reader.bundle.classes[place], float(probabilities[0, place])) for place in order.tolist()]
    told = likely[0][0] if scores[0] >= reader.bundle.digit_score.threshold else ""
    others = likely[1:] if told else likely
    return Crop(told, likely[0][1], tuple(other for other in others if other[1] >= _LEAST_LIKELY))


def _row(name: str, crop: Crop) -> Row:
    alternatives = [[label, round(probability, 4)] for label, probability in crop.alternatives]
    fields = {"text": crop.label, "confidence": round(crop.confidence, 4), "alternatives": alternatives}
    cells = (crop.label, f"{crop.confidence:.4f}")
    return Row(name, crop.label or "none of the labels", not crop.label, fields, cells)
