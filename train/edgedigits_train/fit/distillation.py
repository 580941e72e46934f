"""Learning from larger networks: what they answer to the same changed glyphs is what a small one is taught."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from tqdm import tqdm

from edgedigits.logits import log_softmax
from edgedigits_train.backend import keras
from edgedigits_train.data.batches import AugmentedBatches, Batch, makers
from edgedigits_train.fit.checkpoints import Stage, State
from edgedigits_train.fit.foreign_teacher import ForeignTeacher

_ASKED_AT_ONCE = 256
"""Glyphs, always as many: JAX compiles anew for each number that it sees."""


@dataclass(frozen=True)
class Teacher:
    """Who answers.

    Attributes:
        model: from glyphs to logits (N, 11).
        domain: how many glyphs it was fitted to, the first ones of them all: for others it does not answer.
        corrected: whether the label counts where it answers wrongly: it may be no better than its pupil.
    """

    model: keras.Model | ForeignTeacher
    domain: int
    corrected: bool = False


class TaughtBatches:
    """Batches whose targets are the probabilities that teachers gave to the very same changed glyphs, or labels.

    The pupil sees what the teachers saw ("a consistent teacher": Beyer et al. 2022, "Knowledge distillation: a good
    teacher is patient and consistent"): of each view, a pass over the glyphs with changes of its own, only the answers
    are kept, and the glyphs are made again from the seed. After as many epochs as there are views they come again, in
    another order.

    Args:
        batches: the glyphs, of which view v is epoch v.
        targets: for each view, float16 (len(batches) * batch, 11): the teachers' probabilities, by batch.
        taught: how many glyphs, the first ones of them all, have these targets; the others have their labels.
        temperature: what softened the probabilities.
        seed: of the order.
    """

    def __init__(
        self,
        batches: AugmentedBatches,
        targets: Sequence[npt.NDArray[np.float16]],
        taught: int,
        temperature: float,
        seed: int,
    ) -> None:
        self._batches, self._targets, self._seed = batches, targets, seed
        self._taught, self._temperature = taught, temperature

    def __len__(self) -> int:
        return len(self._batches)

    def stream(self, epoch: int, first: int, pool: ThreadPoolExecutor) -> Iterator[Batch]:
        """Yield the batches of an epoch from the `first` on: glyphs uint8 and targets float32 (batch, 12)."""
        view = epoch % len(self._targets)
        order = np.random.default_rng((self._seed, epoch)).permutation(len(self))[first:].tolist()
        classes = self._targets[view].shape[-1]
        answers = self._targets[view].reshape(len(self), -1, classes)
        indices = self._batches.indices(view)
        for number, (glyphs, labels) in zip(order, self._batches.chosen(view, order, pool), strict=True):
            taught = (indices[number] < self._taught)[:, np.newaxis]
            probabilities = np.where(taught, answers[number], np.eye(classes)[labels])
            temperatures = np.where(taught, self._temperature, 1)
            yield glyphs, np.concatenate([probabilities, temperatures], axis=1, dtype=np.float32)


def teach(
    teachers: Sequence[Teacher],
    batches: AugmentedBatches,
    views: int,
    temperature: float,
    taught: int,
    *,
    seed: int = 0,
    stage: Stage | None = None,
    progress: bool = False,
) -> TaughtBatches:
    """Ask the teachers, and return batches with their mean answers as targets, where labels are not to be learnt.

    Hinton, Vinyals, Dean (2015), "Distilling the knowledge in a neural network".

    Args:
        teachers: at least one of them answers for all glyphs.
        batches: what the pupil would be fitted to without them.
        views: how many passes over the glyphs, with changes of their own, are answered.
        temperature: softens the answers; the pupil is fitted at the same.
        taught: how many glyphs, the first ones, the pupil learns from the answers; the others from their labels.
        seed: of the order in which the pupil sees them.
        stage: keeps the answers of each view that is done.
        progress: show a bar on stderr.

    Raises:
        CheckpointError: the answers cannot be saved.
        KeyboardInterrupt: it was interrupted; the stage has the answers so far.
    """
    stage = stage or Stage()
    targets = list(stage.load().arrays.get("targets", []))
    each, classes = len(teachers), int(teachers[0].model.output_shape[-1])
    with (
        stage.uninterrupted(),
        makers() as pool,
        tqdm(total=views * each, initial=len(targets) * each, desc="teach", disable=not progress) as bar,
    ):
        for view in range(len(targets), views):
            parts = list(batches.stream(view, 0, pool))
            glyphs = np.concatenate([glyphs for glyphs, _ in parts])
            labels = np.concatenate([labels for _, labels in parts])
            indices = batches.indices(view).ravel()
            total = np.zeros((len(glyphs), classes), np.float32)
            for teacher in teachers:
                known = np.flatnonzero(indices < min(teacher.domain, taught))
                for some, answers in _answers(teacher.model, glyphs, known, temperature):
                    if teacher.corrected:
                        wrong = answers.argmax(axis=1) != labels[some]
                        answers[wrong] = np.eye(classes)[labels[some][wrong]]
                    total[some] += answers
                    if stage.interrupted:
                        raise KeyboardInterrupt
                bar.update()
            # none for what is learnt from its label
            targets.append((total / np.maximum(total.sum(axis=1, keepdims=True), 1e-9)).astype(np.float16))
            stage.save(State(epoch=view + 1, arrays={"targets": targets}))
    return TaughtBatches(batches, targets, taught, temperature, seed)


def _answers(
    model: keras.Model | ForeignTeacher, glyphs: npt.NDArray[np.uint8], chosen: npt.NDArray[np.intp], temperature: float
) -> Iterator[tuple[npt.NDArray[np.intp], npt.NDArray[np.float32]]]:
    """Yield, for one question after the other, which of the chosen glyphs it is about, and their probabilities."""
    for start in range(0, len(chosen), _ASKED_AT_ONCE):
        some = chosen[start : start + _ASKED_AT_ONCE]
        filled = np.zeros((_ASKED_AT_ONCE, *glyphs.shape[1:]), np.uint8)
        filled[: len(some)] = glyphs[some]
        logits = np.asarray(model.predict_on_batch(filled), np.float32)[: len(some)]
        yield some, np.exp(log_softmax(logits / np.float32(temperature)))
