"""A user's own digits: pictures of single digits in a folder, as a model is fine-tuned to them.

Two layouts are read: sub-folders `0` to `9`, and `none` for what is no digit; or a `labels.csv` with the columns
`path` and `label`, whose paths are relative to the folder.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import numpy as np
import numpy.typing as npt
from tqdm import tqdm

from edgedigits.errors import InputError
from edgedigits.labelled.glyphs import LabelledGlyphs
from edgedigits.labelled.pictures import TABLE, GlyphFinder, Picture, from_folders, from_table
from edgedigits_train.data.training_set import NONE

LABELS: Mapping[str, int] = {**{str(digit): digit for digit in range(10)}, "none": NONE}
"""Numbers of the labels by what folders and tables call them."""

_HELD_OUT_ONE_IN = 5
_SPLIT_SEED = 2026


@dataclass(frozen=True)
class OwnDigits:
    """A user's digits, those with a name each.

    Attributes:
        folder: where they lie.
        data: glyphs and labels, 0 to 9 and `NONE`, in the order of the names.
        hashes: SHA-256 of each picture, by its path inside the folder.
    """

    folder: Path
    data: LabelledGlyphs
    hashes: Mapping[str, str] = field(repr=False)

    @property
    def digest(self) -> str:
        """SHA-256 of the pictures and their labels."""
        labelled = [f"{self.hashes[name]} {label}" for name, label in zip(self.hashes, self.data.labels, strict=True)]
        return hashlib.sha256("\n".join(sorted(labelled)).encode()).hexdigest()

    @property
    def training(self) -> LabelledGlyphs:
        """What a model is fitted to."""
        return self.data[~self._held_out]

    @property
    def held_out(self) -> LabelledGlyphs:
        """What it is measured by: one in five of each label that has so many; it may be empty."""
        return self.data[self._held_out]

    @cached_property
    def _held_out(self) -> npt.NDArray[np.bool_]:
        rng = np.random.default_rng(_SPLIT_SEED)
        chosen = np.zeros(len(self.data), bool)
        for label in np.unique(self.data.labels):
            members = rng.permutation(np.flatnonzero(self.data.labels == label))
            chosen[members[: len(members) // _HELD_OUT_ONE_IN]] = True
        return chosen


def load_own_digits(folder: Path, *, progress: bool = False) -> OwnDigits:
    """Return the digits in a user's folder as the runtime would show them to the model.

    Pictures may have any size, polarity and format that the runtime reads. In a large one, a photo, the runtime's own
    reader finds the digit; what it does not find is taken to be a crop.

    Args:
        folder: with sub-folders 0 to 9 and none, or a labels.csv, as `edgedigits.labelled` reads them.
        progress: show a bar on stderr.

    Raises:
        InputError: there is no such folder, no picture in it, a label that is none, or a picture that cannot be read,
            shows nothing or several digits, or has two labels.

    Example:
        >>> load_own_digits(Path("my-digits")).data.glyphs.shape
        (50, 28, 28, 1)
    """
    if not folder.is_dir():
        raise InputError(f"{folder} is not a folder; name one with sub-folders 0 to 9, or with a {TABLE}.")
    labelled: dict[Path, int] = {}
    for picture in from_table(folder / TABLE) if (folder / TABLE).is_file() else from_folders(folder):
        label = _number(picture)
        if labelled.setdefault(picture.path, label) != label:
            raise InputError(f"{folder / TABLE}: {picture.path} is there with two labels; remove one.")
    if not labelled:
        raise InputError(
            f"{folder} holds no pictures: put them into sub-folders 0 to 9 (and none, for what is no digit),"
            f" or list them in a {TABLE}."
        )
    finder = GlyphFinder()
    glyphs, labels, hashes = [], [], {}
    seen: dict[str, tuple[Path, int]] = {}
    for path, label in tqdm(sorted(labelled.items()), desc="own digits", unit="picture", disable=not progress):
        digest = _digest(path)
        twin, other = seen.setdefault(digest, (path, label))
        if label != other:
            raise InputError(f"{path} and {twin} are the same picture with two labels: remove one.")
        if twin != path:
            continue
        glyphs.append(finder.glyph(path))
        labels.append(label)
        hashes[path.relative_to(folder).as_posix()] = digest
    return OwnDigits(folder, LabelledGlyphs(np.stack(glyphs)[..., np.newaxis], np.array(labels, np.uint8)), hashes)


def _digest(path: Path) -> str:
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError as error:
        raise InputError(f"{path} cannot be read ({error.strerror}).") from error


def _number(picture: Picture) -> int:
    name = picture.label.lower()
    if not name:
        raise InputError(f"{picture.where}: there are several digits in {picture.path}; crop it to one.")
    if name not in LABELS:
        raise InputError(f"{picture.where}: {picture.label!r} is no label; it must be 0 to 9, or none.")
    return LABELS[name]
