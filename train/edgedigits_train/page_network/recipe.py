"""How the page network is trained, as a value."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class PageRecipe:
    """All choices of a training; `dataclasses.replace` makes variations.

    Attributes:
        name: what the command line and metrics.json call it.
        stem: channels at half of a tile's resolution.
        fine: channels at a quarter of it, where the answers are given.
        coarse: channels at an eighth of it, where the surroundings are seen.
        blocks: layers there.
        pages: rendered to learn from; each gives some ten tiles.
        written: share of pages whose digits are the synthesizer's own; the others' are MNIST's.
        epochs: passes over the tiles.
        batch: tiles a step.
        learning_rate: the highest, reached after the warm-up.
        warm_up: steps over which it rises; it then falls along a cosine to next to nothing.
        weight_decay: of the kernels, relative to the learning rate.
        averaging: momentum a step of the moving average of the weights, which is the network that is kept.
        sides: what the error of the four sides counts beside that of the names.
    """

    name: str = "page"
    stem: int = 16
    fine: int = 32
    coarse: int = 64
    blocks: int = 4
    pages: int = 8000
    written: float = 0.55
    epochs: int = 8
    batch: int = 48
    learning_rate: float = 3e-3
    warm_up: int = 100
    weight_decay: float = 0.02
    averaging: float = 0.998
    sides: float = 0.5


PAGE = PageRecipe()
"""The network that is bundled."""
