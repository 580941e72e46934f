"""Labelled images of a user: read from folders, npz and idx files as glyphs with the names of what they show.

    from edgedigits.labelled import load_examples

    parts = load_examples(Path("my-digits"))       # {"all": …}, or {"training": …, "test": …}

Training takes them with `edgedigits train --data`, export with `--evaluation` and `--calibration`.
"""

from edgedigits.labelled.examples import NONE, Examples, split_names
from edgedigits.labelled.glyphs import LabelledGlyphs, join
from edgedigits.labelled.loading import ALL, TEST, TRAINING, load_examples
from edgedigits.labelled.mnist import find_mnist

__all__ = [
    "ALL",
    "NONE",
    "TEST",
    "TRAINING",
    "Examples",
    "LabelledGlyphs",
    "find_mnist",
    "join",
    "load_examples",
    "split_names",
]
