"""What an engine is: a name, a probe, and a way to open a model file."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt

from edgedigits.offers import advise


class Session(Protocol):
    """A model file that an engine has opened."""

    def __call__(self, glyphs: npt.NDArray[np.uint8]) -> npt.NDArray[np.float32]:
        """Run the model: uint8 (N, 28, 28, 1), N ≥ 1, to float32 logits (N, C)."""
        ...


@dataclass(frozen=True)
class Probe:
    """Whether an engine can be used here.

    Attributes:
        available: whether it can.
        detail: its version where it can, else the reason and what to do.
    """

    available: bool
    detail: str


@dataclass(frozen=True)
class Engine:
    """One inference engine.

    Attributes:
        name: how users and manifests call it.
        title: its name as its makers write it.
        suffix: the ending of the files that it runs, with the dot.
        package: the distribution that brings it.
        probe: tells whether it can be used here, without raising.
        open: opens a model file's content with a number of threads; what the engine itself raises passes through.
    """

    name: str
    title: str
    suffix: str
    package: str
    probe: Callable[[], Probe]
    open: Callable[[bytes, int], Session]

    @property
    def install(self) -> str:
        """The command that installs it here, or why none does."""
        return advise(self.package)
