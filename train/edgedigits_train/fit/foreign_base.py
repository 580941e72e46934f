"""A Keras model of any origin as a base: from glyphs to logits, in layers that go on learning.

What the model takes and answers is found out by `edgedigits export`, which knows other people's models; here its own
layers are put between those that bring glyphs into its form and those that answer.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np

from edgedigits.bundle import DIGITS, NONE, Bundle
from edgedigits.engines import get_engine
from edgedigits.errors import InputError
from edgedigits.glyphs import SIDE
from edgedigits_train.backend import keras
from edgedigits_train.data.datasets import Dataset
from edgedigits_train.fit.exported import export_foreign
from edgedigits_train.fit.fitting import predict_logits

_ACTIVATIONS = ("Softmax", "LogSoftmax", "Sigmoid", "Activation", "Identity")
"""Classes of what may stand behind the logits and changes no answer."""
_COMPARED, _LEAST_AGREEMENT = 1_000, 0.995
"""Glyphs on which the model, taken apart, has to answer as it did; and how often."""

_TEACH = "let a recipe learn from it with --teacher"


@dataclass(frozen=True)
class ForeignBase:
    """A foreign model that goes on learning.

    Attributes:
        path: its file.
        model: from `glyphs`, uint8 (N, 28, 28, 1), to `logits`, float32 (N, 11): those of the ten digits, and of what
            is none, which is new where `knows_none` is false.
        knows_none: whether it had a class for what is no digit.
        detected: what it takes and answers, as export found out.
        digest: SHA-256 of the file.
    """

    path: Path
    model: keras.Model
    knows_none: bool
    detected: Mapping[str, Any]
    digest: str


def check_foreign_base(path: Path) -> None:
    """Refuse what holds no layers that could go on learning, before anything is done.

    Raises:
        InputError: the file is missing, or a SavedModel.
    """
    if not path.exists():
        raise InputError(f"{path} does not exist: name a model's .keras or .h5 file, or a training's folder.")
    if path.is_dir():
        raise InputError(
            f"{path} is a SavedModel, whose layers cannot go on learning: name the .keras or .h5 file of the model, or"
            f" {_TEACH}."
        )


def load_foreign_base(path: Path, bundle: Path, dataset: Dataset, *, progress: bool = False) -> ForeignBase:
    """Return a foreign model in layers that go on learning, with a class for what is no digit.

    Args:
        path: a .keras or .h5 file, as `check_foreign_base` lets pass.
        bundle: a folder for the model as it is, which `edgedigits export` fills.
        dataset: of digits, on which both have to answer alike.
        progress: say on stderr what is being done.

    Raises:
        InputError: export does not take it, it does not tell digits, or its layers cannot be taken apart.
    """
    core = _load(path)
    if core is not None and core.output_shape[-1] not in (len(DIGITS), len(DIGITS) + 1):
        raise InputError(
            f"{path} answers with {core.output_shape[-1]} numbers: --from takes models of the ten digits; {_TEACH} and"
            " --data, which knows any labels."
        )
    export_foreign(path, bundle, dataset, progress=progress)
    exported = Bundle.load(bundle)
    if exported.labels not in (DIGITS, (*DIGITS, NONE)):
        raise InputError(f"{path} tells {', '.join(exported.labels)}: --from takes models of the ten digits.")
    detected = exported.manifest["provenance"]["recipe"]["detected"]
    if core is None or detected["output"] == "probabilities":
        raise InputError(f"{path} cannot be taken apart into layers that go on learning: {_TEACH}.")
    model, plain = _rebuild(core, detected)
    file, glyphs = exported.files[0], dataset.held_out.glyphs[:_COMPARED]
    answers = np.asarray(get_engine(next(iter(file.engines))).open(file.read_verified(), 1)(glyphs))[:, : len(DIGITS)]
    same = predict_logits(plain, glyphs)[:, : len(DIGITS)].argmax(axis=1) == answers.argmax(axis=1)
    if same.mean() < _LEAST_AGREEMENT:
        raise InputError(f"{path} answers otherwise once it is taken apart into layers: {_TEACH}.")
    return ForeignBase(path, model, len(exported.labels) > len(DIGITS), detected, sha256(path.read_bytes()).hexdigest())


def _load(path: Path) -> keras.Model | None:
    """Return the model in a file; None where export has to say what is wrong with it."""
    try:
        model = keras.saving.load_model(path, compile=False)
        return model if len(model.inputs) == len(model.outputs) == 1 else None
    except Exception:  # Keras and h5py raise many kinds
        return None


def _flat(model: keras.Model, prefix: str = "") -> keras.Model:
    """Return a model's layers in new ones, models among them opened, and without those that change images.

    Keras exports layers that augment as they are in training.

    Args:
        model: from one input to one output.
        prefix: of the new layers' names; those of a model among them have its name as well.
    """
    copies: list[tuple[Any, Any]] = []

    def copy(operation: Any) -> Any:
        if isinstance(operation, keras.Model):
            return _flat(operation, f"{prefix}{operation.name}_")
        config = {**operation.get_config(), "name": f"{prefix}{operation.name}"}
        if not isinstance(operation, keras.layers.Layer):
            return type(operation).from_config(config)
        copies.append((operation, type(operation).from_config({**config, "dtype": "float32", "trainable": True})))
        return copies[-1][1]

    def call(operation: Any, *arguments: Any, **options: Any) -> Any:
        if isinstance(operation, keras.Model):
            return operation.call(*arguments)
        name, answer = type(operation).__name__, operation(*arguments, **options)
        # what augments, and what Keras puts in front of a model that was opened
        passed = name == "ConvertToTensor" or (name.startswith("Random") and answer.shape == arguments[0].shape)
        return arguments[0] if passed else answer

    functional = keras.Model(model.inputs[0], model.outputs[0])
    flat = keras.models.clone_model(functional, clone_function=copy, call_function=call)
    for layer, made in copies:
        if made.built:
            made.set_weights(layer.get_weights())
    return flat


def _rebuild(core: keras.Model, detected: Mapping[str, Any]) -> tuple[keras.Model, keras.Model]:
    """Return a model from glyphs to the logits of eleven classes, and one of the same layers to those it had."""
    layers = keras.layers
    glyphs = keras.Input((SIDE, SIDE, 1), dtype="uint8", name="glyphs")
    whole = _flat(_flat(keras.Model(glyphs, core(_in_form(glyphs, detected)))))  # again for what stood between models
    end = whole.operations[-1]
    while type(end).__name__ in _ACTIVATIONS:
        end = next(operation for operation in whole.operations if operation.output is end.input)
    if isinstance(end, layers.Dense):
        kernel, *bias = end.get_weights()
        missing = max(0, len(DIGITS) + 1 - kernel.shape[1])
        head, plain = (layers.Dense(kernel.shape[1] + more, name="logits") for more in (missing, 0))
        logits, known = head(end.input), plain(end.input)
        offsets = bias[0] if bias else np.zeros(kernel.shape[1], np.float32)
        plain.set_weights([kernel, offsets])
        head.set_weights([np.pad(kernel, ((0, 0), (0, missing))), np.pad(offsets, (0, missing))])
    else:
        logits = known = layers.Flatten(name="known")(end.output)
        if known.shape[-1] == len(DIGITS):
            none = layers.Dense(1, name="none")(layers.Flatten(name="before")(end.input))
            logits = layers.Concatenate(name="logits")([known, none])
    return keras.Model(whole.inputs[0], logits, name="digits"), keras.Model(whole.inputs[0], known)


def _in_form(glyphs: Any, detected: Mapping[str, Any]) -> Any:
    """Return glyphs as the model takes images."""
    layers = keras.layers
    factor, offset = detected["factor"], detected["offset"]
    x = layers.Rescaling(1.0, dtype="float32", name="pixels")(glyphs) if detected["padding"] else glyphs
    if detected["padding"]:
        x = layers.ZeroPadding2D(detected["padding"], name="margin")(x)
    x = layers.Rescaling(factor, offset, dtype="float32", name="scale")(x)
    if detected["transposed"]:
        x = layers.Permute((2, 1, 3), name="transpose")(x)
    x = layers.Reshape(detected["shape"], name="shape")(x)
    return layers.UnitNormalization(axis=1, name="rows")(x) if detected["scale"] == "rows" else x
