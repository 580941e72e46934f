"""edgedigits is small and starts quickly, next to what it stands on."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from tests.conftest import ROOT

ONE_MEGABYTE = 1_000_000


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The runtime's wheel, built by nothing but `make wheel`'s command."""
    folder = tmp_path_factory.mktemp("wheel")
    source = folder / "checkout"
    source.mkdir()
    for name in ("Makefile", "runtime"):
        (source / name).symlink_to(ROOT / name)
    subprocess.run(["make", "wheel", f"PYTHON={sys.executable}"], check=True, cwd=source, capture_output=True)
    assert not (source / ".venv").exists(), "a wheel needs no environment for training"
    (built,) = (source / "dist").glob("*.whl")
    return built


def test_the_wheel_with_its_model_is_small(wheel: Path) -> None:
    assert wheel.stat().st_size <= ONE_MEGABYTE
    with zipfile.ZipFile(wheel) as content:
        names = set(content.namelist())
    assert {"edgedigits/bundled/manifest.json", "edgedigits/proof/photo.jpeg", "edgedigits/proof/glyphs.npz"} <= names


def test_importing_it_loads_nothing_large() -> None:
    code = "import sys, edgedigits; print(sorted({'numpy', 'cv2', 'onnxruntime', 'click'} & set(sys.modules)))"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout == "[]\n"


def test_all_of_its_names_can_be_had() -> None:
    code = "import edgedigits; print([getattr(edgedigits, name).__name__ for name in edgedigits.__all__])"
    code += "; assert set(edgedigits.__all__) <= set(dir(edgedigits)); print(edgedigits.__version__)"
    subprocess.run([sys.executable, "-c", code], check=True)
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        __import__("edgedigits").nothing  # noqa: B018
