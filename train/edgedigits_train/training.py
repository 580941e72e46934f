"""The training itself: fit, select, calibrate, score once, and leave the files that export takes."""

from __future__ import annotations

import platform
import shlex
import shutil
import signal
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from hashlib import sha256
from importlib import import_module
from pathlib import Path

import numpy as np

from edgedigits.errors import InputError
from edgedigits.glyphs import CONTRACT
from edgedigits_train import plots
from edgedigits_train.backend import keras
from edgedigits_train.batches import AugmentedBatches
from edgedigits_train.calibration import balanced_sample, fit_digit_score, fit_temperature
from edgedigits_train.checkpoints import CheckpointError, Checkpoints, Run
from edgedigits_train.datasets import Dataset, LabelledGlyphs, load_dataset
from edgedigits_train.distillation import teach
from edgedigits_train.fitting import Fit, TrainingError, fit, predict_logits
from edgedigits_train.interruption import Interrupted, Interruption
from edgedigits_train.metrics import Metrics, Score
from edgedigits_train.recipes import Recipe
from edgedigits_train.training_set import assemble

CALIBRATION_GLYPHS = 1_100

_TEACHERS_SEED = 10_000
"""Teachers' seeds are far from those of any pupil."""


def train(recipe: Recipe, out: Path, *, seed: int = 0, progress: bool = False) -> Metrics:
    """Train a model and leave it in `out` with its plots, its metrics and the arrays for export.

    It is trained and scored on MNIST; where that can be neither found nor downloaded, on synthetic digits.

    The files are digits.keras, curves.png, confusion.png, mistakes.png, calibration.npz, evaluation.npz and, last,
    metrics.json. They appear together at the end: a training that fails or is interrupted leaves them as they were,
    and beside them a checkpoint from which `resume` goes on.

    Args:
        recipe: what is trained, and how.
        out: a folder; it is made where it is missing.
        seed: of weights, order and augmentation.
        progress: show bars on stderr.

    Raises:
        InputError: `out` cannot be written to or holds an interrupted training, or MNIST is damaged.
        TrainingError: the loss is no longer a number, or the disk is full.
        Interrupted: by Ctrl-C or SIGTERM, which the main thread hears for as long as this lasts.

    Example:
        >>> train(RECIPES["quick"], Path("build/train")).test.accuracy > 0.985
        True
    """
    if run := interrupted_run(out):
        raise InputError(
            f"{out} holds an interrupted training ({run}): go on with --resume, or start anew with --restart."
        )
    return _train(recipe, out, seed, progress, Checkpoints.begin)


def resume(recipe: Recipe, out: Path, *, seed: int = 0, progress: bool = False) -> Metrics:
    """Go on with the interrupted training that `train` began with the same arguments.

    It takes the steps that an uninterrupted one would have taken, from the last state that was saved.

    Raises:
        InputError: there is nothing to resume in `out`, or something else than this was trained there.
        CheckpointError: the checkpoint is damaged.
        InputError, TrainingError, Interrupted: as `train`.

    Example:
        >>> resume(RECIPES["best"], Path("build/train"))
    """
    if interrupted_run(out) is None:
        raise InputError(f"There is nothing to resume in {out}: leave --resume away to train, or say where with --out.")
    return _train(recipe, out, seed, progress, Checkpoints.go_on)


def interrupted_run(out: Path) -> Run | None:
    """Return what the interrupted training in a folder is made of; None where there is none."""
    return Checkpoints(out, Interruption()).run


def restart(out: Path) -> None:
    """Forget the interrupted training in a folder."""
    Checkpoints(out, Interruption()).remove()


def _train(recipe: Recipe, out: Path, seed: int, progress: bool, start: Callable[[Checkpoints, Run], None]) -> Metrics:
    with Interruption() as interruption, _staging(out) as staging:
        checkpoints = Checkpoints(out, interruption)
        try:
            dataset = load_dataset(training_images=recipe.training_images, progress=progress)
            start(checkpoints, Run.of(recipe, seed, dataset.hashes))
            metrics = _make_results(recipe, dataset, seed, progress, checkpoints, staging)
            _publish(staging, out)
        except KeyboardInterrupt:
            number = interruption.number or signal.SIGINT
            raise Interrupted(f"Stopped. {_how_to_go_on(checkpoints, out)}", number) from None
        except (CheckpointError, OSError) as error:
            raise TrainingError(f"{_reason(error, out)}. {_how_to_go_on(checkpoints, out)}") from error
        finally:
            if checkpoints.run is None:
                checkpoints.remove()
        checkpoints.remove()
    return metrics


def learn(
    recipe: Recipe,
    training: LabelledGlyphs,
    held_out: LabelledGlyphs,
    seed: int,
    progress: bool,
    checkpoints: Checkpoints,
) -> Fit:
    """Fit the recipe's network: to the labels, or to the answers of teachers that are fitted to them first."""
    batches = AugmentedBatches(training, recipe.batch, recipe.augmentation, seed)
    stage = checkpoints.stage("model")
    if recipe.distillation is None:
        return fit(recipe, batches, held_out, seed=seed, progress=progress, stage=stage)
    teacher, temperature = recipe.distillation.teacher, recipe.distillation.temperature
    teachers = []
    for number in range(1, recipe.distillation.teachers + 1):
        own_seed = _TEACHERS_SEED + 100 * seed + number
        own = AugmentedBatches(training, teacher.batch, teacher.augmentation, own_seed)
        own_stage = checkpoints.stage(f"teacher-{number}")
        teachers.append(fit(teacher, own, held_out, seed=own_seed, progress=progress, stage=own_stage).model)
    taught = teach(
        teachers,
        batches,
        recipe.distillation.views,
        temperature,
        seed=seed,
        stage=checkpoints.stage("answers"),
        progress=progress,
    )
    return fit(recipe, taught, held_out, seed=seed, temperature=temperature, progress=progress, stage=stage)


def _make_results(
    recipe: Recipe, dataset: Dataset, seed: int, progress: bool, checkpoints: Checkpoints, folder: Path
) -> Metrics:
    """Train, and write all files into a folder."""
    training = assemble(dataset.training, recipe.additions, seed=seed, progress=progress)
    fitted = learn(recipe, training, dataset.held_out, seed, progress, checkpoints)
    held_out = predict_logits(fitted.model, dataset.held_out.glyphs)
    temperature = fit_temperature(held_out, dataset.held_out.labels)
    test = predict_logits(fitted.model, dataset.test.glyphs)

    fitted.model.save(folder / "digits.keras")
    plots.curves(fitted.history, folder / "curves.png")
    plots.confusion(test, dataset.test.labels, folder / "confusion.png")
    plots.mistakes(dataset.test, test, temperature, folder / "mistakes.png")
    calibration = balanced_sample(training, CALIBRATION_GLYPHS, seed=seed)
    _save_arrays(calibration, folder / "calibration.npz")
    _save_arrays(dataset.test, folder / "evaluation.npz")
    seconds, cpu_seconds = checkpoints.spent
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
        seconds=seconds,
        cpu_seconds=cpu_seconds,
        versions=_versions(),
        normalisation=CONTRACT.digest,
        files={path.name: sha256(path.read_bytes()).hexdigest() for path in sorted(folder.iterdir())},
    )
    (folder / "metrics.json").write_text(metrics.to_json(), encoding="utf-8")
    return metrics


def _how_to_go_on(checkpoints: Checkpoints, out: Path) -> str:
    if checkpoints.run is None:
        return "Nothing was saved yet: train anew."
    return f"The training so far is saved; go on with: edgedigits train --resume --out {shlex.quote(str(out))}"


def _reason(error: CheckpointError | OSError, out: Path) -> str:
    return f"Cannot write the results to {out} ({error.strerror})" if isinstance(error, OSError) else str(error)


@contextmanager
def _staging(out: Path) -> Iterator[Path]:
    """Give a folder inside `out` in which files are made before they are published."""
    try:
        out.mkdir(parents=True, exist_ok=True)
        staging = Path(tempfile.mkdtemp(dir=out, prefix=".training-"))
    except OSError as error:
        raise InputError(f"Cannot write to {out} ({error.strerror}): choose another folder with --out.") from None
    try:
        yield staging
    finally:
        shutil.rmtree(staging, ignore_errors=True)


def _publish(staging: Path, out: Path) -> None:
    """Move all files to `out`; metrics.json goes last."""
    for path in sorted(staging.iterdir(), key=lambda path: (path.name == "metrics.json", path.name)):
        path.replace(out / path.name)


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
