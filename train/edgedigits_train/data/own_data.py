"""A user's own data set instead of MNIST, or beside it: in whatever form, split into parts that share nothing."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from edgedigits.bundle import DIGITS
from edgedigits.errors import InputError
from edgedigits.labelled import ALL, NONE, TEST, TRAINING, Examples, load_examples
from edgedigits.labelled.glyphs import LabelledGlyphs, join
from edgedigits_train.data.datasets import HELD_OUT, SPLIT_SEED, Dataset, load_mnist, stratified_order

MNIST = "mnist"
"""The name of the one data set that is not a path."""

_SHARE = 0.15
"""Of images without given parts, so many are held out, and as many to test on."""
_MOST_TESTED = 10_000
_FEWEST = 100
"""Images to train on: fewer are what fine-tuning is for."""
_FEWEST_WRITERS = 7
"""From so many writers on, whole writers are held out: with fewer, their parts would be too different."""


@dataclass(frozen=True)
class _Parts:
    """The three parts of one source, and how they came about."""

    training: Examples
    held_out: Examples
    test: Examples
    how: str


def load_data(
    sources: Sequence[str],
    *,
    labels: Sequence[str] | None = None,
    training_images: int | None = None,
    progress: bool = False,
) -> Dataset:
    """Return labelled images of a user as a data set for training.

    Parts that a source has are kept: its test images are tested on, and a share of the others is held out. Other
    sources are drawn from, by writer where they tell who wrote what, else at random. An image that is in two parts is
    taken out of the one that is trained on, or of the held-out one.

    Args:
        sources: what `labelled.load_examples` reads, and "mnist" for MNIST beside it.
        labels: what numbers in npz and idx files stand for.
        training_images: how many to train on, class-balanced; all where None.
        progress: show a bar on stderr while MNIST is downloaded.

    Raises:
        InputError: a source cannot be read, there are too few images, or MNIST is to join other labels than digits.
    """
    paths = [Path(source) for source in sources if source != MNIST]
    parts, notes = [], []
    for path in paths:
        split = _split(path, labels)
        split, found = _without_duplicates(split, path)
        parts.append(split)
        notes += [*found, *_notes(split, path)]
    names = _names([part.training for part in parts], labels)
    digits = set(names) <= set(DIGITS)
    if MNIST in sources and not digits:
        raise InputError(f"MNIST holds digits, and these are {', '.join(names)}: leave mnist away.")
    names = DIGITS if digits else names
    hashes: dict[str, str] = {}
    training, held_out, test = [], [], []
    for path, part in zip(paths, parts, strict=True):
        hashes[str(path)] = _digest([part.training, part.held_out, part.test])
        training.append(_labelled(part.training, names, path, none=True))
        held_out.append(_labelled(part.held_out, names, path))
        test.append(_labelled(part.test, names, path))
    if MNIST in sources:
        mnist = load_mnist(progress=progress)
        hashes |= dict(mnist.hashes)
        training.append(mnist.training)
        held_out.append(mnist.held_out)
        test.append(mnist.test)
    return Dataset(
        name=" and ".join(Path(source).name for source in sources),
        hashes=hashes,
        training=_enough(join(training), training_images),
        held_out=join(held_out),
        test=join(test),
        labels=names,
        notes=tuple(notes),
    )


def _enough(training: LabelledGlyphs, training_images: int | None) -> LabelledGlyphs:
    """Return as many glyphs to train on as are wanted; refuse too few."""
    if len(training) < _FEWEST:
        raise InputError(
            f"{len(training)} images are too few to train on (at least {_FEWEST}): fine-tune a model to them with"
            " --from and --extra, or train on MNIST beside them with --data mnist."
        )
    if training_images is not None and training_images < len(training):
        training = training[np.sort(stratified_order(training.labels, seed=SPLIT_SEED)[:training_images])]
    return training


def _split(path: Path, labels: Sequence[str] | None) -> _Parts:
    parts = load_examples(path, labels=labels)
    if TEST in parts:
        rest, held_out, how = _draw(parts[TRAINING], min(HELD_OUT, round(_SHARE * len(parts[TRAINING]))))
        return _Parts(rest, held_out, parts[TEST], f"test images as given, held out {how}")
    everything = parts[ALL]
    share = round(_SHARE * len(everything))
    rest, test, how = _draw(everything, min(_MOST_TESTED, share))
    training, held_out, _ = _draw(rest, min(HELD_OUT, share))
    return _Parts(training, held_out, test, f"drawn {how}")


def _draw(examples: Examples, count: int) -> tuple[Examples, Examples, str]:
    """Return the rest and `count` examples drawn from them, and how."""
    drawn = np.zeros(len(examples), bool)
    writers = examples.writers
    if writers is not None and len(set(writers.tolist())) >= _FEWEST_WRITERS:
        order = np.random.default_rng(SPLIT_SEED).permutation(np.unique(writers))
        for writer in order:
            if drawn.sum() >= count:
                break
            drawn |= writers == writer
        taken = len(set(writers[drawn].tolist()))
        return examples[~drawn], examples[drawn], f"by writer ({taken} of {len(order)} writers)"
    places = {name: place for place, name in enumerate(examples.classes)}
    numbers = np.array([places[name] for name in examples.labels.tolist()], np.uint8)
    drawn[stratified_order(numbers, seed=SPLIT_SEED)[:count]] = True
    return examples[~drawn], examples[drawn], "at random"


def _without_duplicates(parts: _Parts, path: Path) -> tuple[_Parts, list[str]]:
    """Return parts that share no image, and what was found."""
    test, notes = parts.test, []
    held_out, note = _unshared(parts.held_out, [test], path, "held out")
    notes += note
    training, note = _unshared(parts.training, [test, held_out], path, "trained on")
    notes += note
    return _Parts(training, held_out, test, parts.how), notes


def _unshared(examples: Examples, others: Sequence[Examples], path: Path, where: str) -> tuple[Examples, list[str]]:
    seen = {digest: name for other in others for digest, name in zip(other.hashes, other.names.tolist(), strict=True)}
    twins = [(place, seen[digest]) for place, digest in enumerate(examples.hashes) if digest in seen]
    if not twins:
        return examples, []
    place, twin = twins[0]
    more = f" and {len(twins) - 1} more" if len(twins) > 1 else ""
    kept = np.ones(len(examples), bool)
    kept[[place for place, _ in twins]] = False
    return examples[kept], [
        f"{path}: {examples.names[place]}{more} would be {where} and is in another part as well (as {twin}): left out"
    ]


def _notes(parts: _Parts, path: Path) -> list[str]:
    sizes = f"{len(parts.training):,} to train on, {len(parts.held_out):,} held out, {len(parts.test):,} to test on"
    notes = [f"{path}: {sizes}; {parts.how}"]
    if parts.training.transposed:
        notes.append(f"{path}: stored with rows and columns exchanged, as EMNIST's files are; turned upright")
    if parts.training.skipped:
        notes.append(f"{path}: {parts.training.skipped} pictures of several digits were left out")
    return notes


def _names(parts: Sequence[Examples], labels: Sequence[str] | None) -> tuple[str, ...]:
    present = dict.fromkeys(name for part in parts for name in part.classes if name != NONE)
    if labels is not None:
        return tuple(name for name in labels if name != NONE)
    if len(present) < 2 and not set(present) <= set(DIGITS):
        raise InputError(f"There is one label only ({', '.join(present)}): there must be at least two to tell apart.")
    everything = Examples(np.zeros(0, np.uint8), np.array(list(present), np.str_), np.zeros(0, np.str_))
    return everything.classes


def _labelled(examples: Examples, names: Sequence[str], path: Path, *, none: bool = False) -> LabelledGlyphs:
    """Return examples with numbered labels; what is none of them is trained on only."""
    if not none:
        examples = examples[examples.labels != NONE]
    return LabelledGlyphs(examples.glyphs, examples.numbered([*names, NONE], path))


def _digest(parts: Sequence[Examples]) -> str:
    digest = hashlib.sha256()
    for part in parts:
        for image, label in zip(part.hashes, part.labels.tolist(), strict=True):
            digest.update(f"{image} {label}\n".encode())
    return digest.hexdigest()
