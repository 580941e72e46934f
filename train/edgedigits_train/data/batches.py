"""Batches to fit to, made beside the training."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any, Protocol, TypeAlias

import numpy as np
import numpy.typing as npt

from edgedigits.labelled.glyphs import LabelledGlyphs
from edgedigits.processes import usable_cores
from edgedigits_train.data.augmentation import Augmentation, augment

Batch: TypeAlias = tuple[npt.NDArray[np.uint8], npt.NDArray[Any]]
"""Glyphs uint8 (N, 28, 28, 1), and their targets: labels uint8 (N,), or float32 (N, 12): the probabilities of the
eleven classes, and the temperature that softened them."""

_AHEAD = 8
"""Batches that are made before they are asked for."""


@contextmanager
def makers() -> Iterator[ThreadPoolExecutor]:
    """Give the threads that make batches beside the training: a GPU takes them faster than two make them.

    OpenCV has one thread in each of them for as long.
    """
    import cv2

    threads = cv2.getNumThreads()
    cv2.setNumThreads(1)
    try:
        with ThreadPoolExecutor(max(2, min(4, usable_cores() // 2))) as pool:
            yield pool
    finally:
        cv2.setNumThreads(threads)


class Batches(Protocol):
    """What a network is fitted to: in each epoch `len` batches, which depend on the epoch and their number alone."""

    def __len__(self) -> int: ...

    def stream(self, epoch: int, first: int, pool: ThreadPoolExecutor) -> Iterator[Batch]:
        """Yield the batches of an epoch from number `first` on, made ahead by the pool beside the training."""
        ...


class AugmentedBatches:
    """Shuffled, augmented batches.

    A batch depends on seed, epoch and its number alone, so that neither threads nor an interruption can change what is
    trained on.

    Args:
        data: the glyphs to train on; what does not fill a last batch is left out, other glyphs each epoch.
        batch: glyphs a batch.
        augmentation: how far the glyphs are changed.
        seed: of order and augmentation.

    Example:
        >>> data = LabelledGlyphs(np.zeros((600, 28, 28, 1), np.uint8), np.zeros(600, np.uint8))
        >>> glyphs, labels = AugmentedBatches(data, 256, Augmentation(), seed=0).batch(epoch=3, number=0)
        >>> glyphs.shape, labels.shape
        ((256, 28, 28, 1), (256,))
    """

    def __init__(self, data: LabelledGlyphs, batch: int, augmentation: Augmentation, seed: int) -> None:
        self._data, self._batch, self._augmentation, self._seed = data, batch, augmentation, seed

    def __len__(self) -> int:
        return len(self._data) // self._batch

    def batch(self, epoch: int, number: int) -> Batch:
        """Return one batch of an epoch: glyphs uint8 (batch, 28, 28, 1) and labels uint8 (batch,)."""
        return self._make(self._order(epoch), epoch, number)

    def indices(self, epoch: int) -> npt.NDArray[np.intp]:
        """Return which of the glyphs each batch of an epoch consists of, (len(self), batch)."""
        return self._order(epoch)[: len(self) * self._batch].reshape(len(self), self._batch)

    def stream(self, epoch: int, first: int, pool: ThreadPoolExecutor) -> Iterator[Batch]:
        """Yield the batches of an epoch from number `first` on, made ahead by the pool beside the training."""
        return self.chosen(epoch, range(first, len(self)), pool)

    def chosen(self, epoch: int, numbers: Iterable[int], pool: ThreadPoolExecutor) -> Iterator[Batch]:
        """Yield the batches of an epoch that have these numbers, in their order."""
        order = self._order(epoch)
        ahead: deque[Future[Batch]] = deque()
        for number in numbers:
            ahead.append(pool.submit(self._make, order, epoch, number))
            if len(ahead) > _AHEAD:
                yield ahead.popleft().result()
        while ahead:
            yield ahead.popleft().result()

    def _order(self, epoch: int) -> npt.NDArray[np.intp]:
        return np.random.default_rng((self._seed, epoch)).permutation(len(self._data))

    def _make(self, order: npt.NDArray[np.intp], epoch: int, number: int) -> Batch:
        chosen = order[number * self._batch : (number + 1) * self._batch]
        rng = np.random.default_rng((self._seed, epoch, number))
        return augment(self._data.glyphs[chosen], self._augmentation, rng), self._data.labels[chosen]
