"""The recipes: everything that is chosen about a training, as values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from edgedigits_train.augmentation import Augmentation


@dataclass(frozen=True)
class Recipe:
    """All choices of a training; `dataclasses.replace` makes variations.

    Attributes:
        name: what the command line and metrics.json call it.
        widths: channels of the four convolutions.
        epochs: passes over the training images.
        batch: glyphs a step.
        learning_rate: the highest, reached after the warm-up.
        warm_up: share of all steps over which the learning rate rises; it then falls along a cosine to zero.
        weight_decay: of the kernels, a step, relative to the learning rate.
        averaging: momentum a step of the moving average of the weights, which is the model that is kept.
        dropout: share of features dropped before the dense layer.
        training_images: how many to train on, class-balanced; all where None.
        augmentation: how far the training glyphs are changed.
    """

    name: str
    widths: tuple[int, int, int, int]
    epochs: int
    batch: int = 256
    learning_rate: float = 0.2
    warm_up: float = 0.15
    weight_decay: float = 5e-3
    averaging: float = 0.98
    dropout: float = 0.1
    training_images: int | None = None
    augmentation: Augmentation = field(default_factory=Augmentation)


RECIPES: Mapping[str, Recipe] = {
    recipe.name: recipe
    for recipe in (
        Recipe("quick", widths=(12, 24, 32, 48), epochs=5, batch=128, training_images=10_000),
        Recipe("default", widths=(16, 32, 48, 72), epochs=16),
        Recipe("best", widths=(32, 40, 56, 72), epochs=60),
    )
}
"""The recipes by name."""
