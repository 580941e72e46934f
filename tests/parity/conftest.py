"""A quick training, its export, and the environment of tflite-runtime."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from unittest import mock

import pytest

from edgedigits.bundle import Bundle
from edgedigits_export.exporting import export_bundle
from edgedigits_export.formats import FORMATS
from tests.conftest import ROOT, mnist_folder

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")


@pytest.fixture(scope="session")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a quick training: on MNIST where it is here, else on synthetic digits."""
    from edgedigits_train import training
    from edgedigits_train.recipes import RECIPES

    out = tmp_path_factory.mktemp("quick") / "train"
    if mnist_folder() is not None:
        training.train(RECIPES["quick"], out)
        return out

    from edgedigits_train.datasets import Dataset, LabelledGlyphs
    from edgedigits_train.handwriting.glyphs import render_glyphs

    sizes = (10_000, 1_000, 10_000)
    parts = [LabelledGlyphs(*render_glyphs(count, seed)) for seed, count in enumerate(sizes)]
    dataset = Dataset("synthetic", {}, *parts)
    with mock.patch.object(training, "load_mnist", return_value=dataset):
        training.train(RECIPES["quick"], out)
    return out


@pytest.fixture(scope="session")
def bundle(trained: Path, tmp_path_factory: pytest.TempPathFactory) -> Bundle:
    """The export of `trained` in all formats."""
    return export_bundle(trained, tmp_path_factory.mktemp("exported") / "bundle", tuple(FORMATS.values()))


@pytest.fixture(scope="session")
def tflite_python() -> Path:
    """The Python of an environment with tflite-runtime, which does not go with what is installed here.

    `make test` makes it beforehand; without make it is made here, once.
    """
    made_by_make = ROOT / ".venv-tflite" / "bin" / "python"
    if (made_by_make.parent.parent / ".installed").exists():
        return made_by_make
    folder = ROOT / "build" / "venv-tflite"
    python = folder / "bin" / "python"
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
