"""Models as people save them with plain Keras: small, trained in seconds on a few thousand images of MNIST."""

from __future__ import annotations

import gzip
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]


class Images(NamedTuple):
    """MNIST's images uint8 (N, 28, 28) and labels uint8 (N,), training and test."""

    train: Array
    train_labels: Array
    test: Array
    test_labels: Array


def load_images(folder: Path, count: int = 6_000) -> Images:
    """Return the first of MNIST's training images, and its test images."""

    def read(name: str, offset: int) -> Array:
        return np.frombuffer(gzip.decompress((folder / f"{name}.gz").read_bytes()), np.uint8, offset=offset)

    return Images(
        read("train-images-idx3-ubyte", 16).reshape(-1, 28, 28)[:count],
        read("train-labels-idx1-ubyte", 8)[:count],
        read("t10k-images-idx3-ubyte", 16).reshape(-1, 28, 28),
        read("t10k-labels-idx1-ubyte", 8),
    )


def _fit(model: Any, images: Array, labels: Array, *, logits: bool = False, epochs: int = 2) -> Any:
    import keras

    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=logits)
    model.compile(keras.optimizers.Adam(2e-3), loss)
    model.fit(images, labels, batch_size=64, epochs=epochs, verbose=0)
    return model


def dense(images: Images) -> Any:
    """Dense layers on 28×28 floats of 0 to 1, with a softmax: what every tutorial makes."""
    import keras

    keras.utils.set_random_seed(0)
    layers = keras.layers
    model = keras.Sequential(
        [
            keras.Input((28, 28)),
            layers.Flatten(),
            layers.Dense(64, activation="relu"),
            layers.Dropout(0.2),
            layers.Dense(10, activation="softmax"),
        ]
    )
    return _fit(model, images.train / np.float32(255), images.train_labels)


def normalised_rows(images: Images) -> Any:
    """Dense layers on rows of length 1, as `keras.utils.normalize(axis=1)` makes them."""
    import keras

    keras.utils.set_random_seed(0)
    layers = keras.layers
    model = keras.Sequential(
        [keras.Input((28, 28)), layers.Flatten(), layers.Dense(64, activation="relu"), layers.Dense(10, "softmax")]
    )
    return _fit(model, keras.utils.normalize(images.train.astype("float32"), axis=1), images.train_labels)


def flat(images: Images) -> Any:
    """784 numbers of -1 to 1."""
    import keras

    keras.utils.set_random_seed(0)
    layers = keras.layers
    model = keras.Sequential(
        [keras.Input((784,)), layers.Dense(64, activation="relu"), layers.Dense(10, activation="softmax")]
    )
    return _fit(model, images.train.reshape(-1, 784) / np.float32(127.5) - 1, images.train_labels)


def convolutional(images: Images) -> Any:
    """A functional model on (28, 28, 1), with augmentation and dropout layers."""
    import keras

    keras.utils.set_random_seed(0)
    layers = keras.layers
    inputs = keras.Input((28, 28, 1))
    x = layers.RandomRotation(0.03)(inputs)
    x = layers.RandomTranslation(0.05, 0.05)(x)
    x = layers.Conv2D(12, 5, 2, "same", activation="relu")(x)
    x = layers.Conv2D(24, 3, 2, "same", activation="relu")(x)
    x = layers.Dropout(0.2)(layers.Flatten()(x))
    model = keras.Model(inputs, layers.Dense(10, activation="softmax")(x))
    return _fit(model, images.train[..., np.newaxis] / np.float32(255), images.train_labels)


def channels_first(images: Images) -> Any:
    """1×28×28, as those who come from PyTorch write it."""
    import keras

    keras.utils.set_random_seed(0)
    layers = keras.layers
    model = keras.Sequential(
        [
            keras.Input((1, 28, 28)),
            layers.Permute((2, 3, 1)),
            layers.Conv2D(12, 5, 2, "same", activation="relu"),
            layers.BatchNormalization(),
            layers.Conv2D(24, 3, 2, "same", activation="relu"),
            layers.Flatten(),
            layers.Dense(10, activation="softmax"),
        ]
    )
    return _fit(model, (images.train[:, np.newaxis] / np.float32(255) - 0.1307) / 0.3081, images.train_labels)


def uint8_logits(images: Images) -> Any:
    """Raw uint8 pixels in, logits out: the contract of this project, by chance."""
    import keras

    keras.utils.set_random_seed(0)
    layers = keras.layers
    model = keras.Sequential(
        [
            keras.Input((28, 28, 1), dtype="uint8"),
            layers.Rescaling(1 / 255),
            layers.Conv2D(12, 5, 2, "same", activation="relu"),
            layers.Conv2D(24, 3, 2, "same", activation="relu"),
            layers.Flatten(),
            layers.Dense(10),
        ]
    )
    return _fit(model, images.train[..., np.newaxis], images.train_labels, logits=True)


def eleven(images: Images) -> Any:
    """An eleventh class for what is no digit: here, digits that were cut and shuffled."""
    import keras

    keras.utils.set_random_seed(0)
    layers = keras.layers
    rng = np.random.default_rng(0)
    quarters = images.train[:1500].reshape(-1, 2, 14, 2, 14).transpose(0, 1, 3, 2, 4).reshape(-1, 4, 14, 14)
    mixed = rng.permuted(quarters, axis=1).reshape(-1, 2, 2, 14, 14).transpose(0, 1, 3, 2, 4).reshape(-1, 28, 28)
    every = np.concatenate([images.train, mixed])[..., np.newaxis] / np.float32(255)
    labels = np.concatenate([images.train_labels, np.full(len(mixed), 10, np.uint8)])
    model = keras.Sequential(
        [
            keras.Input((28, 28, 1)),
            layers.Conv2D(12, 5, 2, "same", activation="relu"),
            layers.Conv2D(24, 3, 2, "same", activation="relu"),
            layers.Flatten(),
            layers.Dense(11, activation="softmax"),
        ]
    )
    return _fit(model, every, labels)


class Kind(NamedTuple):
    """A kind of foreign model: who makes it, how it is saved, and what is to be found out about it."""

    make: Callable[[Images], Any]
    file: str
    takes: str
    answers: str


KINDS = {
    "dense": Kind(dense, "improved_handwritten.keras", "28×28 float32, 0 to 1", "softmax"),
    "rows": Kind(normalised_rows, "rows.keras", "28×28 float32, normalised along axis 1", "softmax"),
    "flat": Kind(flat, "flat.keras", "784 float32, -1 to 1", "softmax"),
    "functional": Kind(convolutional, "functional.keras", "28×28×1 float32, 0 to 1", "softmax"),
    "channels first": Kind(channels_first, "first.keras", "1×28×28 float32, mean 0.1307", "softmax"),
    "uint8 logits": Kind(uint8_logits, "logits.keras", "28×28×1 uint8, 0 to 255", "logits"),
    "h5": Kind(dense, "old.h5", "28×28 float32, 0 to 1", "softmax"),
    "SavedModel": Kind(channels_first, "saved", "1×28×28 float32, mean 0.1307", "softmax"),
    "eleven classes": Kind(eleven, "eleven.keras", "28×28×1 float32, 0 to 1", "softmax"),
}


def save(model: Any, path: Path) -> Path:
    """Save a model in the form that its name asks for."""
    if path.suffix:
        model.save(path)
    else:
        model.export(path, verbose=False)
    return path
