"""Training folders as `edgedigits train` leaves them, of small models that tests make themselves."""

from __future__ import annotations

import json
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from edgedigits.glyphs import CONTRACT
from edgedigits_train.handwriting.glyphs import render_glyphs
from edgedigits_train.handwriting.nondigits import render_nondigits

NONE = 10
"""The label of what is no digit."""

Glyphs = npt.NDArray[np.uint8]


def digits_and_others(digits: int, others: int, seed: int) -> tuple[Glyphs, Glyphs]:
    """Return glyphs uint8 (N, 28, 28, 1) and labels uint8 (N,), mixed."""
    rng = np.random.default_rng(seed)
    glyphs, labels = render_glyphs(digits, seed, tidiness=1.0)
    if others:
        glyphs = np.concatenate([glyphs, render_nondigits(others, seed)[0]])
        labels = np.concatenate([labels, np.full(others, NONE, np.uint8)])
    order = rng.permutation(len(glyphs))
    return glyphs[order], labels[order].astype(np.uint8)


def make_small_model() -> Any:
    """Return a Keras model with eleven outputs that has seen a few thousand glyphs: right on most digits."""
    import keras

    keras.utils.set_random_seed(0)
    layers = keras.layers
    model = keras.Sequential(
        [
            keras.Input((28, 28, 1), dtype="uint8", name="glyphs"),
            layers.Rescaling(1 / 255),
            layers.Conv2D(12, 5, 2, "same", activation="relu", name="conv1"),
            layers.Conv2D(24, 3, 2, "same", activation="relu", name="conv2"),
            layers.Conv2D(24, 3, 1, "same", activation="relu", name="conv3"),
            layers.DepthwiseConv2D(7, name="pool"),
            layers.Flatten(),
            layers.Dense(11, name="logits"),
        ]
    )
    model.compile(keras.optimizers.Adam(4e-3), keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    glyphs, labels = digits_and_others(6000, 1500, seed=1)
    model.fit(glyphs, labels, batch_size=64, epochs=5, verbose=0)
    return model


def write_training(folder: Path, model: Any) -> Path:
    """Write what `edgedigits train` would: the model, calibration images with outliers among them, and 2,000 digits.

    The model is sure of these digits: what changes an answer is a fault, not a close call.
    """
    folder.mkdir(parents=True)
    model.save(folder / "digits.keras")
    glyphs, labels = digits_and_others(2400, 0, seed=3)
    best = np.sort(model.predict(glyphs, batch_size=500, verbose=0), axis=1)[:, -2:]
    sure = np.sort(np.argsort(best[:, 0] - best[:, 1], kind="stable")[:2000])
    calibration, evaluation = digits_and_others(400, 40, seed=2), (glyphs[sure], labels[sure])
    for name, (glyphs, labels) in {"calibration": calibration, "evaluation": evaluation}.items():
        np.savez_compressed(folder / f"{name}.npz", glyphs=glyphs, labels=labels)
    logits = model.predict(evaluation[0], batch_size=500, verbose=0)
    metrics = {
        "recipe": {"name": "small"},
        "seed": 0,
        "training_data": "synthetic",
        "data": {},
        "parameters": model.count_params(),
        "test": {"accuracy": float((logits[:, :10].argmax(axis=1) == evaluation[1]).mean())},
        "temperature": 1.2,
        "digit_score": {"method": "outlier-class", "threshold": 0.5},
        "versions": {},
        "normalisation": CONTRACT.digest,
        "files": {path.name: sha256(path.read_bytes()).hexdigest() for path in folder.iterdir()},
    }
    (folder / "metrics.json").write_text(json.dumps(metrics))
    return folder
