"""Datasets as training takes them: glyphs in three parts that never mix."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from tqdm import tqdm

from edgedigits.bundle import DIGITS
from edgedigits.glyphs import normalise_crops
from edgedigits.labelled.glyphs import LabelledGlyphs, join
from edgedigits_train.data import mnist
from edgedigits_train.handwriting import render_glyphs

logger = logging.getLogger(__name__)

HELD_OUT = 5_000
"""Training images set aside for selection and calibration."""

SPLIT_SEED = 2026
"""The seed of the split. It does not follow the training's seed, so that all trainings hold out the same images."""


@dataclass(frozen=True)
class Dataset:
    """A dataset split for training.

    Attributes:
        name: what metrics.json calls it.
        hashes: SHA-256 by file name, of what it was made from.
        training: what the weights are fitted to.
        held_out: what recipes are chosen by, and temperature and threshold fitted to.
        test: scored once, when everything is selected.
        labels: what the numbers of the labels stand for; the number after them is that of what is none of them.
        notes: what is to be said of it.
    """

    name: str
    hashes: Mapping[str, str]
    training: LabelledGlyphs
    held_out: LabelledGlyphs
    test: LabelledGlyphs
    labels: tuple[str, ...] = DIGITS
    notes: tuple[str, ...] = ()

    @property
    def classes(self) -> int:
        """How many classes a network needs: the labels, and 'none of them' for digits, or where it is trained on."""
        return len(self.labels) + (self.labels == DIGITS or bool((self.training.labels >= len(self.labels)).any()))


MNIST = "mnist"
"""Name of MNIST itself."""
SYNTHETIC = "synthetic"
"""Name of a dataset that the project's synthesizer wrote."""
SYNTHETIC_SIZES = {"training": 55_000, "held_out": HELD_OUT, "test": 10_000}
"""How many digits are rendered where there is no MNIST: as many as it has."""

_RENDERED_AT_ONCE = 1_000
_SEEDS_OF_A_PART = 1_000_000
"""The parts' seeds lie so far apart that no digit is in two of them."""


def load_dataset(*, training_images: int | None = None, progress: bool = False) -> Dataset:
    """Return MNIST, or the project's own synthetic digits where MNIST can be neither found nor downloaded.

    What is missing is said as a warning of this module's logger.

    Args:
        training_images: as in `load_mnist`.
        progress: show a bar on stderr while files are downloaded or digits rendered.

    Raises:
        InputError: a file in `$EDGEDIGITS_DATA/mnist` is damaged.
    """
    try:
        return load_mnist(training_images=training_images, progress=progress)
    except mnist.DataError as error:
        logger.warning("%s Until then: training on the project's own SYNTHETIC digits, not on MNIST.", error)
        return render_dataset(training_images=training_images, progress=progress)


def render_dataset(*, training_images: int | None = None, progress: bool = False) -> Dataset:
    """Return digits that the project's synthesizer wrote, in as many writers' hands as there are digits.

    Args:
        training_images: how many to train on; 55,000 where None.
        progress: show a bar on stderr.

    Example:
        >>> render_dataset(training_images=1000).name
        'synthetic'
    """
    sizes = {**SYNTHETIC_SIZES, "training": training_images or SYNTHETIC_SIZES["training"]}
    with tqdm(total=sum(sizes.values()), desc="rendering digits", disable=not progress) as bar:
        parts = {
            name: _render_part(size, number * _SEEDS_OF_A_PART, bar)
            for number, (name, size) in enumerate(sizes.items())
        }
    hashes = {name: hashlib.sha256(part.glyphs.tobytes()).hexdigest() for name, part in parts.items()}
    return Dataset(SYNTHETIC, hashes, parts["training"], parts["held_out"], parts["test"])


def _render_part(size: int, seed: int, bar: tqdm) -> LabelledGlyphs:
    chunks = []
    for start in range(0, size, _RENDERED_AT_ONCE):
        count = min(_RENDERED_AT_ONCE, size - start)
        chunks.append(LabelledGlyphs(*render_glyphs(count, seed + start)))
        bar.update(count)
    return join(chunks)


def load_mnist(*, training_images: int | None = None, progress: bool = False) -> Dataset:
    """Return MNIST as normalised glyphs.

    Args:
        training_images: how many to train on, class-balanced; all 55,000 that are not held out where None.
        progress: show a bar on stderr while files are downloaded.

    Raises:
        InputError, DataError: as `mnist.load`.

    Example:
        >>> len(load_mnist(training_images=1000).training)
        1000
    """
    raw = mnist.load(progress=progress)
    order = stratified_order(raw.train_labels, seed=SPLIT_SEED)
    stop = None if training_images is None else HELD_OUT + training_images
    held_out, training = order[:HELD_OUT], order[HELD_OUT:stop]
    return Dataset(
        name=MNIST,
        hashes=mnist.SHA256,
        training=LabelledGlyphs(normalise_crops(raw.train_images[training]), raw.train_labels[training]),
        held_out=LabelledGlyphs(normalise_crops(raw.train_images[held_out]), raw.train_labels[held_out]),
        test=LabelledGlyphs(normalise_crops(raw.test_images), raw.test_labels),
    )


def stratified_order(labels: npt.NDArray[np.uint8], *, seed: int) -> npt.NDArray[np.intp]:
    """Return a random order of the images in which every stretch holds the classes in their overall proportions.

    Args:
        labels: uint8, (N,).
        seed: the same seed gives the same order.

    Returns:
        A permutation of 0 to N - 1.
    """
    rng = np.random.default_rng(seed)
    position = np.empty(len(labels))
    for label in np.unique(labels):
        members = rng.permutation(np.flatnonzero(labels == label))
        position[members] = (np.arange(len(members)) + rng.random()) / len(members)
    return np.argsort(position, kind="stable")


def balanced_sample(glyphs: LabelledGlyphs, count: int, *, seed: int) -> LabelledGlyphs:
    """Return `count` of the glyphs with equally many of each label.

    Raises:
        ValueError: there are too few of a label.
    """
    rng = np.random.default_rng(seed)
    present = np.unique(glyphs.labels)
    each = count // len(present)
    chosen = [rng.choice(np.flatnonzero(glyphs.labels == label), each, replace=False) for label in present]
    return glyphs[rng.permutation(np.concatenate(chosen))]
