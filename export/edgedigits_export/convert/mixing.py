"""Which layers of an 8-bit file stay in float: none, those that are named, or the worst ones until the file is good."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from typing import Protocol, TypeVar

from edgedigits.errors import InputError
from edgedigits_export.convert.layers import LayerComparison, rank_by_noise

AUTO = "auto"

GOOD_AGREEMENT = 0.999
"""Share of the evaluation images that a file must answer as Keras does for `keep_worst` to leave it as it is."""

GOOD_ACCURACY_DROP = 0.0005
"""The most that it may lose on the evaluation images, 0 to 1."""


@dataclass(frozen=True)
class Attempt:
    """What came of a file with some layers in float.

    Attributes:
        kept_float: names of these layers.
        agreement: the least share of evaluation images answered as Keras does, over all engines, ties within a step of
            quantization counted as the same; 0 without answers.
        accuracy_drop: the most that was lost on them against Keras, 0 to 1; 1 without answers.
        passed: whether the gate holds nothing against it in any engine.
    """

    kept_float: tuple[str, ...]
    agreement: float
    accuracy_drop: float
    passed: bool


class Tried(Protocol):
    """A file that was made with some layers in float, and tried."""

    @property
    def kept_float(self) -> tuple[str, ...]:
        """Names of these layers."""

    @property
    def layers(self) -> Sequence[LayerComparison]:
        """How its layers compare with those in float."""

    @property
    def attempt(self) -> Attempt:
        """What came of it."""

    def after(self: File, attempts: tuple[Attempt, ...]) -> File:
        """Return the same file with what was tried until it was found."""


File = TypeVar("File", bound=Tried)

Make = Callable[[Sequence[str]], File]
"""Converts a format with the layers of these names in float, and tries the file."""

Mixture = Callable[[Make[File]], File]
"""Makes a file, with the layers in float that it chooses."""


def keep_worst(make: Make[File]) -> File:
    """Keep the layer that adds most noise in float, and one more at a time, until the file is good.

    Good means: the gate lets it through, and agreement and accuracy are those of `GOOD_AGREEMENT` and
    `GOOD_ACCURACY_DROP` or better in every engine. At least one layer stays in 8 bits.

    Returns:
        The first file that is good; if there is none, the one that the gate lets through with the best agreement, or
        else the one with the best agreement. Its `attempts` tell all that was tried.
    """
    tried = [make(())]
    while not _is_good(tried[-1].attempt):
        kept = tried[-1].kept_float
        if len(kept) + 1 >= len(tried[-1].layers):
            break
        tried.append(make((*kept, _find_worst(tried[-1].layers, kept))))
    attempts = tuple(file.attempt for file in tried)
    best = max(range(len(tried)), key=lambda index: _merit(attempts[index]))
    return tried[best].after(attempts) if len(attempts) > 1 else tried[best]


def keep_layers(names: Sequence[str]) -> Mixture[File]:
    """Return what makes files with the layers of these names in float, if any."""
    return lambda make: make(names)


def check_layers(names: Sequence[str], layers: Sequence[str]) -> None:
    """Refuse names that none of a model's layers with weights has, and a file with no layer left in 8 bits.

    Raises:
        InputError: the first of them.
    """
    for name in names:
        if name not in layers:
            raise InputError(f"The model has no layer {name!r} to keep in float; choose from {', '.join(layers)}.")
    if set(names) == set(layers):
        raise InputError("All layers would stay in float; take a float32 format instead, or keep fewer.")


def next_to_keep(layers: Sequence[LayerComparison], kept: Collection[str]) -> str | None:
    """Return the layer that `keep_worst` would keep next; None where no more can be."""
    return _find_worst(layers, kept) if len(kept) + 1 < len(layers) else None


def _find_worst(layers: Sequence[LayerComparison], kept: Collection[str]) -> str:
    """Return the layer to keep next: the worst one, or the one after it where that is kept: it quantizes the output."""
    names = [layer.layer for layer in layers]
    for name in rank_by_noise(layers):
        for candidate in names[names.index(name) :][:2]:
            if candidate not in kept:
                return candidate
    raise ValueError("all layers are kept")


def _is_good(attempt: Attempt) -> bool:
    slack = 1e-9  # the shares are of whole images
    return (
        attempt.passed
        and attempt.agreement >= GOOD_AGREEMENT - slack
        and attempt.accuracy_drop <= GOOD_ACCURACY_DROP + slack
    )


def _merit(attempt: Attempt) -> tuple[bool, bool, float]:
    return _is_good(attempt), attempt.passed, attempt.agreement
