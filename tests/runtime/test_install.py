"""The runtime alone, in a fresh environment: no TensorFlow, and it reads at once."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import cv2
import pytest

from tests.conftest import ROOT, LabelledGlyphs

NOT_WANTED = {"tensorflow", "tensorflow-cpu", "keras", "onnx", "tf2onnx", "matplotlib", "edgedigits-train"}


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The bin folder of a new environment into which only ./runtime was installed, as a user installs it."""
    folder = tmp_path_factory.mktemp("runtime-only")
    subprocess.run([sys.executable, "-m", "venv", folder], check=True)
    subprocess.run([folder / "bin" / "pip", "install", "--quiet", ROOT / "runtime"], check=True, cwd=folder)
    return folder / "bin"


def test_nothing_of_training_is_installed(environment: Path) -> None:
    listed = subprocess.run(
        [environment / "pip", "list", "--format", "json"], capture_output=True, text=True, check=True
    )
    assert not NOT_WANTED & {row["name"].lower() for row in json.loads(listed.stdout)}


def test_a_folder_of_digits_is_read(environment: Path, tmp_path: Path, mnist_test: LabelledGlyphs) -> None:
    for i in range(200):
        cv2.imwrite(str(tmp_path / f"{i:03}-{mnist_test.labels[i]}.png"), mnist_test.images[i])
    run = subprocess.run(
        [environment / "edgedigits", "predict", tmp_path, "--format", "jsonl"],
        capture_output=True,
        text=True,
        check=False,
        cwd=tmp_path,
    )
    rows = [json.loads(line) for line in run.stdout.splitlines()]
    assert len(rows) == 200
    right = sum(row["text"] == Path(row["path"]).stem.split("-")[1] for row in rows)
    assert right >= 190
    assert run.returncode in (0, 3)
    assert run.stderr == ""


@pytest.mark.parametrize("part", ["train", "export"])
def test_a_missing_part_explains_itself(environment: Path, part: str, tmp_path: Path) -> None:
    help_text = subprocess.run([environment / "edgedigits", "--help"], capture_output=True, text=True, check=True)
    assert f"pip install edgedigits-{part}" in " ".join(help_text.stdout.split())
    run = subprocess.run(
        [environment / "edgedigits", part, "--out", "x"], capture_output=True, text=True, check=False, cwd=tmp_path
    )
    assert run.returncode == 2
    assert f"pip install edgedigits-{part}" in run.stderr
    assert "Traceback" not in run.stderr


def test_doctor_tells_what_is_here(environment: Path, tmp_path: Path) -> None:
    run = subprocess.run([environment / "edgedigits", "doctor"], capture_output=True, text=True, check=False)
    assert run.returncode == 0
    assert "ONNX Runtime" in run.stdout
    assert "tflite_runtime  not installed" in run.stdout
    assert "It reads." in run.stdout
