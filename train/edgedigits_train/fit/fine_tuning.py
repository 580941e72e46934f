"""Fine-tuning: a trained model learns a user's own handwriting, and forgets nothing.

Three things keep what the model knows. The user's digits are mixed with the digits, and what is no digit, of its first
training; there it is taught its own answers ("Learning without forgetting", Li and Hoiem 2016). Batch normalisation
keeps its statistics. And what comes out is the mean of the weights before and after ("Robust fine-tuning of zero-shot
models", Wortsman et al. 2022), which costs nothing when reading: most of the gain stays, most of the loss goes.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from tqdm import tqdm

from edgedigits.bundle import DIGITS, DigitScore
from edgedigits.errors import InputError
from edgedigits.glyphs import SIDE
from edgedigits.labelled.glyphs import LabelledGlyphs
from edgedigits.logits import log_softmax
from edgedigits_train.backend import JIT, keras
from edgedigits_train.data.augmentation import Augmentation, augment
from edgedigits_train.data.training_set import NONE, assemble
from edgedigits_train.fit.fitting import Fit, TrainingError, predict_logits
from edgedigits_train.recipes import Additions

MODEL, METRICS = "digits.keras", "metrics.json"

_REPLAYED = Additions(captured=2_000, soiled=1_000, outliers=2_000)
"""What the model was trained on besides the dataset's digits, and is shown again."""

_KEPT = ("recipe", "seed", "training_data", "data", "temperature", "digit_score")
"""What is recorded of the training of a model that is fine-tuned."""

_REPLAYED_DIGITS = 8_000
_BATCH = 128
_OWN = 16
"""Of a batch, so many are the user's."""
_STEPS_AN_EPOCH, _EPOCHS = 40, 5
_LEARNING_RATE = 0.03
_SHARE = 0.5
"""Of the way from the weights before to the weights after."""


@dataclass(frozen=True)
class Base:
    """The model that is fine-tuned.

    Attributes:
        model: from glyphs to logits (N, 10) or (N, 11).
        metrics: what metrics.json says of its training.
        digest: SHA-256 of its file.
    """

    model: keras.Model
    metrics: Mapping[str, Any]
    digest: str

    @property
    def digit_score(self) -> DigitScore:
        """How it tells what is no digit."""
        return DigitScore(**self.metrics["digit_score"])

    @property
    def classes(self) -> int:
        """How many logits the model gives: 10, or 11 where it knows what is no digit."""
        return int(self.model.output_shape[-1])


def load_base(path: Path) -> Base:
    """Return the model in a training's folder, or that file itself.

    Args:
        path: a folder that `train` wrote, or the digits.keras in it.

    Raises:
        InputError: it is something else.

    Example:
        >>> load_base(Path("build/train")).classes
        11
    """
    file = path / MODEL if path.is_dir() else path
    if file.suffix in {".onnx", ".tflite"} or ((path / "manifest.json").exists() and not file.exists()):
        raise InputError(f"{path} is an exported model, which cannot be trained: name the folder that it came from.")
    if not file.is_file():
        raise InputError(f"{file} does not exist: name the folder of a training, or the {MODEL} in it.")
    try:
        record = json.loads((file.parent / METRICS).read_text(encoding="utf-8"))
        metrics = {name: record[name] for name in _KEPT}
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        raise InputError(
            f"There is no {METRICS} of a training beside {file}: copy it there, too, or let a recipe learn from a model"
            " of another origin with --teacher."
        ) from None
    names = tuple(name for name in record.get("labels") or DIGITS if name != "none")
    if names != DIGITS:
        raise InputError(f"{file} tells {', '.join(names)}, and your own pictures are of digits: train with --data.")
    content = file.read_bytes()
    try:
        model = keras.models.load_model(file, compile=False)
        shapes = (model.input_shape, model.output_shape)
    except Exception:  # Keras raises many kinds
        raise InputError(f"{file} is no Keras model that can be loaded: name the folder of a training.") from None
    if shapes not in [((None, SIDE, SIDE, 1), (None, classes)) for classes in (10, 11)]:
        raise InputError(f"{file} is no model of this project: it must take glyphs and answer with 10 or 11 logits.")
    return Base(model, metrics, sha256(content).hexdigest())


def fine_tune(
    base: keras.Model,
    own: LabelledGlyphs,
    replay: LabelledGlyphs,
    held_out: LabelledGlyphs,
    *,
    seed: int = 0,
    progress: bool = False,
) -> Fit:
    """Return a model that has learnt a user's digits as well.

    Args:
        base: what is fine-tuned; it is left as it is.
        own: the user's digits.
        replay: what it was trained on, or a part of it; labels count for nothing.
        held_out: scored after each epoch, for the curves.
        seed: of order and augmentation.
        progress: show a bar on stderr.

    Raises:
        TrainingError: the weights are no longer numbers.
    """
    keras.utils.set_random_seed(seed)
    model = keras.models.clone_model(base)
    before = base.get_weights()
    model.set_weights(before)
    for layer in model.layers:
        if isinstance(layer, keras.layers.BatchNormalization):
            layer.trainable = False
    steps = _STEPS_AN_EPOCH * _EPOCHS
    model.compile(
        keras.optimizers.SGD(
            keras.optimizers.schedules.CosineDecay(_LEARNING_RATE, steps),
            momentum=0.9,
            nesterov=True,
            use_ema=True,
            ema_momentum=0.95,
        ),
        keras.losses.CategoricalCrossentropy(from_logits=True),
        metrics=["accuracy"],
        jit_compile=JIT,
    )
    glyphs, targets = _lessons(base, own, replay, steps, np.random.default_rng(seed))
    with tqdm(total=steps, desc="fine-tune", unit="step", disable=not progress) as bar:
        history = model.fit(
            glyphs,
            targets,
            batch_size=_BATCH,
            epochs=_EPOCHS,
            steps_per_epoch=_STEPS_AN_EPOCH,
            shuffle=False,
            validation_data=(held_out.glyphs, np.eye(targets.shape[1], dtype=np.float32)[held_out.labels]),
            validation_batch_size=1000,
            callbacks=[keras.callbacks.LambdaCallback(on_train_batch_end=lambda batch, logs: bar.update())],
            verbose=0,
        ).history
    after = model.get_weights()
    if not all(np.isfinite(weights).all() for weights in after):
        raise TrainingError("The weights are no longer numbers: is something else than digits among your pictures?")
    tuned = keras.models.clone_model(base)
    tuned.set_weights([(1 - _SHARE) * a + _SHARE * b for a, b in zip(before, after, strict=True)])
    return Fit(tuned, history)


def _lessons(
    base: keras.Model, own: LabelledGlyphs, replay: LabelledGlyphs, steps: int, rng: np.random.Generator
) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.float32]]:
    """Return changed glyphs, in every batch some of the user's first, and the probabilities that are to be answered."""
    chosen_own = _in_turn(len(own), steps * _OWN, rng).reshape(steps, _OWN)
    chosen = _in_turn(len(replay), steps * (_BATCH - _OWN), rng).reshape(steps, _BATCH - _OWN)
    glyphs = np.concatenate([own.glyphs[chosen_own], replay.glyphs[chosen]], axis=1).reshape(-1, SIDE, SIDE, 1)
    glyphs = augment(glyphs, Augmentation(), rng)
    targets = np.exp(log_softmax(predict_logits(base, glyphs))).astype(np.float32).reshape(steps, _BATCH, -1)
    targets[:, :_OWN] = np.eye(targets.shape[-1], dtype=np.float32)[own.labels[chosen_own]]
    return glyphs, targets.reshape(steps * _BATCH, -1)


def _in_turn(count: int, wanted: int, rng: np.random.Generator) -> npt.NDArray[np.intp]:
    """Return `wanted` of `count` numbers: all of them in random order, again and again."""
    rounds = [rng.permutation(count) for _ in range(-(-wanted // count))]
    return np.concatenate(rounds)[:wanted]


def replay_of(digits: LabelledGlyphs, classes: int, *, seed: int, progress: bool = False) -> LabelledGlyphs:
    """Return what a model of so many classes is shown again: some digits, as they are and out of pictures, and none.

    Args:
        digits: the dataset's training part.
        classes: 10, or 11 where the model knows what is no digit.
        seed: of what is chosen and made.
        progress: show a bar on stderr.
    """
    chosen = np.random.default_rng(seed).permutation(len(digits))[:_REPLAYED_DIGITS]
    return assemble(digits[chosen], replayed(classes), seed=seed, progress=progress)


def replayed(classes: int) -> Additions:
    """Return what joins the digits that a model of so many classes is shown again."""
    return _REPLAYED if classes > NONE else replace(_REPLAYED, outliers=0)
