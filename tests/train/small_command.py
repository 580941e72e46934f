"""The command line with a small dataset and recipes of seconds: `python small_command.py train …`."""

from __future__ import annotations

import sys
from dataclasses import replace
from unittest import mock

from edgedigits.cli import main
from edgedigits.labelled.glyphs import LabelledGlyphs
from edgedigits_train import recipes, training
from edgedigits_train.data import training_set
from edgedigits_train.data.datasets import Dataset
from edgedigits_train.handwriting.glyphs import render_glyphs
from edgedigits_train.recipes import Additions

QUICK = replace(recipes.RECIPES["quick"], widths=((8,), (8,)), epochs=10, batch=100, additions=Additions(outliers=100))
DEFAULT = replace(QUICK, name="default", additions=Additions(captured=100_000))
"""Its glyphs take minutes, in two processes besides this one."""


def small_dataset(**_: object) -> Dataset:
    """Return 1,200 training digits, 200 held out and 200 to test on."""
    parts = [LabelledGlyphs(*render_glyphs(count, seed)) for seed, count in enumerate((1_200, 200, 200))]
    return Dataset("synthetic", {}, *parts)


if __name__ == "__main__":
    with (
        mock.patch.object(training, "load_dataset", small_dataset),
        mock.patch.dict(recipes.RECIPES, quick=QUICK, default=DEFAULT),
        mock.patch.object(training_set, "usable_cores", return_value=2),
    ):
        sys.exit(main())
