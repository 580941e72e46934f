"""The recipes: everything that is chosen about a training, as values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Literal

from edgedigits_train.data.augmentation import Augmentation


@dataclass(frozen=True)
class Additions:
    """How many glyphs join the dataset's own.

    Attributes:
        captured: of the dataset's digits, written with other pens and taken out of photos.
        soiled: of the dataset's digits, in poor pictures.
        severed: of the dataset's digits, cut from others that they touched.
        written: of the synthesizer's digits in every letterform, written with other pens and taken out of photos.
        lookalikes: of the synthesizer's digits in letterforms that are easily taken for another digit, likewise.
        characters: of the synthesizer's letters and signs, which are no digits, likewise.
        outliers: of whatever else is no digit.
    """

    captured: int = 0
    soiled: int = 0
    severed: int = 0
    written: int = 0
    lookalikes: int = 0
    characters: int = 0
    outliers: int = 0

    @property
    def doubtful(self) -> int:
        """Return how many have a label that may be wrong: what a poor picture or a cut left may be something else."""
        return self.captured + self.soiled + self.severed + self.outliers


@dataclass(frozen=True)
class Recipe:
    """All choices of a training; `dataclasses.replace` makes variations.

    Attributes:
        name: what the command line and metrics.json call it.
        widths: channels of the convolutions at 14×14 pixels, and of those at 7×7. The very first is a multiple of 16:
            with another number ONNX Runtime up to 1.23 answers wrongly for the int8 file on processors with AMX.
        epochs: passes over the training glyphs.
        patience: epochs without a lower held-out loss after which the training ends; None to take all epochs, which the
            schedule of the learning rate is made for.
        batch: glyphs a step.
        optimizer: `muon`, or `sgd` with Nesterov momentum, which the ablation compares it with.
        learning_rate: the highest, reached after the warm-up.
        warm_up: share of all steps over which the learning rate rises; it then falls along a cosine to zero.
        weight_decay: a step, relative to the learning rate, of the kernels of the convolutions, by SGD of all kernels.
        averaging: momentum a step of the moving average of the weights, which is the model that is kept.
        dropout: share of features dropped before the dense layer.
        training_images: how many of the dataset to train on, class-balanced; all where None.
        additions: what joins them.
        augmentation: how far the training glyphs are changed.
        distillation: whom the network learns from; from the labels alone where None.
    """

    name: str
    widths: tuple[tuple[int, ...], tuple[int, ...]]
    epochs: int
    batch: int = 256
    optimizer: Literal["muon", "sgd"] = "muon"
    learning_rate: float = 0.03
    warm_up: float = 0.15
    weight_decay: float = 0.02
    averaging: float = 0.98
    dropout: float = 0.1
    training_images: int | None = None
    patience: int | None = None
    additions: Additions = field(default_factory=Additions)
    augmentation: Augmentation = field(default_factory=Augmentation)
    distillation: Distillation | None = None


@dataclass(frozen=True)
class Distillation:
    """Larger networks, trained first, whose answers are the targets.

    What the synthesizer wrote, and a user's own digits, are learnt from their labels: the teachers know them no better.

    Attributes:
        teachers: their recipes, fitted in turn, each with a seed of its own. What joins the dataset's digits is made
            once, for the pupil; a teacher whose recipe has no additions is fitted to those digits alone, and answers
            for them alone.
        views: passes over the training glyphs, changed anew each time, that they answer.
        temperature: softens their answers.
    """

    teachers: tuple[Recipe, ...]
    views: int
    temperature: float = 2.0


_FEW_ADDITIONS = Additions(
    captured=3_000, soiled=3_000, severed=1_000, written=2_500, lookalikes=1_500, characters=1_000, outliers=4_500
)
"""For a training that lasts minutes, which is better spent on the dataset's own digits."""

_ADDITIONS = Additions(
    captured=14_000, soiled=14_000, severed=8_000, written=14_000, lookalikes=5_000, characters=6_000, outliers=18_000
)

_GENERALIST = Recipe("teacher", widths=((32, 48, 48), (64, 96, 128)), epochs=16, additions=_ADDITIONS)
_SPECIALIST = replace(_GENERALIST, epochs=40, additions=Additions())

RECIPES: Mapping[str, Recipe] = {
    recipe.name: recipe
    for recipe in (
        Recipe(
            "quick",
            widths=((16, 16), (24, 32)),
            epochs=5,
            batch=128,
            training_images=10_000,
            additions=Additions(captured=2_000, soiled=1_000, written=1_000, outliers=3_000),
        ),
        Recipe(
            "tiny",
            widths=((16, 16, 16), (20, 24)),
            epochs=27,
            # with more of them so few weights misread more clean digits
            additions=replace(_FEW_ADDITIONS, soiled=1_000),
        ),
        Recipe(
            "default",
            widths=((16, 32, 32), (32, 64)),
            epochs=18,
            additions=_FEW_ADDITIONS,
        ),
        Recipe(
            "best",
            widths=((32, 32, 32), (48, 48, 48)),
            epochs=60,
            additions=_ADDITIONS,
            distillation=Distillation((*[_SPECIALIST] * 4, _GENERALIST), views=24),
        ),
    )
}
"""The recipes by name."""
