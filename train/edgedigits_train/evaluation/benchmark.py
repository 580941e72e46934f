"""The benchmark: everything that models are measured with, made once for all of them."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from edgedigits.arrays import UInt8Array
from edgedigits.glyphs import normalise_crops
from edgedigits_train.data import mnist
from edgedigits_train.evaluation.corruptions import CORRUPTIONS, corrupt
from edgedigits_train.evaluation.outliers import Outliers, make_outliers, missing_files


@dataclass(frozen=True)
class Benchmark:
    """Glyphs to measure with; all uint8 (N, 28, 28, 1), 0 paper, 255 ink, as the runtime's normalisation leaves them.

    Attributes:
        seed: of corruptions and outliers.
        images: the test images of MNIST as published, uint8 (N, 28, 28).
        labels: what they show, uint8 (N,).
        digits: their glyphs.
        inverted: those of their negatives.
        corrupted: those of their corrupted copies, by key of `CORRUPTIONS`.
        outliers: the kinds of what is no digit.
        missing: files that were not there, whose kinds of outliers are left out.
    """

    seed: int
    images: UInt8Array
    labels: UInt8Array
    digits: UInt8Array
    inverted: UInt8Array
    corrupted: Mapping[str, UInt8Array]
    outliers: tuple[Outliers, ...]
    missing: tuple[str, ...]


STEPS = len(CORRUPTIONS) + 2
"""How often `build_benchmark` calls `advance`."""


def build_benchmark(
    folder: Path | None = None,
    *,
    seed: int = 0,
    images: int = 10_000,
    progress: bool = False,
    advance: Callable[[], None] = lambda: None,
) -> Benchmark:
    """Make the benchmark from the test images of MNIST.

    Args:
        folder: where `mnist/`, `nondigits/` and `nondigit_photos/` lie, each optional; `$EDGEDIGITS_DATA` where None.
            MNIST is looked for wherever training looks for it.
        seed: the same seed and files give the same benchmark.
        images: how many of the 10,000 test images, the first ones, and at most a tenth as many outliers of a kind.
        progress: show a bar on stderr while MNIST is downloaded.
        advance: called after each of `STEPS` steps.

    Raises:
        InputError, DataError: as `mnist.load` and `make_outliers`.

    Example:
        >>> build_benchmark(images=100).digits.shape
        (100, 28, 28, 1)
    """
    if folder is None and (data := os.environ.get("EDGEDIGITS_DATA")):
        folder = Path(data)
    raw = mnist.load(folder, progress=progress)
    pictures, labels = raw.test_images[:images], raw.test_labels[:images]
    digits, inverted = normalise_crops(pictures), normalise_crops(255 - pictures)
    advance()
    corrupted = {}
    for kind in CORRUPTIONS:
        corrupted[kind] = normalise_crops(corrupt(pictures, kind, seed=seed))
        advance()
    outliers = tuple(make_outliers(folder, seed=seed, count=max(2, images // 10)))
    advance()
    return Benchmark(
        seed=seed,
        images=np.asarray(pictures),
        labels=np.asarray(labels),
        digits=digits,
        inverted=inverted,
        corrupted=corrupted,
        outliers=outliers,
        missing=tuple(missing_files(folder)),
    )
