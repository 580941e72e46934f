"""What the tests of export share: a small training with eleven classes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.export.trainings import make_small_model, write_training


@pytest.fixture(scope="session")
def small_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The file of a small Keras model with eleven outputs."""
    path = tmp_path_factory.mktemp("small-model") / "small.keras"
    make_small_model().save(path)
    return path


@pytest.fixture(scope="session")
def small_training(small_model: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a training of that model."""
    return write_training(tmp_path_factory.mktemp("small") / "train", load(small_model))


def load(path: Path) -> Any:
    """Return a Keras model of a file."""
    import keras

    return keras.saving.load_model(path, compile=False)
