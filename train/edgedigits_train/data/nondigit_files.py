"""Drawings by people that are no digits, from data sets, in two halves: one to train on, one only to measure with.

Training and evaluation both take them from here, so that what is measured was never trained on: whole alphabets and
whole kinds of doodles lie in one half or the other. The files are looked for in `$EDGEDIGITS_DATA/nondigits`:

- `omniglot_small1.npz`: five alphabets of Omniglot (Lake, Salakhutdinov, Tenenbaum 2015, "Human-level concept learning
  through probabilistic program induction"), 20 people's drawings of each character;
- `quickdraw3.npz`: three kinds of doodles of Quick, Draw! (Ha and Eck 2017, "A neural representation of sketch
  drawings").

Characters that a person could read as a digit (o, l, z, ι, λ, ξ, ㄱ, …) are left out of both halves.
"""

from __future__ import annotations

import hashlib
import os
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, TypeAlias

import numpy as np
import numpy.typing as npt

from edgedigits.arrays import UInt8Array
from edgedigits.errors import InputError

Half: TypeAlias = Literal["training", "held_out"]

DRAWERS = 20
"""Drawings of each character of Omniglot, which lie one after the other."""


@dataclass(frozen=True)
class _Kind:
    """One alphabet, or one kind of doodles.

    Attributes:
        file: the data set's file.
        name: what the file calls it.
        half: what it is for.
        lookalikes: places in the alphabet, from 0, of the characters that could be read as digits.
    """

    file: str
    name: str
    half: Half
    lookalikes: frozenset[int] = frozenset()

    @property
    def title(self) -> str:
        return f"{'Omniglot' if self.file.startswith('omniglot') else 'Quick Draw'} {self.name.replace('_', ' ')}"


_OMNIGLOT = "omniglot_small1.npz"
_QUICK_DRAW = "quickdraw3.npz"
_KINDS = (
    # β γ δ ζ θ ι λ (as a 1 whose upstroke comes from the line) ξ ο σ
    _Kind(_OMNIGLOT, "Greek", "training", frozenset({1, 2, 3, 5, 7, 8, 10, 13, 14, 17})),
    # ㅣ ㄱ ㄹ ㅅ (as λ) ㅇ ㅋ (as a crossed 7)
    _Kind(_OMNIGLOT, "Korean", "training", frozenset({20, 21, 26, 30, 32, 36})),
    _Kind(_QUICK_DRAW, "cats", "training"),
    _Kind(_OMNIGLOT, "Balinese", "held_out", frozenset({4, 13})),
    _Kind(_OMNIGLOT, "Early_Aramaic", "held_out", frozenset({0, 1, 2, 3, 4, 5, 6, 9, 10, 11, 12, 13, 15, 16, 19})),
    # a (drawn like 9), b g i j l o q s y z
    _Kind(_OMNIGLOT, "Latin", "held_out", frozenset({0, 1, 6, 8, 9, 11, 14, 16, 18, 24, 25})),
    _Kind(_QUICK_DRAW, "rainbows", "held_out"),
    _Kind(_QUICK_DRAW, "trains", "held_out"),
)


def load_nondigits(half: Half, folder: Path | None = None) -> dict[str, UInt8Array]:
    """Return the drawings of one half, by kind.

    Args:
        half: "training", or "held_out" for those that must never be trained on.
        folder: where the files lie; `$EDGEDIGITS_DATA/nondigits` where None.

    Returns:
        For each kind, such as "Omniglot Greek", uint8 (N, S, S), 0 paper, 255 ink; S is 105 for Omniglot and 28 for
        Quick Draw. A file that is not there is left out: the mapping is empty where there is none.

    Raises:
        InputError: a file is damaged or not the expected one.

    Example:
        >>> sorted(load_nondigits("training", Path("nowhere")))
        []
    """
    files = {path.name: path for path in _files(folder)}
    arrays = {name: _read(path) for name, path in files.items()}
    return {
        kind.title: _select(arrays[kind.file], kind, files[kind.file])
        for kind in _KINDS
        if kind.half == half and kind.file in files
    }


def hash_nondigits(folder: Path | None = None) -> dict[str, str]:
    """Return the SHA-256 of each file that `load_nondigits` reads, by name; none of files that are not there.

    Args:
        folder: where the files lie; `$EDGEDIGITS_DATA/nondigits` where None.
    """
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in _files(folder)}


def _files(folder: Path | None) -> list[Path]:
    """Return those of the files that are there."""
    if folder is None:
        data = os.environ.get("EDGEDIGITS_DATA")
        if not data:
            return []
        folder = Path(data) / "nondigits"
    return [folder / name for name in (_OMNIGLOT, _QUICK_DRAW) if (folder / name).exists()]


def _read(path: Path) -> dict[str, npt.NDArray[np.generic]]:
    try:
        with np.load(path, allow_pickle=False) as arrays:
            return {name: arrays[name] for name in ("X", "y", "classes")}
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile) as error:
        raise InputError(f"{path} is damaged ({error}); replace it or remove it.") from None


def _select(arrays: Mapping[str, npt.NDArray[np.generic]], kind: _Kind, path: Path) -> UInt8Array:
    classes = arrays["classes"].tolist()
    if kind.name not in classes:
        raise InputError(f"{path} holds no {kind.name}, only {', '.join(classes)}; replace or remove it.")
    drawings = np.asarray(arrays["X"], np.uint8)[arrays["y"] == classes.index(kind.name)]
    if kind.file == _OMNIGLOT:
        drawings = 255 - drawings
    if kind.lookalikes:
        character = np.arange(len(drawings)) // DRAWERS
        drawings = drawings[~np.isin(character, sorted(kind.lookalikes))]
    return np.asarray(drawings, np.uint8)
