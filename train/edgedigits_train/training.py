"""The training itself: assemble, fit, and leave the files that export takes; and go on where it was interrupted."""

from __future__ import annotations

import shlex
import signal
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from edgedigits.bundle import DIGITS
from edgedigits.errors import InputError
from edgedigits_train.data.datasets import Dataset, load_dataset
from edgedigits_train.data.own_digits import OwnDigits, load_own_digits
from edgedigits_train.data.training_set import assemble, hash_sources, with_own
from edgedigits_train.evaluation.metrics import Metrics
from edgedigits_train.fit.checkpoints import CheckpointError, Checkpoints, Run
from edgedigits_train.fit.fitting import TrainingError
from edgedigits_train.fit.foreign_teacher import ForeignTeacher, load_teacher
from edgedigits_train.fit.interruption import Interrupted, Interruption
from edgedigits_train.fit.learning import learn
from edgedigits_train.recipes import Additions, Recipe
from edgedigits_train.results import publish, staging, write_results

_USUAL_IMAGES = 55_000
"""Images that a recipe's additions are made for, where it takes all of MNIST."""
_FOR_ALL_LABELS = ("soiled",)
"""Additions that can be made of any writing; the others are of digits, or of letters that are none."""
_FEWEST_STEPS = 4


@dataclass(frozen=True)
class Material:
    """What is learnt from besides the project's own; by default nothing.

    Attributes:
        extra: a folder of the user's own digits, as `own_digits.load_own_digits` reads it, to be learnt as well.
        data: labelled images instead of MNIST, as `own_data.load_data` reads them; with "mnist" among them beside it.
        labels: what the numbers in npz and idx files stand for, and the order of the model's outputs.
        teacher: an exported model, or a Keras file of any origin, whose answers are learnt from.
    """

    extra: Path | None = None
    data: tuple[str, ...] = ()
    labels: tuple[str, ...] | None = None
    teacher: Path | None = None

    @classmethod
    def of(cls, run: Run) -> Material:
        """Return what an interrupted training learns from."""
        return cls(
            Path(run.extra) if run.extra else None,
            tuple(run.sources),
            None if run.names is None else tuple(run.names),
            Path(run.teacher) if run.teacher else None,
        )


_NOTHING = Material()


def train(
    recipe: Recipe, out: Path, *, seed: int = 0, material: Material = _NOTHING, progress: bool = False
) -> Metrics:
    """Train a model and leave it in `out` with its plots, its metrics and the arrays for export.

    It is trained and scored on MNIST; where that can be neither found nor downloaded, on synthetic digits; or on the
    user's own data.

    The files are digits.keras, curves.png, confusion.png, mistakes.png, reliability.png, calibration.npz,
    evaluation.npz and, last, metrics.json. They appear together at the end: a training that fails or is interrupted
    leaves them as they were, and beside them a checkpoint from which `resume` goes on.

    Args:
        recipe: what is trained, and how.
        out: a folder; it is made where it is missing.
        seed: of weights, order and augmentation.
        material: what else is learnt from.
        progress: show bars on stderr.

    Raises:
        InputError: `out` cannot be written to or holds an interrupted training, MNIST is damaged, or the user's own
            material cannot be used.
        TrainingError: the loss is no longer a number, or the disk is full.
        Interrupted: by Ctrl-C or SIGTERM, which the main thread hears for as long as this lasts.

    Example:
        >>> from edgedigits_train.recipes import RECIPES
        >>> train(RECIPES["quick"], Path("build/train")).test.accuracy > 0.985
        True
    """
    if run := interrupted_run(out):
        raise InputError(
            f"{out} holds an interrupted training ({run}): go on with --resume, or start anew with --restart."
        )
    return _train(recipe, out, seed, material, progress, Checkpoints.begin)


def resume(
    recipe: Recipe, out: Path, *, seed: int = 0, material: Material = _NOTHING, progress: bool = False
) -> Metrics:
    """Go on with the interrupted training that `train` began with the same arguments.

    It takes the steps that an uninterrupted one would have taken, from the last state that was saved.

    Raises:
        InputError: there is nothing to resume in `out`, something else than this was trained there, or a file of the
            checkpoint is damaged.
        InputError, TrainingError, Interrupted: as `train`.

    Example:
        >>> resume(RECIPES["best"], Path("build/train"))  # doctest: +SKIP
    """
    if interrupted_run(out) is None:
        raise InputError(f"There is nothing to resume in {out}: leave --resume away to train, or say where with --out.")
    return _train(recipe, out, seed, material, progress, Checkpoints.go_on)


def interrupted_run(out: Path) -> Run | None:
    """Return what the interrupted training in a folder is made of; None where there is none."""
    return Checkpoints(out, Interruption()).run


def restart(out: Path) -> None:
    """Forget the interrupted training in a folder."""
    Checkpoints(out, Interruption()).remove()


def _train(
    recipe: Recipe,
    out: Path,
    seed: int,
    material: Material,
    progress: bool,
    start: Callable[[Checkpoints, Run], None],
) -> Metrics:
    if material.teacher and not material.teacher.exists():
        raise InputError(
            f"The teacher {material.teacher} does not exist: name a bundle, or a Keras file or SavedModel."
        )
    with Interruption() as interruption, staging(out) as folder:
        checkpoints = Checkpoints(out, interruption)
        try:
            own = load_own_digits(material.extra, progress=progress) if material.extra else None
            dataset = _dataset(recipe, material, progress)
            fitted_to = _suited(recipe, dataset) if material.data else recipe
            hashes = {**dataset.hashes, **hash_sources(fitted_to.additions)}
            teacher = load_teacher(material.teacher, dataset, progress=progress) if material.teacher else None
            if teacher:
                hashes["teacher"] = teacher.digest
            named = str(material.teacher.resolve()) if material.teacher else None
            run = Run.of(recipe, seed, hashes, own, material.data, material.labels, named)
            start(checkpoints, run)
            metrics = _make_results(fitted_to, dataset, own, teacher, run, progress, checkpoints, folder)
            publish(folder, out)
        except KeyboardInterrupt:
            number = interruption.number or signal.SIGINT
            raise Interrupted(f"Stopped. {_how_to_go_on(checkpoints, out)}", number) from None
        except (CheckpointError, OSError) as error:
            reason = f"{_reason(error, out)}: make room or mend that"
            raise TrainingError(f"{reason}. {_how_to_go_on(checkpoints, out)}") from error
        finally:
            if checkpoints.run is None:
                checkpoints.remove()
        checkpoints.remove()
    return metrics


def _make_results(
    recipe: Recipe,
    dataset: Dataset,
    own: OwnDigits | None,
    teacher: ForeignTeacher | None,
    run: Run,
    progress: bool,
    checkpoints: Checkpoints,
    folder: Path,
) -> Metrics:
    """Train, and write all files into a folder."""
    training = assemble(dataset.training, recipe.additions, seed=run.seed, progress=progress)
    if own:
        training = with_own(training, own.training)
    fitted = learn(
        recipe,
        training,
        len(dataset.training),
        dataset.held_out,
        seed=run.seed,
        progress=progress,
        checkpoints=checkpoints,
        classes=dataset.classes,
        foreign=teacher,
    )
    return write_results(
        folder,
        fitted,
        dataset,
        training,
        recipe=recipe,
        seed=run.seed,
        data=run.data,
        own=own,
        spent=lambda: checkpoints.spent,
    )


def _dataset(recipe: Recipe, material: Material, progress: bool) -> Dataset:
    if not material.data:
        return load_dataset(training_images=recipe.training_images, progress=progress)
    from edgedigits_train.data.own_data import load_data

    return load_data(material.data, labels=material.labels, training_images=recipe.training_images, progress=progress)


def _suited(recipe: Recipe, dataset: Dataset) -> Recipe:
    """Return a recipe for other data than MNIST: additions in proportion, and none that only digits can have."""
    share = min(1.0, len(dataset.training) / (recipe.training_images or _USUAL_IMAGES))
    additions = {name: round(share * count) for name, count in asdict(recipe.additions).items()}
    if dataset.labels != DIGITS:
        additions = {name: count if name in _FOR_ALL_LABELS else 0 for name, count in additions.items()}
    batch = min(recipe.batch, max(1, len(dataset.training) // _FEWEST_STEPS))
    suited = replace(recipe, additions=Additions(**additions), batch=batch)
    if recipe.distillation:
        teachers = tuple(_suited(teacher, dataset) for teacher in recipe.distillation.teachers)
        suited = replace(suited, distillation=replace(recipe.distillation, teachers=teachers))
    return suited


def _how_to_go_on(checkpoints: Checkpoints, out: Path) -> str:
    if checkpoints.run is None:
        return "Nothing was saved yet: train anew."
    return f"The training so far is saved; go on with: edgedigits train --resume --out {shlex.quote(str(out))}"


def _reason(error: CheckpointError | OSError, out: Path) -> str:
    return f"Cannot write the results to {out} ({error.strerror})" if isinstance(error, OSError) else str(error)
