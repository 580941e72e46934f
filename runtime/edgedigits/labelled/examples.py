"""Examples: glyphs with the names of what they show."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import numpy.typing as npt

from edgedigits.bundle import NONE
from edgedigits.errors import InputError
from edgedigits.glyphs import normalise_crops

__all__ = ["NONE", "Examples", "split_names"]


@dataclass(frozen=True, eq=False)
class Examples:
    """Labelled images of one source, in its order.

    Attributes:
        images: uint8 (N, H, W) as the source has them, or (N, 28, 28, 1) where they are glyphs.
        labels: what they show, str (N,); `NONE` for what is no digit or letter.
        names: of the pictures, for messages: str (N,).
        writers: who wrote them, str (N,); None where nobody says.
        transposed: whether the source held them with rows and columns exchanged, as EMNIST's files do.
        skipped: pictures that were left out, because they show several digits.
        are_glyphs: whether the images are normalised already.
    """

    images: npt.NDArray[np.uint8]
    labels: npt.NDArray[np.str_]
    names: npt.NDArray[np.str_]
    writers: npt.NDArray[np.str_] | None = None
    transposed: bool = False
    skipped: int = 0
    are_glyphs: bool = False

    def __len__(self) -> int:
        return len(self.labels)

    def __getitem__(self, chosen: npt.NDArray[np.intp] | npt.NDArray[np.bool_]) -> Examples:
        """Return those that are chosen."""
        writers = None if self.writers is None else self.writers[chosen]
        return replace(
            self, images=self.images[chosen], labels=self.labels[chosen], names=self.names[chosen], writers=writers
        )

    @cached_property
    def glyphs(self) -> npt.NDArray[np.uint8]:
        """The images as a model sees them: uint8 (N, 28, 28, 1), 0 paper, 255 ink, normalised."""
        return self.images if self.are_glyphs else normalise_crops(self.images)

    @property
    def classes(self) -> tuple[str, ...]:
        """The labels that there are: numbers by their value, then names by the alphabet, `NONE` last."""
        return tuple(sorted(set(self.labels.tolist()), key=_rank))

    @property
    def hashes(self) -> list[str]:
        """SHA-256 of each image."""
        return [hashlib.sha256(image.tobytes()).hexdigest() for image in self.images]

    def numbered(self, classes: Sequence[str], source: object) -> npt.NDArray[np.uint8]:
        """Return the labels as places in a list of classes, uint8 (N,).

        Raises:
            InputError: a label is not among them.
        """
        places = {name: place for place, name in enumerate(classes)}
        unknown = [name for name in self.classes if name not in places]
        if unknown:
            raise InputError(
                f"{source} has the label {unknown[0]!r}, which is none of {', '.join(classes)}: name all labels with"
                " --labels, in the order of the model's outputs."
            )
        return np.array([places[name] for name in self.labels.tolist()], np.uint8)


def split_names(text: str) -> tuple[str, ...]:
    """Return the labels that a user wrote as A,B,C, the first one for the model's first output.

    Raises:
        InputError: fewer than two, an empty one, or one twice.

    Example:
        >>> split_names("A, B, none")
        ('A', 'B', 'none')
    """
    names = tuple(name.strip() for name in text.split(","))
    if len(names) < 2 or not all(names):
        raise InputError(f"--labels {text}: write at least two labels with commas between, such as A,B,C.")
    twice = [name for place, name in enumerate(names) if name in names[:place]]
    if twice:
        raise InputError(f"--labels {text}: {twice[0]!r} is there twice.")
    if NONE in names[:-1]:
        raise InputError(f"--labels {text}: {NONE!r}, what is none of the others, must come last.")
    return names


def _rank(name: str) -> tuple[bool, bool, int, str]:
    return name == NONE, not name.isdecimal(), int(name) if name.isdecimal() else 0, name
