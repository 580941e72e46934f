"""Trains a small distilled recipe whole, and again with an interruption in each of its stages: `distilled.py OUT`.

It is a process of its own so that TensorFlow calculates in one thread, where results are the same to the last bit.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from unittest import mock

from edgedigits_train import training
from edgedigits_train.data.batches import AugmentedBatches
from edgedigits_train.fit.interruption import Interrupted
from edgedigits_train.recipes import RECIPES, Additions, Distillation
from tests.train.small_command import small_dataset

TEACHER = replace(
    RECIPES["quick"], name="teacher", widths=((8,), (12,)), epochs=2, batch=100, additions=Additions(outliers=100)
)
RECIPE = replace(
    TEACHER,
    name="pupil",
    widths=((8,), (8,)),
    epochs=3,
    distillation=Distillation((TEACHER, replace(TEACHER, additions=Additions())), views=2),
)
STAGES = ("teacher-1", "teacher-2", "answers", "model")


@contextmanager
def watched(stage: Path | None = None) -> Iterator[list[Path | None]]:
    """Give a list with an entry for each batch that is made; SIGINT comes in the second epoch, or view, of a stage."""
    make, made = AugmentedBatches._make, []

    def watch(self: AugmentedBatches, *arguments: object) -> object:
        if stage and (stage / "state.npz").exists() and stage not in made:
            made.append(stage)
            os.kill(os.getpid(), signal.SIGINT)
        else:
            made.append(None)
        return make(self, *arguments)  # type: ignore[arg-type]

    with mock.patch.object(AugmentedBatches, "_make", watch):
        yield made


def main(out: Path) -> None:
    whole, parts = out / "whole", out / "parts"
    with mock.patch.object(training, "load_dataset", small_dataset):
        with watched() as made:
            training.train(RECIPE, whole)
        print("whole", len(made))
        go_on = training.train
        for stage in STAGES:
            with watched(parts / ".checkpoint" / stage) as made:
                try:
                    go_on(RECIPE, parts)
                except Interrupted:
                    print(stage, len(made))
            go_on = training.resume
        with watched() as made:
            training.resume(RECIPE, parts)
        print("end", len(made))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
