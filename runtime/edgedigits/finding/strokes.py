"""The stroke finder: digits told by their strokes, one by one, joined and cut, as `edgedigits.stages` does it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from edgedigits.arrays import UInt8Array
from edgedigits.boxes import FloatBox
from edgedigits.finding.light import ink_levels
from edgedigits.finding.page import Found, Look, Page
from edgedigits.reading import Classification
from edgedigits.stages import recognition
from edgedigits.stages.cuts import cut_hypotheses
from edgedigits.stages.hypotheses import Hypothesis, whole_hypothesis
from edgedigits.stages.scoring import Scored
from edgedigits.stages.strokes import find_strokes

Classify: TypeAlias = Callable[[UInt8Array], Classification]
"""Glyphs, uint8 (N, 28, 28, 1), to probabilities and digit scores."""

_SLOPE, _OFFSET = 0.72, 0.05
"""Turn the strokes' evidence for a digit into the log odds that one is there (Platt scaling), fitted on rendered scenes
by `make check-reading`: what was found at all is chosen from much, so raw evidence is too sure."""


class StrokeFinder:
    """Finds digits by their strokes alone.

    Args:
        classify: looks at single digits.

    Example:
        >>> from edgedigits import Reader
        >>> StrokeFinder(Reader().classify_glyphs).find(np.full((60, 90), 255, np.uint8)).digits
        ()
    """

    def __init__(self, classify: Classify) -> None:
        self._classify = classify

    def find(self, grey: UInt8Array, shrink: float = 1.0) -> Page:
        """Return the digits of an image, of dark or light writing, whichever way up the sheet lies.

        Args:
            grey: uint8, (H, W).
            shrink: how many pixels of the original image one pixel of `grey` is wide.
        """
        recognised = recognition.recognise(grey, shrink, self._classify)
        shrinks = [strokes.level.shrink for strokes in recognised.levels]
        height, width = grey.shape
        not_asked = np.zeros((0, 1, 1, 1), np.float32)
        return Page(
            digits=tuple(_found(one, shrinks) for one in recognised.digits),
            doubtful=tuple(_found(one, shrinks) for one in recognised.doubtful),
            signs=(),
            others=(),
            looks=tuple(Look(strokes.level, np.zeros((0, 2), np.intp), not_asked) for strokes in recognised.levels),
            size=(width * shrink, height * shrink),
            turn=recognised.turn,
            tilt=recognised.tilt,
            highest=max((one.hypothesis.box[3] for one in recognised.singles), default=0.0),
            crowded=recognised.crowded,
        )


@dataclass(frozen=True, eq=False)
class Part:
    """What lies between two cuts of a stroke that may be several touching digits.

    Attributes:
        box: x, y, width, height in pixels of the image.
        mask: bool (H, W), the part's own pixels of the image.
    """

    box: FloatBox
    mask: npt.NDArray[np.bool_]
    _hypothesis: Hypothesis

    def glyph(self) -> UInt8Array:
        """Return it as the classifier sees it, uint8 (28, 28)."""
        return self._hypothesis.glyph()


def cut_largest_stroke(grey: UInt8Array, lowest: float = 0.0) -> list[Part]:
    """Return what lies between any two of the cuts that are tried on the largest stroke of an image.

    Args:
        grey: uint8, (H, W), dark writing on light paper.
        lowest: pixels: a lower stroke is not cut.

    Example:
        >>> cut_largest_stroke(np.full((60, 90), 255, np.uint8))
        []
    """
    strokes = find_strokes(next(ink_levels(grey)))
    if not len(strokes.area) or strokes.boxes[largest := int(strokes.area.argmax()), 3] < lowest:
        return []
    table = cut_hypotheses(whole_hypothesis(strokes, largest))
    return [_part(one, grey.shape) for row in table for one in row if one]


def _part(one: Hypothesis, shape: tuple[int, ...]) -> Part:
    left, top, right, bottom = one.extent
    mask = np.zeros(shape, bool)
    assert one.part is not None  # it was cut
    mask[top:bottom, left:right] = one.part
    return Part(one.box, mask, one)


def _found(one: Scored, shrinks: list[float]) -> Found:
    hypothesis = one.hypothesis
    return Found(
        label=str(int(one.probabilities.argmax())),
        box=hypothesis.box,
        probabilities=one.probabilities,
        evidence=_SLOPE * one.score + _OFFSET,
        glyph=hypothesis.glyph(),
        contrast=hypothesis.contrast,
        pieces=len(hypothesis.pieces),
        touches=hypothesis.is_part,
        level=shrinks.index(hypothesis.strokes.level.shrink),
    )
