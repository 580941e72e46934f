"""Letters as people write data sets of them, drawn in several hands in pictures of 28×28, and a model of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from edgedigits.glyphs import normalise_crops

LETTERS = tuple("ABCDEFGHKLMNP")
"""More than ten, so that what looks at the first ten only is found out."""

_FONTS = (
    cv2.FONT_HERSHEY_SIMPLEX,
    cv2.FONT_HERSHEY_DUPLEX,
    cv2.FONT_HERSHEY_COMPLEX,
    cv2.FONT_HERSHEY_TRIPLEX,
    cv2.FONT_HERSHEY_SCRIPT_SIMPLEX,
)


def draw_letters(
    count: int, seed: int, letters: Sequence[str] = LETTERS
) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.str_]]:
    """Return pictures uint8 (N, 28, 28), bright ink on dark paper, and the letters that they show."""
    rng = np.random.default_rng(seed)
    labels = np.array([letters[place % len(letters)] for place in range(count)], np.str_)
    return np.stack([_draw(letter, rng) for letter in labels.tolist()]), labels


def _draw(letter: str, rng: np.random.Generator) -> npt.NDArray[np.uint8]:
    canvas = np.zeros((84, 84), np.uint8)
    font, scale = _FONTS[int(rng.integers(len(_FONTS)))], float(rng.uniform(1.6, 2.0))
    cv2.putText(canvas, letter, (18, 62), font, scale, 255, int(rng.integers(3, 7)), cv2.LINE_AA)
    turn = cv2.getRotationMatrix2D((42, 42), float(rng.uniform(-8, 8)), 1.0)
    turn[:, 2] += rng.uniform(-4, 4, 2)
    return np.asarray(cv2.resize(cv2.warpAffine(canvas, turn, (84, 84)), (28, 28), interpolation=cv2.INTER_AREA))


def train_on_letters() -> Any:
    """Return a Keras model from (28, 28, 1) of 0 to 1 to a softmax over the letters."""
    import keras

    keras.utils.set_random_seed(0)
    layers = keras.layers
    images, labels = draw_letters(2_600, seed=1)
    model = keras.Sequential(
        [
            keras.Input((28, 28, 1)),
            layers.Conv2D(12, 5, 2, "same", activation="relu"),
            layers.Conv2D(24, 3, 2, "same", activation="relu"),
            layers.Flatten(),
            layers.Dense(len(LETTERS), activation="softmax"),
        ]
    )
    model.compile(keras.optimizers.Adam(4e-3), "sparse_categorical_crossentropy")
    numbers = np.array([LETTERS.index(label) for label in labels.tolist()])
    model.fit(normalise_crops(images) / np.float32(255), numbers, batch_size=64, epochs=4, verbose=0)
    return model
