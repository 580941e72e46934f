"""Learning: the page network is fitted to tiles."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from edgedigits.finding.page import LABELS
from edgedigits_train.backend import JIT, keras
from edgedigits_train.page_network.recipe import PageRecipe
from edgedigits_train.page_network.sampling import Tiles
from edgedigits_train.page_network.truth import IGNORED, WORD, answer

_FOCUS = 1.5
"""Power of what is still wrong of an answer, in what it counts: most cells are bare paper, and learnt at once (Lin et
al., "Focal loss for dense object detection", 2017)."""
_WEAKER, _STRONGER = 0.6, 1.35
_NOISY, _NOISE = 0.3, 12.0
"""Share of tiles that get noise, and its most, in levels of 255."""
_SURE_OF_SIDES = 0.15


class TileBatches(keras.utils.PyDataset):  # type: ignore[misc]
    """Batches of tiles in another order and light each epoch: pictures, and the answers as one array.

    The answers are float32 (N, 32, 32, 5): the name's code, then the four sides.
    """

    def __init__(self, tiles: Tiles, batch: int, seed: int, *, changed: bool = True) -> None:
        super().__init__()
        self._tiles, self._batch, self._changed = tiles, batch, changed
        self._rng = np.random.default_rng(seed)
        self._order = self._rng.permutation(len(tiles))

    def __len__(self) -> int:
        return max(1, len(self._tiles) // self._batch)

    def __getitem__(self, index: int) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.float32]]:
        own = self._order[index * self._batch : (index + 1) * self._batch]
        pictures = self._tiles.pictures[own].astype(np.float32)
        if self._changed:
            pictures *= self._rng.uniform(_WEAKER, _STRONGER, (len(own), 1, 1))
            noisy = self._rng.random(len(own)) < _NOISY
            spread = self._rng.uniform(0, _NOISE, (int(noisy.sum()), 1, 1))
            pictures[noisy] += self._rng.standard_normal(pictures[noisy].shape) * spread
        answers = [answer(self._tiles.signs_of(i)) for i in own.tolist()]
        names = np.array([names for names, _ in answers], np.float32)[..., np.newaxis]
        sides = np.array([sides for _, sides in answers], np.float32)
        return np.clip(pictures, 0, 255).astype(np.uint8)[..., np.newaxis], np.concatenate([names, sides], axis=-1)

    def on_epoch_end(self) -> None:
        """Shuffle."""
        self._order = self._rng.permutation(len(self._tiles))


def page_loss(recipe: PageRecipe) -> Callable[[Any, Any], Any]:
    """Return the loss of maps: a focused cross entropy of the names, and the error of the sides where a sign is."""
    ops = keras.ops
    nothing, other = 0, len(LABELS) - 1

    def loss(truth: Any, maps: Any) -> Any:
        codes = ops.cast(truth[..., 0], "int32")
        logs = ops.log_softmax(maps[..., : len(LABELS)], axis=-1)
        named = ops.where((codes == WORD) | (codes == IGNORED), 0, codes)
        right = ops.sum(logs * ops.one_hot(named, len(LABELS)), axis=-1)
        right = ops.where(codes == WORD, ops.logaddexp(logs[..., nothing], logs[..., other]), right)
        focus = ops.power(1 - ops.stop_gradient(ops.exp(right)), _FOCUS)
        counted = ops.cast(codes != IGNORED, "float32")
        signs = ops.cast((codes > 0) & (codes != WORD), "float32")
        count = ops.maximum(ops.sum(signs), 1.0)
        error = ops.abs(maps[..., len(LABELS) :] - truth[..., 1:])
        # Huber's, so that the last half cell counts less
        huber = ops.sum(ops.where(error < 0.5, error * error, error - 0.25), axis=-1)
        huber = huber / (1 + _SURE_OF_SIDES * ops.sum(truth[..., 1:], axis=-1))
        return (recipe.sides * ops.sum(huber * signs) - ops.sum(focus * counted * right)) / count

    return loss


class Averaging(keras.callbacks.Callback):  # type: ignore[misc]
    """Keeps a moving average of all weights, which is the network in the end (Polyak and Juditsky 1992)."""

    def __init__(self, momentum: float) -> None:
        super().__init__()
        self._momentum, self._steps = momentum, 0
        self.weights: list[npt.NDArray[np.float32]] = []

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        """Move the average."""
        now = self.model.get_weights()
        self._steps += 1
        keep = min(self._momentum, (1 + self._steps) / (10 + self._steps)) if self.weights else 0.0
        before = self.weights or now
        self.weights = [keep * a + (1 - keep) * b for a, b in zip(before, now, strict=True)]


@dataclass(frozen=True, eq=False)
class FittedPage:
    """A fitted page network.

    Attributes:
        model: the Keras model, with averaged weights, not compiled.
        losses: of each epoch.
    """

    model: keras.Model
    losses: tuple[float, ...]


def fit_page(
    model: keras.Model, recipe: PageRecipe, tiles: Tiles, *, seed: int, progress: bool, callbacks: list[Any]
) -> FittedPage:
    """Fit a network to tiles.

    Args:
        model: what `network.build_page_network` returned, perhaps with weights of an earlier training.
        recipe: how.
        tiles: what it is fitted to.
        seed: of order and light.
        progress: show a bar on stderr.
        callbacks: Keras' own, for checkpoints.
    """
    batches = TileBatches(tiles, recipe.batch, seed)
    steps = len(batches) * recipe.epochs
    rate = keras.optimizers.schedules.CosineDecay(
        1e-5,
        max(1, steps - recipe.warm_up),
        alpha=0.003,
        warmup_target=recipe.learning_rate,
        warmup_steps=min(recipe.warm_up, math.ceil(steps / 4)),
    )
    optimizer = keras.optimizers.AdamW(rate, weight_decay=recipe.weight_decay, clipnorm=5.0)
    optimizer.exclude_from_weight_decay(var_names=["bias", "gamma", "beta"])
    model.compile(optimizer, loss=page_loss(recipe), jit_compile=JIT)
    averaging = Averaging(recipe.averaging)
    history = model.fit(batches, epochs=recipe.epochs, verbose=1 if progress else 0, callbacks=[averaging, *callbacks])
    model.set_weights(averaging.weights)
    # a compiled model would carry the optimizer into its file
    uncompiled = keras.Model(model.input, model.output, name=model.name)
    return FittedPage(uncompiled, tuple(float(loss) for loss in history.history["loss"]))
