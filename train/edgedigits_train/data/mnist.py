"""MNIST: find it, download it where it is missing, and never use a file that is not the published one.

The four files are those of LeCun, Cortes and Burges (1998), "The MNIST database of handwritten digits": idx files,
gzipped. They are told by the SHA-256 of their decompressed content, because mirrors compress them differently.
"""

from __future__ import annotations

import gzip
import hashlib
import http.client
import os
import tempfile
import urllib.error
import urllib.request
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import numpy as np
import numpy.typing as npt

from edgedigits.errors import EdgeDigitsError, InputError

TRAIN_IMAGES = "train-images-idx3-ubyte"
TRAIN_LABELS = "train-labels-idx1-ubyte"
TEST_IMAGES = "t10k-images-idx3-ubyte"
TEST_LABELS = "t10k-labels-idx1-ubyte"

SHA256: Mapping[str, str] = {
    TRAIN_IMAGES: "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
    TRAIN_LABELS: "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
    TEST_IMAGES: "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
    TEST_LABELS: "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
}
"""SHA-256 of the decompressed files, by name without the `.gz`."""

MIRRORS: Sequence[str] = (
    "https://storage.googleapis.com/cvdf-datasets/mnist/",
    "https://ossci-datasets.s3.amazonaws.com/mnist/",
)
"""Folders on the web that hold the four files, tried in this order."""

_MOST_BYTES = 48 << 20
"""The largest of the four files has 47 MB when it is decompressed; more is not read, compressed or not."""

TIMEOUT = 15
"""Seconds without an answer after which a mirror is given up."""


class DataError(EdgeDigitsError):
    """Training data that is missing or cannot be had."""


@dataclass(frozen=True)
class Mnist:
    """The four arrays as published: images uint8 (N, 28, 28), 0 paper, 255 ink; labels uint8 (N,), 0 to 9."""

    train_images: npt.NDArray[np.uint8]
    train_labels: npt.NDArray[np.uint8]
    test_images: npt.NDArray[np.uint8]
    test_labels: npt.NDArray[np.uint8]


def cache_folder() -> Path:
    """Return the folder where downloads are kept: `$XDG_CACHE_HOME/edgedigits/mnist`, by default in ~/.cache."""
    base = os.environ.get("XDG_CACHE_HOME")
    return (Path(base) if base else Path.home() / ".cache") / "edgedigits" / "mnist"


def load(folder: Path | None = None, *, progress: bool = False, mirrors: Sequence[str] = MIRRORS) -> Mnist:
    """Return MNIST from `$EDGEDIGITS_DATA/mnist`, else from the user's cache, else from a mirror.

    Args:
        folder: looked into instead of `$EDGEDIGITS_DATA`.
        progress: show a bar on stderr while a file is downloaded.
        mirrors: URLs of folders to download from; each ends with a slash.

    Raises:
        InputError: a file in the folder's `mnist` is damaged.
        DataError: a file is nowhere, and no mirror gave it.

    Example:
        >>> load().train_images.shape
        (60000, 28, 28)
    """
    train_images, train_labels, test_images, test_labels = (
        _array(_content(name, folder, progress=progress, mirrors=mirrors))
        for name in (TRAIN_IMAGES, TRAIN_LABELS, TEST_IMAGES, TEST_LABELS)
    )
    return Mnist(train_images, train_labels, test_images, test_labels)


def _content(name: str, folder: Path | None, *, progress: bool, mirrors: Sequence[str]) -> bytes:
    """Return the verified, decompressed content of one of the four files."""
    data = folder or os.environ.get("EDGEDIGITS_DATA")
    if data and (given := Path(data, "mnist", f"{name}.gz")).exists():
        try:
            return _verified(given, name)
        except _DamagedError as error:
            raise InputError(f"{given} {error}; replace it by the published file or remove it.") from None

    cached = cache_folder() / f"{name}.gz"
    if cached.exists():
        try:
            return _verified(cached, name)
        except _DamagedError as error:
            damage = f"{cached} {error}, and "
    else:
        damage = ""
    failures = []
    for mirror in mirrors:
        try:
            return _download(mirror + cached.name, cached, name, progress=progress)
        except _DamagedError as error:
            failures.append(f"{mirror} sent a file that {error}")
        except (OSError, http.client.HTTPException) as error:
            failures.append(f"{mirror}: {getattr(error, 'reason', None) or error}")
    raise DataError(
        f"{damage}{cached.name} of MNIST could not be downloaded ({'; '.join(failures)}). Connect to the internet, or "
        "put the four .gz files of MNIST into a folder mnist and set EDGEDIGITS_DATA to the folder above it."
    )


class _DamagedError(Exception):
    """What is wrong with a file, as the end of a sentence that begins with its name."""


def _verified(path: Path, name: str) -> bytes:
    try:
        with gzip.open(path) as file:
            content = file.read(_MOST_BYTES + 1)
    except (EOFError, zlib.error, gzip.BadGzipFile):
        raise _DamagedError("is cut short or damaged: it does not decompress") from None
    except OSError as error:
        raise _DamagedError(f"cannot be read ({error.strerror})") from None
    if len(content) > _MOST_BYTES:
        raise _DamagedError(f"is not the published file: it decompresses to more than {_MOST_BYTES >> 20} MB")
    digest = hashlib.sha256(content).hexdigest()
    if digest != SHA256[name]:
        raise _DamagedError(
            f"is not the published file: the SHA-256 of its content begins with {digest[:12]} instead of "
            f"{SHA256[name][:12]}"
        )
    return content


def _download(url: str, target: Path, name: str, *, progress: bool) -> bytes:
    """Download into a temporary file, verify, and only then give it its name."""
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=target.parent, prefix=".download-") as folder:
        part = Path(folder, target.name)
        with urllib.request.urlopen(url, timeout=TIMEOUT) as response, part.open("wb") as file:
            total = int(response.headers.get("Content-Length") or 0)
            _copy(response, file, total, label=target.name, progress=progress)
        content = _verified(part, name)
        part.replace(target)
    return content


def _copy(source: IO[bytes], file: IO[bytes], total: int, *, label: str, progress: bool) -> None:
    from tqdm import tqdm

    with tqdm(desc=label, total=total or None, unit="B", unit_scale=True, disable=not progress) as bar:
        copied = 0
        while block := source.read(1 << 16):
            copied += len(block)
            if copied > _MOST_BYTES:
                raise _DamagedError(f"is not the published one: it has more than {_MOST_BYTES >> 20} MB")
            file.write(block)
            bar.update(len(block))


def _array(content: bytes) -> npt.NDArray[np.uint8]:
    """Read an idx file of bytes: two zero bytes, type 8 (uint8), number of axes, big-endian lengths, values."""
    axes = content[3]
    shape = np.frombuffer(content, ">i4", count=axes, offset=4)
    return np.frombuffer(content, np.uint8, offset=4 + 4 * axes).reshape(shape)
