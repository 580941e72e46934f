"""The training itself: fit, select, calibrate, score once, and leave the files that export takes."""

from __future__ import annotations

import platform
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256
from importlib import import_module
from pathlib import Path

import numpy as np

from edgedigits.errors import InputError
from edgedigits.glyphs import CONTRACT
from edgedigits_train import plots
from edgedigits_train.backend import keras
from edgedigits_train.calibration import balanced_sample, fit_digit_score, fit_temperature
from edgedigits_train.datasets import LabelledGlyphs, load_dataset
from edgedigits_train.fitting import TrainingError, fit, predict_logits
from edgedigits_train.metrics import Metrics, Score
from edgedigits_train.recipes import Recipe

CALIBRATION_IMAGES = 1_000


def train(recipe: Recipe, out: Path, *, seed: int = 0, progress: bool = False) -> Metrics:
    """Train a model and leave it in `out` with its plots, its metrics and the arrays for export.

    It is trained and scored on MNIST; where that can be neither found nor downloaded, on synthetic digits.

    The files are digits.keras, curves.png, confusion.png, mistakes.png, calibration.npz, evaluation.npz and, last,
    metrics.json. They appear together at the end: a training that fails or is interrupted leaves `out` as it was.

    Args:
        recipe: what is trained, and how.
        out: a folder; it is made where it is missing.
        seed: of weights, order and augmentation.
        progress: show bars on stderr.

    Raises:
        InputError: `out` cannot be written to, or MNIST is damaged.
        TrainingError: the loss is no longer a number.

    Example:
        >>> train(RECIPES["quick"], Path("build/train")).test.accuracy > 0.985
        True
    """
    wall, cpu = time.perf_counter(), time.process_time()
    with _staging(out) as staging:
        dataset = load_dataset(training_images=recipe.training_images, progress=progress)
        fitted = fit(recipe, dataset, seed=seed, progress=progress)
        held_out = predict_logits(fitted.model, dataset.held_out.glyphs)
        temperature = fit_temperature(held_out, dataset.held_out.labels)
        test = predict_logits(fitted.model, dataset.test.glyphs)

        fitted.model.save(staging / "digits.keras")
        plots.curves(fitted.history, staging / "curves.png")
        plots.confusion(test, dataset.test.labels, staging / "confusion.png")
        plots.mistakes(dataset.test, test, temperature, staging / "mistakes.png")
        calibration = balanced_sample(dataset.training, CALIBRATION_IMAGES, seed=seed)
        _save_arrays(calibration, staging / "calibration.npz")
        _save_arrays(dataset.test, staging / "evaluation.npz")
        metrics = Metrics(
            recipe=recipe,
            seed=seed,
            training_data=dataset.name,
            data=dataset.hashes,
            parameters=fitted.model.count_params(),
            test=Score.of(test, dataset.test.labels),
            validation=Score.of(held_out, dataset.held_out.labels),
            temperature=temperature,
            digit_score=fit_digit_score(held_out, temperature),
            seconds=time.perf_counter() - wall,
            cpu_seconds=time.process_time() - cpu,
            versions=_versions(),
            normalisation=CONTRACT.digest,
            files={path.name: sha256(path.read_bytes()).hexdigest() for path in sorted(staging.iterdir())},
        )
        (staging / "metrics.json").write_text(metrics.to_json(), encoding="utf-8")
    return metrics


@contextmanager
def _staging(out: Path) -> Iterator[Path]:
    """Give a folder beside `out`, and move what is in it to `out` when all went well; metrics.json goes last."""
    try:
        out.mkdir(parents=True, exist_ok=True)
        staging = Path(tempfile.mkdtemp(dir=out, prefix=".training-"))
    except OSError as error:
        raise InputError(f"Cannot write to {out} ({error.strerror}): choose another folder with --out.") from None
    try:
        yield staging
        for path in sorted(staging.iterdir(), key=lambda path: (path.name == "metrics.json", path.name)):
            path.replace(out / path.name)
    except OSError as error:
        raise TrainingError(f"Cannot write the results to {out} ({error.strerror}).") from error
    finally:
        shutil.rmtree(staging, ignore_errors=True)


def _save_arrays(data: LabelledGlyphs, path: Path) -> None:
    np.savez_compressed(path, glyphs=data.glyphs, labels=data.labels)


def _versions() -> dict[str, str]:
    import cv2

    backend = keras.backend.backend()
    return {
        "python": platform.python_version(),
        backend: str(import_module(backend).__version__),
        "keras": keras.__version__,
        "numpy": np.__version__,
        "opencv": cv2.__version__,
    }
