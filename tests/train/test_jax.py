"""The whole of training runs on JAX where there is no TensorFlow, and what it leaves is exported where there is."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import ROOT

FOLDER = ROOT / "build" / "venv-jax"
PINNED = ROOT / "constraints" / "jax.txt"

SCRIPT = """
import sys
from dataclasses import replace
from pathlib import Path
from edgedigits_train.recipes import RECIPES, Additions, Distillation
from edgedigits_train.training import train

if __name__ == "__main__":
    pupil = replace(
        RECIPES["quick"], name="best", training_images=6_000, additions=Additions(captured=500, outliers=1_000)
    )
    generalist = replace(pupil, name="teacher", epochs=5)
    teachers = (generalist, replace(generalist, additions=Additions()))
    train(replace(pupil, distillation=Distillation(teachers, views=2)), Path(sys.argv[1]))
    assert "tensorflow" not in sys.modules
"""


@pytest.fixture(scope="module")
def jax_python() -> Path:
    """The Python of an environment with JAX and without TensorFlow, made as docs/training.md says."""
    python = FOLDER / "bin" / "python"
    stamp = FOLDER / ".installed"
    if not stamp.exists() or stamp.read_text() != PINNED.read_text():
        _make_environment(python)
        stamp.write_text(PINNED.read_text())
    return python


def _make_environment(python: Path) -> None:
    if not (3, 11) <= sys.version_info[:2] <= (3, 13):
        pytest.skip("the versions of constraints/jax.txt are for Python 3.11 to 3.13")
    shutil.rmtree(FOLDER, ignore_errors=True)
    install = [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    for command in (
        [sys.executable, "-m", "venv", FOLDER],
        [*install, "--editable", ROOT / "runtime", "jax", "keras", "matplotlib", "tqdm"],
        [*install, "--no-deps", "--editable", ROOT / "train"],
    ):
        made = subprocess.run(
            command, env={**os.environ, "PIP_CONSTRAINT": str(PINNED)}, capture_output=True, text=True, check=False
        )
        if made.returncode:
            pytest.skip(f"an environment with JAX cannot be made here: {made.stderr.strip().splitlines()[-1]}")


@pytest.mark.slow
def test_best_is_trained_by_jax_alone_and_exported_here(jax_python: Path, tmp_path: Path) -> None:
    script, out, bundle = tmp_path / "script.py", tmp_path / "train", tmp_path / "bundle"
    script.write_text(SCRIPT)
    without_tensorflow = subprocess.run([jax_python, "-c", "import tensorflow"], capture_output=True, check=False)
    assert without_tensorflow.returncode
    subprocess.run([jax_python, script, out], env={**os.environ, "KERAS_BACKEND": "jax"}, check=True)
    metrics = json.loads((out / "metrics.json").read_text())
    assert "jax" in metrics["versions"]
    assert metrics["test"]["accuracy"] > 0.95
    # every file answers as Keras does, and as accurately, or the command fails
    subprocess.run(
        [sys.executable, "-m", "edgedigits", "export", "--from", out, "--out", bundle, "--formats", "all"], check=True
    )
    published = json.loads((bundle / "manifest.json").read_text())
    assert len(published["files"]) >= 7
