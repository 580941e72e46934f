"""The training itself: assemble, fit, and leave the files that export takes; and go on where it was interrupted."""

from __future__ import annotations

import shlex
import signal
from collections.abc import Callable
from pathlib import Path

from edgedigits.errors import InputError
from edgedigits_train.checkpoints import CheckpointError, Checkpoints, Run
from edgedigits_train.datasets import Dataset, LabelledGlyphs, join, load_dataset
from edgedigits_train.fitting import TrainingError
from edgedigits_train.interruption import Interrupted, Interruption
from edgedigits_train.learning import learn
from edgedigits_train.metrics import Metrics
from edgedigits_train.own_digits import OwnDigits, load_own_digits
from edgedigits_train.recipes import Recipe
from edgedigits_train.results import publish, staging, write_results
from edgedigits_train.training_set import assemble, hash_sources

_OWN_SHARE, _OWN_AT_MOST = 0.03, 100
"""Of the training glyphs, so many are the user's own, each repeated so often at most."""


def train(recipe: Recipe, out: Path, *, seed: int = 0, extra: Path | None = None, progress: bool = False) -> Metrics:
    """Train a model and leave it in `out` with its plots, its metrics and the arrays for export.

    It is trained and scored on MNIST; where that can be neither found nor downloaded, on synthetic digits.

    The files are digits.keras, curves.png, confusion.png, mistakes.png, reliability.png, calibration.npz,
    evaluation.npz and, last, metrics.json. They appear together at the end: a training that fails or is interrupted
    leaves them as they were, and beside them a checkpoint from which `resume` goes on.

    Args:
        recipe: what is trained, and how.
        out: a folder; it is made where it is missing.
        seed: of weights, order and augmentation.
        extra: a folder of the user's own digits, as `own_digits.load_own_digits` reads it, to be learnt as well.
        progress: show bars on stderr.

    Raises:
        InputError: `out` cannot be written to or holds an interrupted training, MNIST is damaged, or the user's own
            digits cannot be used.
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
    return _train(recipe, out, seed, extra, progress, Checkpoints.begin)


def resume(recipe: Recipe, out: Path, *, seed: int = 0, extra: Path | None = None, progress: bool = False) -> Metrics:
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
    return _train(recipe, out, seed, extra, progress, Checkpoints.go_on)


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
    extra: Path | None,
    progress: bool,
    start: Callable[[Checkpoints, Run], None],
) -> Metrics:
    with Interruption() as interruption, staging(out) as folder:
        checkpoints = Checkpoints(out, interruption)
        try:
            own = load_own_digits(extra, progress=progress) if extra else None
            dataset = load_dataset(training_images=recipe.training_images, progress=progress)
            run = Run.of(recipe, seed, {**dataset.hashes, **hash_sources(recipe.additions)}, own)
            start(checkpoints, run)
            metrics = _make_results(recipe, dataset, own, run, progress, checkpoints, folder)
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
    run: Run,
    progress: bool,
    checkpoints: Checkpoints,
    folder: Path,
) -> Metrics:
    """Train, and write all files into a folder."""
    training = assemble(dataset.training, recipe.additions, seed=run.seed, progress=progress)
    if own:
        training = _with_own(training, own.training)
    fitted = learn(
        recipe,
        training,
        len(dataset.training),
        dataset.held_out,
        seed=run.seed,
        progress=progress,
        checkpoints=checkpoints,
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


def _with_own(training: LabelledGlyphs, own: LabelledGlyphs) -> LabelledGlyphs:
    """Return the training glyphs and the user's own, so often that they count."""
    times = max(1, min(_OWN_AT_MOST, round(_OWN_SHARE * len(training) / len(own))))
    return join([training, *[own] * times])


def _how_to_go_on(checkpoints: Checkpoints, out: Path) -> str:
    if checkpoints.run is None:
        return "Nothing was saved yet: train anew."
    return f"The training so far is saved; go on with: edgedigits train --resume --out {shlex.quote(str(out))}"


def _reason(error: CheckpointError | OSError, out: Path) -> str:
    return f"Cannot write the results to {out} ({error.strerror})" if isinstance(error, OSError) else str(error)
