"""Fitting a network: its loss, its steps, and which weights are kept."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt
from tqdm import tqdm

from edgedigits.errors import EdgeDigitsError
from edgedigits.labelled.glyphs import LabelledGlyphs
from edgedigits_train.backend import JIT, keras
from edgedigits_train.data.batches import Batches, makers
from edgedigits_train.fit.checkpoints import Stage, State
from edgedigits_train.fit.fast_layers import fastest
from edgedigits_train.fit.feeding import feed
from edgedigits_train.fit.memory import keep_freed_memory
from edgedigits_train.fit.model import CLASSES, build_model, with_weights
from edgedigits_train.fit.muon import Muon
from edgedigits_train.recipes import Recipe

_SCORED_AT_ONCE = 1_000


class TrainingError(EdgeDigitsError):
    """A training that came to nothing."""


@dataclass(frozen=True)
class Fit:
    """A fitted model and how it came about: the values of each epoch, by name."""

    model: keras.Model
    history: Mapping[str, list[float]]


def fit(
    recipe: Recipe,
    batches: Batches,
    held_out: LabelledGlyphs,
    *,
    seed: int = 0,
    classes: int = CLASSES,
    progress: bool = False,
    stage: Stage | None = None,
) -> Fit:
    """Fit the recipe's network to batches.

    A linear warm-up and a cosine to zero; what is kept is a moving average of the weights (Polyak and Juditsky
    1992) at the end. No epoch before is chosen: by 5,000 held-out digits chance would choose it, and its confidence,
    which the temperature mends afterwards; docs/experiments.md has the measurement.

    Args:
        recipe: the network and how it is fitted.
        batches: what it is fitted to.
        held_out: what each epoch is scored with.
        seed: of the weights at the beginning, and of what is dropped.
        classes: how many logits the network gives.
        progress: show a bar on stderr.
        stage: keeps the state of the fit, which goes on from there; by default nothing is kept.

    Raises:
        TrainingError: the loss is no longer a number.
        CheckpointError: the stage's state cannot be saved.
        KeyboardInterrupt: the fit was interrupted; the stage has its state.
    """
    stage = stage or Stage()
    keep_freed_memory()
    keras.utils.set_random_seed(seed)
    model = _compiled(recipe, recipe.epochs * len(batches), classes)
    state = stage.load()
    if state.step:
        _make_metrics(model, held_out)
    with stage.uninterrupted(), makers() as pool, _bar(recipe, batches, state, progress) as bar:
        while state.epoch < recipe.epochs and not _is_stuck(recipe, state):
            leg = _Leg(state, stage, bar)
            try:
                state = leg.run(model, batches, pool)
                if state.step == len(batches):
                    state = _next_epoch(state, leg.logs, model, held_out)
                    bar.set_postfix_str(_summary(recipe, state))
            except _AstrayError as error:
                raise TrainingError(_remedy(recipe, state, error, stage)) from None
            stage.save(state)
            if stage.interrupted:
                raise KeyboardInterrupt
    return Fit(with_weights(recipe, state.arrays["average"]), state.history)


def _is_stuck(recipe: Recipe, state: State) -> bool:
    """Return whether the held-out loss has not fallen for as many epochs as the recipe has patience."""
    losses = state.history.get("val_loss", [])
    if recipe.patience is None or state.step or not losses:
        return False
    return len(losses) - 1 - int(np.argmin(losses)) >= recipe.patience


def cross_entropy(targets: Any, logits: Any) -> Any:
    """Return the loss (N,) of logits (N, C) against targets as `batches.Batch` has them.

    With the square of the temperature, gradients keep their size (Hinton, Vinyals, Dean 2015).
    """
    probabilities, temperatures = _read_targets(targets, logits.shape[-1])
    losses = keras.losses.categorical_crossentropy(probabilities, logits / temperatures, from_logits=True)
    return temperatures[:, 0] ** 2 * losses


def accuracy(targets: Any, logits: Any) -> Any:
    """Return which answers agree with the targets."""
    probabilities, _ = _read_targets(targets, logits.shape[-1])
    return keras.ops.equal(keras.ops.argmax(probabilities, axis=-1), keras.ops.argmax(logits, axis=-1))


def _read_targets(targets: Any, classes: int) -> tuple[Any, Any]:
    """Return targets as probabilities (N, C) and temperatures (N, 1), 1 for labels."""
    if len(targets.shape) == 2 and targets.shape[1] == classes + 1:
        return targets[:, :classes], targets[:, classes:]
    labels = keras.ops.reshape(targets, (-1, 1))
    probabilities = keras.ops.one_hot(keras.ops.cast(labels[:, 0], "int32"), classes)
    return probabilities, keras.ops.ones_like(labels, "float32")


def _compiled(recipe: Recipe, steps: int, classes: int) -> keras.Model:
    """Return the network and its optimizer, whose schedule lasts for `steps`, as they are before the first step."""
    model = build_model(recipe, fastest(recipe), classes)
    warm_up = int(recipe.warm_up * steps)
    schedule = keras.optimizers.schedules.CosineDecay(
        recipe.learning_rate / max(1, warm_up),
        decay_steps=steps - warm_up,
        warmup_target=recipe.learning_rate,
        warmup_steps=warm_up,
    )
    options = {"weight_decay": recipe.weight_decay, "use_ema": True, "ema_momentum": recipe.averaging}
    if recipe.optimizer == "muon":
        optimizer = Muon(schedule, **options)
    else:
        optimizer = keras.optimizers.SGD(schedule, momentum=0.9, nesterov=True, **options)
        optimizer.exclude_from_weight_decay(var_names=["bias", "gamma", "beta"])
    optimizer.build(model.trainable_variables)
    model.compile(optimizer, cross_entropy, metrics=[accuracy], jit_compile=JIT)
    return model


def _make_metrics(model: keras.Model, held_out: LabelledGlyphs) -> None:
    """Let Keras make the variables of the metrics, which it does with the first glyphs that it scores."""
    _evaluate(model, held_out[:_SCORED_AT_ONCE])


def _evaluate(model: keras.Model, held_out: LabelledGlyphs) -> dict[str, float]:
    """Return loss and accuracy."""
    starts = range(0, len(held_out), _SCORED_AT_ONCE)
    parts = (held_out[i : i + _SCORED_AT_ONCE] for i in starts)
    batches = feed((part.glyphs, part.labels) for part in parts)
    scores: dict[str, float] = model.evaluate(batches, steps=len(starts), verbose=0, return_dict=True)
    return scores


def _next_epoch(state: State, logs: Mapping[str, float], model: keras.Model, held_out: LabelledGlyphs) -> State:
    """Score the model, whose weights are the average now, at an epoch's end, and begin the next epoch."""
    values = {**logs, **{f"val_{name}": value for name, value in _evaluate(model, held_out).items()}}
    loss = values["val_loss"]
    if not math.isfinite(loss):
        raise _AstrayError(state.step)
    average = model.get_weights()
    best = {"best": average} if loss < state.best else {}
    return State(
        epoch=state.epoch + 1,
        history={name: [*state.history.get(name, []), float(value)] for name, value in values.items()},
        best=min(loss, state.best),
        arrays={**state.arrays, "average": average, **best},
    )


def predict_logits(model: keras.Model, glyphs: npt.NDArray[np.uint8]) -> npt.NDArray[np.float32]:
    """Return the logits, float32 (N, C), of glyphs, uint8 (N, 28, 28, 1)."""
    return np.asarray(model.predict(glyphs, batch_size=_SCORED_AT_ONCE, verbose=0), np.float32)


class _AstrayError(Exception):
    """The loss is no longer a number after so many steps of the epoch."""

    def __init__(self, step: int) -> None:
        super().__init__()
        self.step = step


class _Leg(keras.callbacks.Callback):  # type: ignore[misc]
    """The steps from a state to the next, which is taken at the epoch's end, or before where the stage wants it."""

    def __init__(self, state: State, stage: Stage, bar: tqdm) -> None:
        super().__init__()
        self.logs: Mapping[str, float] = {}
        self._state, self._stage, self._bar = state, stage, bar

    def run(self, model: keras.Model, batches: Batches, pool: ThreadPoolExecutor) -> State:
        """Take the steps and return the state; the model is left with the average of the weights."""
        state = self._state
        _assign(model.variables, state.arrays.get("model"))
        _assign(model.optimizer.variables, state.arrays.get("optimizer"))
        model.fit(
            feed(batches.stream(state.epoch, state.step, pool)),
            steps_per_epoch=len(batches) - state.step,
            shuffle=False,
            callbacks=[self],
            verbose=0,
        )
        return self._state

    def on_epoch_begin(self, epoch: int, logs: Mapping[str, float] | None = None) -> None:
        # Keras has just reset them; in the middle of an epoch their sums go on
        if self._state.step:
            _assign(self.model.metrics_variables, self._state.arrays["metrics"])

    def on_train_batch_end(self, batch: int, logs: Mapping[str, float] | None = None) -> None:
        self._bar.update()
        if logs and not math.isfinite(logs["loss"]):
            raise _AstrayError(self._state.step + batch + 1)
        self._steps = batch + 1
        if self._stage.due:
            self.model.stop_training = True

    def on_epoch_end(self, epoch: int, logs: Mapping[str, float] | None = None) -> None:
        # after this Keras puts the average of the weights into the model
        self.logs = logs or {}
        now = {
            "model": _values(self.model.variables),
            "optimizer": _values(self.model.optimizer.variables),
            "metrics": _values(self.model.metrics_variables),
        }
        self._state = replace(self._state, step=self._state.step + self._steps, arrays={**self._state.arrays, **now})


def _values(variables: Iterable[keras.Variable]) -> list[npt.NDArray[Any]]:
    return [np.array(keras.ops.convert_to_numpy(variable)) for variable in variables]


def _assign(variables: Sequence[keras.Variable], values: Sequence[npt.NDArray[Any]] | None) -> None:
    if values is not None:
        for variable, value in zip(variables, values, strict=True):
            variable.assign(value)


def _bar(recipe: Recipe, batches: Batches, state: State, progress: bool) -> tqdm:
    return tqdm(
        total=recipe.epochs * len(batches),
        initial=state.epoch * len(batches) + state.step,
        desc="train",
        unit="step",
        disable=not progress,
    )


def _summary(recipe: Recipe, state: State) -> str:
    return f"epoch {state.epoch}/{recipe.epochs}, held out {100 * state.history['val_accuracy'][-1]:.2f} %"


def _remedy(recipe: Recipe, state: State, error: _AstrayError, stage: Stage) -> str:
    message = (
        f"The loss is no longer a number in epoch {state.epoch + 1}, step {error.step}: start anew with a lower"
        f" --learning-rate (it was {recipe.learning_rate:g})"
    )
    good = stage.load()
    if not good.arrays:
        return f"{message}."
    message = f"{message} and --restart"
    kept = stage.keep_best(with_weights(recipe, good.arrays["best"])) if "best" in good.arrays else None
    if kept is None:
        return f"{message}."
    epochs = "the first epoch" if good.epoch == 1 else f"the {good.epoch} good epochs"
    return f"{message}; the best model of {epochs} is {kept}: copy it first, if you want it."
