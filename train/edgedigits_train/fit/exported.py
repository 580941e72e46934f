"""Models of any origin as bundles, which `edgedigits export` makes of them.

Training knows nothing of other people's models, and export nothing of training: they meet through files.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np

from edgedigits.bundle import NONE
from edgedigits.errors import InputError
from edgedigits_train.data.datasets import MNIST, Dataset

FORMAT = "onnx-float32"
"""The one format that is made: it answers as the Keras model does."""

SUFFIXES = (".keras", ".h5", ".hdf5")
"""Endings of files that hold a Keras model."""


def is_foreign(path: Path) -> bool:
    """Return whether a path names a model that `edgedigits train` did not make, and not one of its trainings."""
    if path.is_dir():
        return (path / "saved_model.pb").is_file()
    if path.name == "digits.keras" and (path.parent / "metrics.json").is_file():
        return False
    return path.suffix.lower() in SUFFIXES


def export_foreign(model: Path, bundle: Path, dataset: Dataset, *, progress: bool = False) -> None:
    """Make a bundle of a model of any origin, with a file in float alone.

    Args:
        model: a .keras or .h5 file, or the folder of a SavedModel.
        bundle: the folder for it.
        dataset: what the model is found out on: its held-out part, or MNIST's test images where it is MNIST.
        progress: say on stderr what is being done.

    Raises:
        InputError: it cannot be exported, with export's reason.
    """
    if progress:
        print(f"Finding out what {model.name} takes…", file=sys.stderr)
    source = ["--model", str(model.absolute())]
    with tempfile.TemporaryDirectory(prefix="edgedigits-") as folder:
        if dataset.name != MNIST:
            judged, names = Path(folder) / "held-out.npz", np.array([*dataset.labels, NONE])
            np.savez(judged, X=dataset.held_out.glyphs[..., 0], y=names[dataset.held_out.labels])
            source += ["--evaluation", str(judged)]
        _export(source, bundle)


def export_training(folder: Path, bundle: Path) -> None:
    """Make a bundle of what `edgedigits train` left, with a file in float alone.

    Raises:
        InputError: it cannot be exported, with export's reason.
    """
    _export(["--from", str(folder.absolute())], bundle)


def _export(source: list[str], bundle: Path) -> None:
    command = [sys.executable, "-m", "edgedigits", "export", *source, "--formats", FORMAT]
    with tempfile.TemporaryDirectory(prefix="edgedigits-") as empty:  # photos that lie about are not read
        finished = subprocess.run(
            [*command, "--out", str(bundle.absolute())], cwd=empty, capture_output=True, text=True, check=False
        )
    if finished.returncode:
        reason = (finished.stderr.strip().splitlines() or ["no reason given"])[-1].removeprefix("Error: ")
        raise InputError(reason)
