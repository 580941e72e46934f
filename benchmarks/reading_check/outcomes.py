"""What a reading is worth: of one picture, of a set, and how sure the reader may be."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass

import numpy as np
import numpy.typing as npt

from benchmarks.reading_check.sets import Case
from edgedigits import Digit, Reader, Reading
from edgedigits.boxes import FloatBox
from edgedigits.hints import find_hints

_SAME_PLACE = 0.3
"""Shared area over that of both boxes, above which they are of the same digit."""
_BINS = (0.0, 0.5, 0.7, 0.8, 0.9, 0.95, 0.98, 0.99, 0.995, 0.999, 1.0)


@dataclass(frozen=True)
class Sureness:
    """A digit that was found: how sure the reader was, and whether rightly so.

    Attributes:
        confidence: 0 to 1.
        evidence: in log odds, before `edgedigits.reader` makes a probability of it.
        right: whether a digit of that value is there.
        there: whether any digit is.
    """

    confidence: float
    evidence: float
    right: bool
    there: bool


@dataclass(frozen=True)
class Outcome:
    """How one picture was read.

    Attributes:
        exact: everything right, and nothing else.
        hits: digits read rightly.
        found: digits read, but for those that may be read or not.
        there: digits that are there.
        hints: kinds of hints given.
        seen: whether any digit was found.
        sureness: of each digit found; none where the digits' places are not known.
    """

    exact: bool
    hits: int
    found: int
    there: int
    hints: tuple[str, ...]
    seen: bool
    sureness: tuple[Sureness, ...]


@dataclass(frozen=True)
class SetScore:
    """How a set was read.

    Attributes:
        pictures: how many there are.
        exact: how many of them were read exactly.
        f1: over all their digits, 0 to 1; None where none is there.
        invented: digits that were found and are not there.
    """

    pictures: int
    exact: int
    f1: float | None
    invented: int

    @classmethod
    def of(cls, outcomes: Sequence[Outcome]) -> SetScore:
        hits, found, there = (sum(getattr(one, name) for one in outcomes) for name in ("hits", "found", "there"))
        f1 = round(2 * hits / (found + there), 4) if there else None
        return cls(len(outcomes), sum(one.exact for one in outcomes), f1, found - hits)

    def as_dict(self) -> dict[str, float | None]:
        return asdict(self)


def judge(reader: Reader, case: Case) -> Outcome:
    """Read a picture, and compare."""
    source = case.picture if isinstance(case.picture, np.ndarray) else str(case.picture)
    all_found, page = reader.examine(source, threshold=0)
    reading = all_found.above(reader.bundle.confidence_threshold)
    values = [digit.value for digit in reading.digits if digit.value is not None]
    found, truth = Counter(values), Counter(case.digits)
    hits = sum((found & truth).values())
    extra = (found - truth) - Counter(value for value, _ in case.spare)
    exact = hits == len(case.digits) and not extra
    if case.ordered and not case.spare:
        exact = exact and tuple(values) == case.digits
    evidence = [found.evidence for found in page.digits]
    places = np.array([found.box for found in page.digits]).reshape(-1, 4)
    return Outcome(
        exact=exact,
        hits=hits,
        found=hits + sum(extra.values()),
        there=len(case.digits),
        hints=tuple(hint.kind for hint in find_hints(page)),
        seen=bool(page.digits),
        sureness=tuple(_sureness(all_found, places, evidence, case)) if case.boxes is not None else (),
    )


def _sureness(
    reading: Reading, places: npt.NDArray[np.float64], evidence: Sequence[float], case: Case
) -> Iterable[Sureness]:
    digits = list(zip(case.digits, case.boxes or (), strict=True))
    for found in reading.digits:
        nearest = int(np.abs(places - found.box).sum(axis=1).argmin())
        near = [value for value, box in digits if is_same_place(found.box, box)]
        there = bool(near) or any(is_same_place(found.box, box) for _, box in case.spare)
        yield Sureness(found.confidence, float(evidence[nearest]), _likeliest(found) in near, there)


def _likeliest(digit: Digit) -> int:
    return digit.candidates[0][0]


def is_same_place(a: FloatBox, b: FloatBox) -> bool:
    """Tell whether two boxes are of the same digit."""
    return overlap(a, b) > _SAME_PLACE


def overlap(a: FloatBox, b: FloatBox) -> float:
    """Return the shared area of two boxes over that of both together."""
    across = min(a[0] + a[2], b[0] + b[2]) - max(a[0], b[0])
    down = min(a[1] + a[3], b[1] + b[3]) - max(a[1], b[1])
    shared = max(across, 0) * max(down, 0)
    return shared / max(a[2] * a[3] + b[2] * b[3] - shared, 1)


def reliability(digits: Sequence[Sureness]) -> list[str]:
    """The table of a reliability diagram, and the expected calibration error (Naeini, Cooper, Hauskrecht, 2015).

    Bins of confidence are as they are asked for in practice, since most digits have a confidence of 1.00.
    """
    confidence, right = np.array([one.confidence for one in digits]), np.array([one.right for one in digits])
    error, lines = 0.0, []
    for low, high in itertools.pairwise(_BINS):
        chosen = (confidence > low) & (confidence <= high)
        if chosen.any():
            said, is_so = float(confidence[chosen].mean()), float(right[chosen].mean())
            error += chosen.sum() * abs(said - is_so)
            lines.append(f"  {low:.3f}–{high:.3f}  {chosen.sum():5d}  {said:.4f}  {is_so:.4f}")
    lines.append(f"  expected calibration error {error / max(len(digits), 1):.4f}")
    return lines


def fit_logistic(digits: Sequence[Sureness]) -> tuple[float, float]:
    """Return slope and offset of the likeliest logistic curve from evidence to presence."""
    inputs = np.stack([[one.evidence for one in digits], np.ones(len(digits))], axis=1)
    slope, offset = logistic_regression(inputs, np.array([one.there for one in digits])).tolist()
    return slope, offset


def logistic_regression(inputs: npt.NDArray[np.float64], there: npt.NDArray[np.bool_]) -> npt.NDArray[np.float64]:
    """Return the likeliest weights, (K,), of inputs, (N, K), for the log odds that something is there, (N,).

    By Newton's method, as in Platt, "Probabilistic outputs for support vector machines", 1999.
    """
    weights = np.zeros(inputs.shape[1])
    for _ in range(50):
        p = 1 / (1 + np.exp(-inputs @ weights))
        curvature = inputs.T @ (inputs * (p * (1 - p))[:, np.newaxis]) + 1e-3 * np.eye(len(weights))
        weights += np.linalg.solve(curvature, inputs.T @ (there - p) - 1e-3 * weights)
    return weights
