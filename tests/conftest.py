"""What the tests of several parts share: the data, a quick training and its export, the bundled model."""

from __future__ import annotations

import gzip
import os
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pytest

from edgedigits import Reader

ROOT = Path(__file__).parent.parent


class LabelledGlyphs(NamedTuple):
    """Glyphs uint8 (N, 28, 28) and what they show, uint8 (N,)."""

    images: npt.NDArray[np.uint8]
    labels: npt.NDArray[np.uint8]


def mnist_folder() -> Path | None:
    """Return the folder with the four MNIST files, if this machine has one."""
    places = [Path(os.environ["EDGEDIGITS_DATA"]) / "mnist"] if os.environ.get("EDGEDIGITS_DATA") else []
    places.append(Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "edgedigits" / "mnist")
    return next((place for place in places if (place / "t10k-images-idx3-ubyte.gz").exists()), None)


@pytest.fixture(scope="session")
def mnist_test() -> LabelledGlyphs:
    """The 10,000 test images of MNIST."""
    folder = mnist_folder()
    if folder is None:
        pytest.skip("MNIST is not here: set EDGEDIGITS_DATA to a folder that holds mnist/, or run `make train` once")
    images = np.frombuffer(gzip.decompress((folder / "t10k-images-idx3-ubyte.gz").read_bytes()), np.uint8, offset=16)
    labels = np.frombuffer(gzip.decompress((folder / "t10k-labels-idx1-ubyte.gz").read_bytes()), np.uint8, offset=8)
    return LabelledGlyphs(images.reshape(-1, 28, 28), labels)


@pytest.fixture(scope="session")
def reader() -> Reader:
    """The bundled model on the best engine of this machine."""
    return Reader()
