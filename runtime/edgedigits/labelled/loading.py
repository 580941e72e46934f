"""Loading: whatever form a user's labelled images have, to examples."""

from __future__ import annotations

import zipfile
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from edgedigits.errors import InputError
from edgedigits.labelled.examples import Examples
from edgedigits.labelled.idx import IdxPair, is_idx, pair_of, pairs_in, read_idx
from edgedigits.labelled.naming import name_labels
from edgedigits.labelled.orientation import are_transposed
from edgedigits.labelled.pictures import (
    TABLE,
    GlyphFinder,
    Picture,
    SeveralDigitsError,
    from_folders,
    from_table,
)

ALL, TRAINING, TEST = "all", "training", "test"
"""Names of parts: a source has either all in one, or one for each."""

_PARTS = {"train": TRAINING, "training": TRAINING, "test": TEST, "testing": TEST}
_ARRAYS = (("X", "y"), ("x", "y"), ("glyphs", "labels"), ("images", "labels"), ("data", "labels"), ("data", "target"))
_SPLIT_ARRAYS = ({TRAINING: ("x_train", "y_train"), TEST: ("x_test", "y_test")},)
_FORMS = (
    "a folder with sub-folders named after labels or a labels.csv, an .npz file with X and y, or idx files as MNIST's"
)


def load_examples(path: Path, *, labels: Sequence[str] | None = None) -> Mapping[str, Examples]:
    """Return the labelled images at a path, of which `Examples.glyphs` is what the runtime would show to a model.

    Args:
        path: a folder with sub-folders named after labels, or with a labels.csv, or with idx files; an .npz file; or an
            idx file of images, beside which lies that of their labels.
        labels: what the numbers in npz and idx files stand for, the lowest first; None for the numbers themselves, and
            for EMNIST's letters where the files are named so.

    Returns:
        The parts: `TRAINING` and `TEST` where the source has both, or else `ALL`.

    Raises:
        InputError: there is nothing at the path, or something else.

    Example:
        >>> load_examples(Path("my-digits"))["all"].classes[:3]
        ('0', '1', '2')
    """
    if path.is_dir():
        parts = _from_folder(path, labels)
    elif not path.exists():
        raise InputError(f"{path} does not exist; name {_FORMS}.")
    elif path.suffix.lower() == ".npz":
        parts = _from_npz(path, labels)
    elif is_idx(path):
        parts = {ALL: _from_idx(pair_of(path), labels)}
    elif path.name == TABLE:
        parts = {ALL: _from_pictures(from_table(path), path.parent)}
    else:
        raise InputError(f"{path} is none of what can be read: {_FORMS}.")
    for examples in parts.values():
        if not len(examples):
            raise InputError(f"{path} holds no labelled pictures; name {_FORMS}.")
    return parts


def _from_folder(folder: Path, labels: Sequence[str] | None) -> dict[str, Examples]:
    if (folder / TABLE).is_file():
        return {ALL: _from_pictures(from_table(folder / TABLE), folder)}
    pairs = list(pairs_in(folder))
    if pairs:
        parts: dict[str, Examples] = {}
        for pair in pairs:
            name = pair.images.name.lower()
            part = TEST if "test" in name or "t10k" in name else TRAINING if "train" in name else ALL
            if part in parts:
                raise InputError(f"{folder} holds several sets of idx files; name one of them: {pair.images.name}.")
            parts[part] = _from_idx(pair, labels)
        return parts if set(parts) == {TRAINING, TEST} else {ALL: next(iter(parts.values()))}
    below = {path.name.lower(): path for path in folder.iterdir() if path.is_dir() and not path.name.startswith(".")}
    if {_PARTS.get(name) for name in below} == {TRAINING, TEST}:
        return {_PARTS[name]: _from_pictures(from_folders(path), path) for name, path in below.items()}
    return {ALL: _from_pictures(from_folders(folder), folder)}


def _from_pictures(pictures: Iterable[Picture], folder: Path) -> Examples:
    finder = GlyphFinder()
    chosen, glyphs, skipped = [], [], 0
    for picture in pictures:
        if not picture.label:
            skipped += 1
            continue
        try:
            glyphs.append(finder.glyph(picture.path))
        except SeveralDigitsError:
            skipped += 1
            continue
        chosen.append(picture)
    writers = np.array([picture.writer for picture in chosen], np.str_)
    return Examples(
        np.array(glyphs, np.uint8).reshape(-1, 28, 28, 1),
        np.array([picture.label for picture in chosen], np.str_),
        np.array([picture.path.relative_to(folder).as_posix() for picture in chosen], np.str_),
        writers if len(writers) and all(writers) else None,
        skipped=skipped,
        are_glyphs=True,
    )


def _from_idx(pair: IdxPair, names: Sequence[str] | None) -> Examples:
    labels = read_idx(pair.labels)
    # QMNIST's labels have eight columns: the digit, its series, and its writer are the first three
    writers = labels[:, 2].astype(np.str_) if labels.ndim == 2 and labels.shape[1] == 8 else None
    classes = labels[:, 0] if writers is not None else labels
    return _from_arrays(read_idx(pair.images), classes, pair.images, names, writers)


def _from_npz(path: Path, names: Sequence[str] | None) -> dict[str, Examples]:
    try:
        with np.load(path) as file:
            arrays = {name: file[name] for name in file.files}
    except OSError as error:
        raise InputError(f"{path} cannot be read ({error.strerror or 'it is no npz file'}).") from error
    except (EOFError, ValueError, zipfile.BadZipFile) as error:
        raise InputError(f"{path} is damaged, or holds objects instead of arrays ({error}).") from error
    for parts in _SPLIT_ARRAYS:
        if all(name in arrays for pair in parts.values() for name in pair):
            return {part: _from_arrays(arrays[x], arrays[y], path, names) for part, (x, y) in parts.items()}
    for images, labels in _ARRAYS:
        if images in arrays and labels in arrays:
            return {ALL: _from_arrays(arrays[images], arrays[labels], path, names, arrays.get("writers"))}
    raise InputError(
        f"{path} has the arrays {', '.join(arrays) or 'none'}; call the images X and their labels y (or x_train,"
        " y_train, x_test, y_test)."
    )


def _from_arrays(
    images: npt.NDArray[Any],
    labels: npt.NDArray[Any],
    path: Path,
    names: Sequence[str] | None,
    writers: npt.NDArray[Any] | None = None,
) -> Examples:
    images = _as_images(images, path)
    if len(images) != len(labels):
        raise InputError(f"{path} has {len(images):,} images and {len(labels):,} labels.")
    transposed = are_transposed(images)
    if transposed:
        images = images.transpose(0, 2, 1)
    return Examples(
        images,
        name_labels(labels, path, names),
        np.char.add(f"{path.name} ", np.arange(len(images)).astype(np.str_)),
        None if writers is None else writers.astype(np.str_),
        transposed=transposed,
    )


def _as_images(images: npt.NDArray[Any], path: Path) -> npt.NDArray[np.uint8]:
    """Return images as uint8 (N, H, W), 0 to 255; values of 0 to 1, and rows of a square's pixels, are told by sight.

    Raises:
        InputError: they are something else.
    """
    side = round(float(np.sqrt(images.shape[1]))) if images.ndim == 2 else 0
    if images.ndim == 2 and side * side == images.shape[1]:
        images = images.reshape(-1, side, side)
    if images.ndim == 4 and 1 in (images.shape[1], images.shape[3]):
        images = images[:, 0] if images.shape[1] == 1 else images[..., 0]
    if images.ndim != 3 or images.dtype.kind not in "uifb" or not images.size:
        raise InputError(
            f"{path} holds {images.dtype} of shape {images.shape}; images are numbers of shape (N, height, width)."
        )
    least, most = float(images.min()), float(images.max())
    if not np.isfinite([least, most]).all() or least < -1.01 or most > 255:
        raise InputError(f"{path} has pixels from {least:g} to {most:g}; store them as 0 to 255, or as 0 to 1.")
    if images.dtype.kind == "f" or most <= 1:
        if least < 0:
            images = (images.astype(np.float32) + 1) / 2
            most = (most + 1) / 2
        if most <= 1:
            images = images.astype(np.float32) * 255
        images = np.rint(images)
    return np.asarray(images, np.uint8)
