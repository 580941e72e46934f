"""What the tests of several parts share: the data, a quick training and its export, the bundled model."""

from __future__ import annotations

import gzip
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pytest

from edgedigits import Reader
from edgedigits.bundle import Bundle

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

# what commands show on a terminal is tested on one of the tests' own, whatever that of CI can or wants
os.environ["TERM"] = "xterm"
for name in ("NO_COLOR", "FORCE_COLOR"):
    os.environ.pop(name, None)

# a script that starts pytest with "&" lets it ignore Ctrl-C, and with it every command that the tests interrupt
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

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


class Shared:
    """What the test processes of one run make once and all use; each of them would take minutes over it.

    Args:
        folder: where it lies, the same for all of them.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def folder(self, name: str, make: Callable[[Path], object]) -> Path:
        """Return a folder that `make` filled, in this process or in another one; the others wait for it."""
        folder = self._folder / name
        with locked(self._folder / f"{name}.lock"):
            if not folder.exists():
                unfinished = self._folder / f"{name}.unfinished"
                shutil.rmtree(unfinished, ignore_errors=True)
                unfinished.mkdir()
                make(unfinished)
                unfinished.rename(folder)
        return folder


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Let one process at a time pass, where the system can lock files."""
    try:
        import fcntl
    except ImportError:  # Windows, where the tests run in one process
        yield
        return
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


@pytest.fixture(scope="session")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Shared:
    """What the test processes share: pytest-xdist gives each a temporary folder within that of the run."""
    own = tmp_path_factory.getbasetemp()
    return Shared(own.parent if "PYTEST_XDIST_WORKER" in os.environ else own)


@pytest.fixture(scope="session")
def trained(shared: Shared) -> Path:
    """The folder of a quick training: on MNIST where it can be had, else on synthetic digits."""
    from edgedigits_train.recipes import RECIPES
    from edgedigits_train.training import train

    return shared.folder("quick", lambda folder: train(RECIPES["quick"], folder / "train")) / "train"


@pytest.fixture(scope="session")
def bundle(trained: Path, shared: Shared) -> Bundle:
    """The export of `trained` in all formats."""
    from edgedigits_export.convert.formats import FORMATS
    from edgedigits_export.exporting import export_bundle
    from edgedigits_export.options import ExportOptions

    made = shared.folder(
        "exported", lambda folder: export_bundle(trained, folder / "bundle", ExportOptions(tuple(FORMATS.values())))
    )
    return Bundle.load(made / "bundle")


@pytest.fixture(scope="session")
def tflite_python() -> Path:
    """The Python of an environment with tflite-runtime, which does not go with what is installed here.

    `make test` makes it beforehand; without make it is made here, once.
    """
    made_by_make = ROOT / ".venv-tflite" / "bin" / "python"
    if (made_by_make.parent.parent / ".installed").exists():
        return made_by_make
    folder = ROOT / "build" / "venv-tflite"
    folder.parent.mkdir(exist_ok=True)
    python = folder / "bin" / "python"
    with locked(folder.parent / "venv-tflite.lock"):
        if not (folder / ".installed").exists():
            _make_tflite_environment(folder)
    return python


def _make_tflite_environment(folder: Path) -> None:
    base = next(_old_pythons(), None)
    if base is None:
        pytest.skip("tflite-runtime's wheels end at Python 3.11, and no Python 3.10 or 3.11 is here")
    shutil.rmtree(folder, ignore_errors=True)
    subprocess.run([base, "-m", "venv", str(folder)], check=True)
    installed = subprocess.run(
        [str(folder / "bin" / "pip"), "install", "--quiet", "--editable", f"{ROOT / 'runtime'}[tflite]"],
        env={**os.environ, "PIP_CONSTRAINT": str(ROOT / "constraints" / "tflite.txt")},
        capture_output=True,
        text=True,
        check=False,
    )
    if installed.returncode:
        pytest.skip(f"tflite-runtime cannot be installed here: {installed.stderr.strip().splitlines()[-1]}")
    (folder / ".installed").touch()


def _old_pythons() -> Iterator[str]:
    """Yield the interpreters here that tflite-runtime has wheels for."""
    for name in (sys.executable, "python3.11", "python3.10"):
        check = "import sys, venv; sys.exit(not (3, 10) <= sys.version_info[:2] <= (3, 11))"
        if shutil.which(name) and subprocess.run([name, "-c", check], capture_output=True, check=False).returncode == 0:
            yield name
