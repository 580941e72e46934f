"""A small dataset of the synthesizer's digits: a training is tested in seconds, and without MNIST."""

from __future__ import annotations

import pytest

from edgedigits.labelled.glyphs import LabelledGlyphs
from edgedigits_train.data.datasets import Dataset


@pytest.fixture(scope="session")
def small() -> Dataset:
    """1,200 training digits, 200 held out and 200 to test on."""
    from edgedigits_train.handwriting.glyphs import render_glyphs

    parts = [LabelledGlyphs(*render_glyphs(count, seed)) for seed, count in enumerate((1_200, 200, 200))]
    return Dataset("synthetic", {}, *parts)
