"""Fitting a network: the batches, the steps, and which epoch's weights are kept."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from edgedigits.errors import EdgeDigitsError
from edgedigits_train.augmentation import Augmentation, augment
from edgedigits_train.backend import keras
from edgedigits_train.datasets import Dataset, LabelledGlyphs
from edgedigits_train.memory import keep_freed_memory
from edgedigits_train.model import build_model
from edgedigits_train.recipes import Recipe


class TrainingError(EdgeDigitsError):
    """A training that came to nothing."""


@dataclass(frozen=True)
class Fit:
    """A fitted model and how it came about: the values of each epoch, by name."""

    model: keras.Model
    history: Mapping[str, list[float]]


def fit(recipe: Recipe, dataset: Dataset, *, seed: int = 0, progress: bool = False) -> Fit:
    """Fit the recipe's network to the dataset's training glyphs; keep the epoch with the lowest held-out loss.

    SGD with Nesterov momentum, a linear warm-up and a cosine to zero; what is kept is a moving average of the
    weights (Polyak and Juditsky 1992).

    Raises:
        TrainingError: the loss is no longer a number.
    """
    keep_freed_memory()
    keras.utils.set_random_seed(seed)
    model = build_model(recipe)
    batches = AugmentedBatches(dataset.training, recipe.batch, recipe.augmentation, seed)
    steps = recipe.epochs * len(batches)
    warm_up = int(recipe.warm_up * steps)
    optimizer = keras.optimizers.SGD(
        keras.optimizers.schedules.CosineDecay(
            recipe.learning_rate / max(1, warm_up),
            decay_steps=steps - warm_up,
            warmup_target=recipe.learning_rate,
            warmup_steps=warm_up,
        ),
        momentum=0.9,
        nesterov=True,
        weight_decay=recipe.weight_decay,
        use_ema=True,
        ema_momentum=recipe.averaging,
    )
    optimizer.exclude_from_weight_decay(var_names=["bias", "gamma", "beta"])
    model.compile(
        optimizer,
        keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        metrics=["accuracy"],
        jit_compile=False,
    )
    best = _LowestLoss()
    history = model.fit(
        batches,
        epochs=recipe.epochs,
        validation_data=(dataset.held_out.glyphs, dataset.held_out.labels),
        validation_batch_size=1000,
        callbacks=[
            keras.callbacks.SwapEMAWeights(swap_on_epoch=True),
            best,
            _Watch(recipe, steps, progress=progress),
        ],
        verbose=0,
    ).history
    # a model that was compiled would carry the optimizer's slots into its file
    kept = build_model(recipe)
    kept.set_weights(best.weights)
    return Fit(kept, history)


def predict_logits(model: keras.Model, glyphs: npt.NDArray[np.uint8]) -> npt.NDArray[np.float32]:
    """Return the logits, float32 (N, C), of glyphs, uint8 (N, 28, 28, 1)."""
    return np.asarray(model.predict(glyphs, batch_size=1000, verbose=0), np.float32)


class AugmentedBatches(keras.utils.PyDataset):  # type: ignore[misc]
    """Shuffled, augmented batches, made by a thread beside the training.

    A batch depends on seed, epoch and its number alone, so that threads cannot change what is trained on.

    Args:
        data: the glyphs to train on; what does not fill a last batch is left out, other glyphs each epoch.
        batch: glyphs a batch.
        augmentation: how far the glyphs are changed.
        seed: of order and augmentation.
    """

    def __init__(self, data: LabelledGlyphs, batch: int, augmentation: Augmentation, seed: int) -> None:
        super().__init__(workers=2, max_queue_size=8)
        self._data, self._batch, self._augmentation, self._seed = data, batch, augmentation, seed
        self._epoch = 0
        self._shuffle()

    def _shuffle(self) -> None:
        self._order = np.random.default_rng((self._seed, self._epoch)).permutation(len(self._data))

    def __len__(self) -> int:
        return len(self._data) // self._batch

    def __getitem__(self, index: int) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.uint8]]:
        chosen = self._order[index * self._batch : (index + 1) * self._batch]
        rng = np.random.default_rng((self._seed, self._epoch, index))
        return augment(self._data.glyphs[chosen], self._augmentation, rng), self._data.labels[chosen]

    def on_epoch_end(self) -> None:
        """Go on to the next epoch's order and changes; Keras calls it."""
        self._epoch += 1
        self._shuffle()


class _LowestLoss(keras.callbacks.Callback):  # type: ignore[misc]
    """Keeps the weights of the epoch with the lowest held-out loss."""

    def __init__(self) -> None:
        super().__init__()
        self.loss = math.inf
        self.weights: list[npt.NDArray[np.float32]] = []

    def on_epoch_end(self, epoch: int, logs: Mapping[str, float] | None = None) -> None:
        if logs and logs["val_loss"] < self.loss:
            self.loss, self.weights = logs["val_loss"], self.model.get_weights()


class _Watch(keras.callbacks.Callback):  # type: ignore[misc]
    """Shows how far the training is, and stops it when it has gone astray."""

    def __init__(self, recipe: Recipe, steps: int, *, progress: bool) -> None:
        from tqdm import tqdm

        super().__init__()
        self._recipe = recipe
        self._bar = tqdm(total=steps, desc="train", unit="step", disable=not progress)

    def on_train_batch_end(self, batch: int, logs: Mapping[str, float] | None = None) -> None:
        self._bar.update()
        if logs and not math.isfinite(logs["loss"]):
            self._bar.close()
            raise TrainingError(
                f"The loss is no longer a number: lower --learning-rate (it was {self._recipe.learning_rate:g})."
            )

    def on_epoch_end(self, epoch: int, logs: Mapping[str, float] | None = None) -> None:
        if logs:
            self._bar.set_postfix_str(
                f"epoch {epoch + 1}/{self._recipe.epochs}, held out {100 * logs['val_accuracy']:.2f} %"
            )

    def on_train_end(self, logs: Mapping[str, float] | None = None) -> None:
        self._bar.close()
