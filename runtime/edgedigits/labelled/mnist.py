"""Where MNIST lies on a machine. Nothing is downloaded here; `edgedigits train` does that."""

from __future__ import annotations

import os
from pathlib import Path

from edgedigits.errors import InputError

_FILE = "t10k-images-idx3-ubyte.gz"


def find_mnist() -> Path:
    """Return the folder with MNIST's four files, or the file mnist.npz that Keras keeps.

    It is looked for in `$EDGEDIGITS_DATA/mnist`, in the user's cache, where `edgedigits train` puts it, and in
    `~/.keras/datasets`.

    Raises:
        InputError: it is nowhere.
    """
    data = os.environ.get("EDGEDIGITS_DATA")
    cache = os.environ.get("XDG_CACHE_HOME")
    folders = [Path(data, "mnist")] if data else []
    folders.append((Path(cache) if cache else Path.home() / ".cache") / "edgedigits" / "mnist")
    for folder in folders:
        if (folder / _FILE).is_file():
            return folder
    keras = Path(os.environ.get("KERAS_HOME") or Path.home() / ".keras") / "datasets" / "mnist.npz"
    if keras.is_file():
        return keras
    raise InputError(
        "MNIST is not on this machine: run `edgedigits train --recipe quick` once, which downloads it, set"
        " EDGEDIGITS_DATA to the folder above mnist/, or name your own images with --evaluation and --calibration."
    )
