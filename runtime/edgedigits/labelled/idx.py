"""Idx files, as MNIST is published: https://yann.lecun.org/exdb/mnist describes the form."""

from __future__ import annotations

import gzip
import re
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from edgedigits.errors import InputError

_IMAGES = re.compile(r"(?P<stem>.+?)[-_.]images?[-_.]?(?:idx3[-_.]ubyte)?(?:\.gz)?$", re.IGNORECASE)
_KINDS = {0x08: "u1", 0x09: "i1", 0x0B: ">i2", 0x0C: ">i4", 0x0D: ">f4", 0x0E: ">f8"}

_MOST_BYTES = 1 << 30
"""Bytes that an array may have; that of the largest set of this form, EMNIST's, has half of them."""


class IdxPair(NamedTuple):
    """A file of images and the file of their labels."""

    images: Path
    labels: Path


def read_idx(path: Path) -> npt.NDArray[np.generic]:
    """Return the array in an idx file, which may be compressed with gzip.

    Raises:
        InputError: it cannot be read, is damaged, or is no such file.
    """
    try:
        with path.open("rb") as file:
            packed = file.read(2) == b"\x1f\x8b"
        with gzip.open(path) if packed else path.open("rb") as file:
            head = file.read(4)
            if len(head) < 4 or head[:2] != b"\0\0" or head[2] not in _KINDS or not 1 <= head[3] <= 4:
                raise InputError(f"{path} is no idx file: it does not begin as MNIST's do.")
            kind, axes = np.dtype(_KINDS[head[2]]), head[3]
            lengths = file.read(4 * axes)
            shape = np.frombuffer(lengths, ">u4").tolist() if len(lengths) == 4 * axes else [0]
            size = int(np.prod(shape, dtype=object)) * kind.itemsize
            if size > _MOST_BYTES:
                raise InputError(f"{path} says that it holds {size:,} bytes, more than a data set has; copy it again.")
            content = file.read(size + 1)  # not all that is there: a bomb has no end
    except (EOFError, zlib.error, gzip.BadGzipFile):
        raise InputError(f"{path} is cut short or damaged: it does not decompress; copy it again.") from None
    except OSError as error:
        raise InputError(f"{path} cannot be read ({error.strerror}).") from error
    if size != len(content):
        there = f"{len(content):,}" if len(content) < size else "more"
        raise InputError(f"{path} is cut short or damaged: it has {there} bytes of values, its header says {size:,}.")
    return np.frombuffer(content, kind).reshape(shape)


def is_idx(path: Path) -> bool:
    """Return whether a file is named as idx files of images are."""
    return "idx3" in path.name.lower()


def pair_of(images: Path) -> IdxPair:
    """Return a file of images with the file of labels that lies beside it.

    Raises:
        InputError: there is none.
    """
    stem = _stem(images)
    for candidate in sorted(images.parent.iterdir()):
        name = candidate.name.lower()
        if "labels" in name and "idx" in name and name.startswith(stem):
            return IdxPair(images, candidate)
    expected = images.name.replace("images", "labels").replace("idx3", "idx1")
    raise InputError(f"There is no file with the labels of {images}: put {expected} beside it.")


def pairs_in(folder: Path) -> Iterator[IdxPair]:
    """Yield the pairs of files in a folder."""
    for path in sorted(folder.iterdir()):
        if path.is_file() and is_idx(path):
            yield pair_of(path)


def _stem(images: Path) -> str:
    found = _IMAGES.match(images.name)
    return (found["stem"] if found else images.name.split("idx3")[0]).lower()
