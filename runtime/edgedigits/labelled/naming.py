"""What the numbers in a file of labels stand for."""

from __future__ import annotations

import string
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from edgedigits.errors import InputError

_MERGED = string.digits + string.ascii_uppercase
_EMNIST = {
    "letters": ("", *string.ascii_uppercase),
    "balanced": tuple(_MERGED + "abdefghnqrt"),
    "bymerge": tuple(_MERGED + "abdefghnqrt"),
    "byclass": tuple(_MERGED + string.ascii_lowercase),
}
"""Labels of EMNIST's splits by number (Cohen et al. 2017, "EMNIST: an extension of MNIST to handwritten letters")."""


def name_labels(labels: npt.NDArray[Any], source: Path, names: Sequence[str] | None) -> npt.NDArray[np.str_]:
    """Return labels as names, str (N,).

    Args:
        labels: (N,) numbers or names, or (N, C) with a one at the place of the label.
        source: the file that they come from; EMNIST's splits are known by its name.
        names: what the numbers stand for, from 0 on, or from 1 on where there is no 0.

    Raises:
        InputError: there are more numbers than names, or something else than numbers and names.
    """
    if labels.ndim == 2 and labels.shape[1] > 1:
        labels = labels.argmax(axis=1)
    labels = labels.ravel()
    if labels.dtype.kind in "US":
        return labels.astype(np.str_)
    if labels.dtype.kind == "O":
        return np.array([str(label) for label in labels.tolist()], np.str_)
    if labels.dtype.kind not in "iufb" or (labels.dtype.kind == "f" and not np.array_equal(labels, labels.round())):
        raise InputError(f"{source} has labels that are neither numbers nor names ({labels.dtype}).")
    numbers = labels.astype(np.int64)
    known = next((table for split, table in _EMNIST.items() if _is_emnist(source, split)), None)
    if names is not None and not set(map(str, np.unique(numbers).tolist())) <= set(names):
        known = tuple(names) if numbers.min() == 0 or numbers.max() < len(names) else ("", *names)
    if known is None:
        return numbers.astype(np.str_)
    if numbers.min() < 0 or numbers.max() >= len(known):
        raise InputError(
            f"{source} has the label {numbers.max()}, and there are {len([n for n in known if n])} names: name them all"
            " with --labels, the first one for the lowest number."
        )
    return np.array(known, np.str_)[numbers]


def _is_emnist(source: Path, split: str) -> bool:
    name = source.name.lower()
    return "emnist" in name and split in name
