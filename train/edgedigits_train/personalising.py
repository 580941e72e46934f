"""A trained model is fine-tuned to its user's handwriting, from a folder of pictures to the files for export."""

from __future__ import annotations

import time
from pathlib import Path

from edgedigits.errors import InputError
from edgedigits.labelled.glyphs import join
from edgedigits_train.data.datasets import load_dataset
from edgedigits_train.data.own_digits import load_own_digits
from edgedigits_train.data.training_set import hash_sources
from edgedigits_train.evaluation.metrics import Metrics
from edgedigits_train.fit.fine_tuning import fine_tune, load_base, replay_of, replayed
from edgedigits_train.results import publishing, write_results


def personalise(model: Path, extra: Path, out: Path, *, seed: int = 0, progress: bool = False) -> Metrics:
    """Fine-tune a model to a user's own digits, and leave it in `out` as `training.train` does.

    One in five of the user's digits, of each that there are five of, is held out: by these the model is compared with
    what it was before.

    Args:
        model: the folder of a training, or the digits.keras in it.
        extra: the user's digits, as `own_digits.load_own_digits` reads them.
        out: a folder, another than the model's; it is made where it is missing.
        seed: of order and augmentation.
        progress: show bars on stderr.

    Raises:
        InputError: one of the folders cannot be used as it is.
        TrainingError: the weights are no longer numbers, or the disk is full.
        Interrupted: by Ctrl-C or SIGTERM.

    Example:
        >>> metrics = personalise(Path("build/train"), Path("my-digits"), Path("build/own"))
        >>> metrics.own.after.pictures
        10
    """
    wall, cpu = time.perf_counter(), time.process_time()
    base = load_base(model)
    if out.resolve() == (model if model.is_dir() else model.parent).resolve():
        raise InputError(f"The result would replace the model in {out}: choose another folder with --out.")
    own = load_own_digits(extra, progress=progress)
    if own.data.labels.max() >= base.classes:
        raise InputError(
            f"The model in {model} has no class for what is no digit: leave the pictures labelled none away,"
            " or train anew with --extra alone."
        )
    with publishing(out) as folder:
        dataset = load_dataset(progress=progress)
        replay = replay_of(dataset.training, base.classes, seed=seed, progress=progress)
        tuned = fine_tune(base.model, own.training, replay, dataset.held_out, seed=seed, progress=progress)
        metrics = write_results(
            folder,
            tuned,
            dataset,
            join([replay, own.training]),
            recipe=base.metrics["recipe"],
            seed=seed,
            data={**dataset.hashes, **hash_sources(replayed(base.classes)), "own digits": own.digest},
            spent=lambda: (time.perf_counter() - wall, time.process_time() - cpu),
            own=own,
            base=base,
        )
    return metrics
