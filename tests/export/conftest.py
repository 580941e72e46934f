"""What the tests of export share: a small training with eleven classes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.conftest import Shared
from tests.export.trainings import make_small_model, write_training


@pytest.fixture(scope="session")
def small_model(shared: Shared) -> Path:
    """The file of a small Keras model with eleven outputs."""
    made = shared.folder("small-model", lambda folder: make_small_model().save(folder / "small.keras"))
    return made / "small.keras"


@pytest.fixture(scope="session")
def small_training(small_model: Path, shared: Shared) -> Path:
    """The folder of a training of that model."""
    return shared.folder("small", lambda folder: write_training(folder / "train", load(small_model))) / "train"


def load(path: Path) -> Any:
    """Return a Keras model of a file."""
    import keras

    return keras.saving.load_model(path, compile=False)
