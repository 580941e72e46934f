"""`edgedigits doctor` says yes only where reading works, and says what mends the rest."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from edgedigits.bundle import BUNDLED, Bundle
from edgedigits.diagnosis import Grade, cameras
from edgedigits.diagnosis.packages import examine_packages
from edgedigits.proof import PHOTO_TEXT, prove_bundle


def doctor(*arguments: str, python_path: Path | None = None) -> subprocess.CompletedProcess[str]:
    paths = [str(python_path)] if python_path else []
    paths += [os.environ["PYTHONPATH"]] if "PYTHONPATH" in os.environ else []
    return subprocess.run(
        [sys.executable, "-m", "edgedigits", "doctor", *arguments],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(paths)},
    )


def write_module(folder: Path, name: str, code: str) -> Path:
    """Write a module that is imported instead of an installed one."""
    package = folder / name
    package.mkdir()
    (package / "__init__.py").write_text(code)
    return folder


def engines_of(run: subprocess.CompletedProcess[str]) -> dict[str, dict[str, Any]]:
    return {f"{row['engine']} {row['format']}".strip(): row for row in json.loads(run.stdout)["engines"]}


def test_it_proves_that_this_machine_reads() -> None:
    run = doctor("--json")
    told = json.loads(run.stdout)
    assert run.returncode == 0
    assert run.stderr == ""
    assert told["reads"] is True
    assert told["photo"]["text"] == told["photo"]["expected"] == PHOTO_TEXT
    sound = engines_of(run)
    for pair in ("onnxruntime onnx-int8", "litert tflite-int8", "opencv onnx-float32"):
        assert sound[pair]["sound"], sound[pair]
        assert sound[pair]["right"] == 1
        assert sound[pair]["milliseconds"] > 0
    assert f"{told['recommended']['engine']} {told['recommended']['format']}" in sound


def test_without_opencv_it_says_no_and_how_to_mend_it(tmp_path: Path) -> None:
    path = write_module(tmp_path, "cv2", "raise ModuleNotFoundError(\"No module named 'cv2'\", name='cv2')")
    run = doctor(python_path=path)
    assert run.returncode == 1
    assert "FAULT OpenCV" in run.stdout
    assert re.search("→ .*pip install opencv-python-headless", run.stdout)
    assert "It does not read" in run.stdout
    assert "Traceback" not in run.stdout + run.stderr

    predict = subprocess.run(
        [sys.executable, "-m", "edgedigits", "predict", str(BUNDLED.parent / "proof" / "photo.jpeg")],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PYTHONPATH": str(path)},
    )
    assert predict.returncode == 1
    assert predict.stderr == (
        "Error: OpenCV cannot be imported, and nothing is read without it: pip install opencv-python-headless\n"
    )


def test_an_engine_that_was_built_for_another_processor_does_not_end_doctor(tmp_path: Path) -> None:
    """As onnxruntime 1.21.0 dies on a Raspberry Pi 4."""
    path = write_module(tmp_path, "onnxruntime", "import os, signal\nos.kill(os.getpid(), signal.SIGILL)")
    run = doctor("--json", python_path=path)
    told = json.loads(run.stdout)
    assert run.returncode == 1
    assert "SIGILL" in engines_of(run)["onnxruntime"]["fault"]
    assert "SIGILL" in told["photo"]["failure"]
    assert any(finding["mend"].endswith("pip uninstall -y onnxruntime") for finding in told["findings"])
    assert engines_of(run)["litert tflite-int8"]["sound"]


@pytest.mark.parametrize(
    ("answer", "fault"), [("numpy.roll(logits, 1, 1)", "golden glyphs right"), ("logits * 0.2", "probabilities differ")]
)
def test_an_engine_that_answers_wrongly_is_found(
    answer: str, fault: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    code = f"""
import numpy
from edgedigits.engines import tflite
run = tflite.TFLiteSession.__call__
def wrong(self, glyphs):
    logits = run(self, glyphs)
    return {answer}
tflite.TFLiteSession.__call__ = wrong
"""
    (tmp_path / "sitecustomize.py").write_text(code)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    proofs = prove_bundle(BUNDLED, Bundle.load().manifest, ["onnxruntime", "litert"])
    faults = {proof.replay.format: proof.fault for proof in proofs}
    assert fault in faults["tflite-int8"]
    assert faults["onnx-int8"] == faults["onnx-float32"] == ""


def test_a_file_that_was_copied_in_part_is_a_fault(tmp_path: Path) -> None:
    bundle = tmp_path / "bundle"
    shutil.copytree(BUNDLED, bundle)
    for file in bundle.glob("*.onnx"):
        file.write_bytes(file.read_bytes()[:-100])
    proofs = prove_bundle(bundle, Bundle.load().manifest, ["onnxruntime"])
    assert ["SHA-256" in proof.fault for proof in proofs] == [True, True]


def test_two_builds_of_opencv_are_noticed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("opencv_python", "opencv_python_headless"):
        folder = tmp_path / f"{name}-4.10.0.dist-info"
        folder.mkdir()
        (folder / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name.replace('_', '-')}\nVersion: 4.10.0\n")
    monkeypatch.syspath_prepend(tmp_path)
    *_, finding = examine_packages()
    assert finding.grade is Grade.WARNING
    assert finding.text.startswith("opencv-python and opencv-python-headless overwrite each other's files")
    assert finding.mend.startswith("pip uninstall -y opencv-python opencv-python-headless && pip install")


def test_cameras_are_told_with_what_keeps_one_from_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cameras, "_DEVICES", tmp_path)
    monkeypatch.setattr(cameras, "_NAMES", tmp_path / "names")
    assert [finding.topic for finding in cameras.examine_cameras()] == ["camera"]
    for number, name in enumerate(["USB Camera", "unicam-image"]):
        (tmp_path / f"video{number}").touch()
        (tmp_path / "names" / f"video{number}").mkdir(parents=True)
        (tmp_path / "names" / f"video{number}" / "name").write_text(f"{name}\n")
    with (tmp_path / "video0").open():
        usb, ribbon = cameras.examine_cameras()
    assert f"video0 (USB Camera) is in use by {Path('/proc/self/comm').read_text().strip()}" in usb.text
    assert "picamera2" in ribbon.text
    assert ribbon.mend == "./install.sh --picamera2"
