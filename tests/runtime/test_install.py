"""The runtime alone, in a fresh environment: no TensorFlow, and it reads at once."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import cv2
import pytest

from tests.conftest import ROOT, LabelledGlyphs

NOT_WANTED = {"tensorflow", "tensorflow-cpu", "keras", "onnx", "tf2onnx", "matplotlib", "edgedigits-train"}


@pytest.fixture(scope="module")
def prefix(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where install.sh of a checkout without a wheel put the runtime, as for a user."""
    folder = tmp_path_factory.mktemp("runtime-only")
    checkout = folder / "checkout"
    checkout.mkdir()
    for name in ("install.sh", "runtime"):
        (checkout / name).symlink_to(ROOT / name)
    run = run_script(checkout / "install.sh", "--prefix", folder / "installed")
    assert run.returncode == 0, run.stdout + run.stderr
    assert "ONNX Runtime will read" in run.stdout
    assert "It reads." in run.stdout
    return folder / "installed"


@pytest.fixture(scope="module")
def environment(prefix: Path) -> Path:
    """The bin folder of the installed environment."""
    return prefix / "current" / "bin"


def run_script(script: Path, *arguments: str | Path, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["bash", script, *arguments],
        capture_output=True,
        text=True,
        check=False,
        cwd=script.parent,
        env={**os.environ, "PYTHON": sys.executable, **environment},
    )


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


def test_doctor_tells_what_is_here(environment: Path) -> None:
    run = subprocess.run([environment / "edgedigits", "doctor"], capture_output=True, text=True, check=False)
    assert run.returncode == 0
    assert "tflite_runtime  not installed" in run.stdout
    assert f"→ {environment.resolve().parent}/bin/pip install" in run.stdout, "the command mends this environment"
    assert "It reads." in run.stdout


def test_the_command_leads_to_the_version_in_use(prefix: Path) -> None:
    command = prefix / "bin" / "edgedigits"
    assert command.is_symlink()
    run = subprocess.run([command, "--version"], capture_output=True, text=True, check=True)
    assert "version" in run.stdout


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["--wheel"], "--wheel needs a name after it"),
        (["--wheel", "none.whl"], "--wheel none.whl does not exist"),
        (["--bundle", "nowhere"], "--bundle nowhere is no bundle"),
        (["--frobnicate"], "there is no option --frobnicate"),
    ],
)
def test_what_cannot_be_installed_is_refused_in_a_line(arguments: list[str], complaint: str, tmp_path: Path) -> None:
    run = run_script(ROOT / "install.sh", *arguments, "--prefix", tmp_path / "x")
    assert run.returncode == 2
    assert run.stderr.startswith("Error: ")
    assert run.stderr.count("\n") == 1
    assert complaint in run.stderr
    assert not (tmp_path / "x").exists()


def test_a_package_that_apt_does_not_have_is_named_with_what_to_do(tmp_path: Path) -> None:
    """The package manager is a stand-in: this machine is to stay as it is."""
    programs = tmp_path / "programs"
    programs.mkdir()
    for name, lines in {
        "apt-get": 'echo "$@" >> asked; [ "$1" = update ] && { echo "W: no such host"; exit 100; }\n'
        'echo "E: Unable to locate package python3-picamera2" >&2; exit 100\n',
        "sudo": 'exec "$@"\n',
        "dpkg-query": "exit 1\n",
    }.items():
        (programs / name).write_text(f"#!/bin/sh\ncd {tmp_path}\n{lines}")
        (programs / name).chmod(0o755)
    path = f"{programs}:{os.environ['PATH']}"
    run = run_script(ROOT / "install.sh", "--picamera2", "--prefix", tmp_path / "x", PATH=path)
    assert run.returncode == 1
    assert "Unable to locate package" in run.stderr
    assert "Error: apt-get cannot install python3-picamera2 (see above); try it: sudo apt-get" in run.stderr
    update, install = (tmp_path / "asked").read_text().splitlines()
    assert update == "update -qq", "a source that fails need not be the package's"
    assert install.endswith("--no-install-recommends python3-picamera2")
    assert not (tmp_path / "x").exists()


def test_a_version_that_does_not_read_is_not_switched_to(prefix: Path, tmp_path: Path) -> None:
    before = (prefix / "current").readlink()
    (tmp_path / "cv2").mkdir()
    (tmp_path / "cv2" / "__init__.py").write_text("raise ImportError('libGL.so.1 is missing', name='cv2')")
    checkout = prefix.parent / "checkout"
    run = run_script(checkout / "install.sh", "--prefix", prefix, PYTHONPATH=str(tmp_path))
    assert run.returncode == 1
    assert "the one that was installed stays" in run.stderr
    assert (prefix / "current").readlink() == before
    assert [path.name for path in (prefix / "versions").iterdir()] == [before.name]


def test_uninstalling_removes_what_was_made_and_nothing_else(prefix: Path) -> None:
    """Last: it takes away what the others look at."""
    (prefix / "of-somebody-else").write_text("stays")
    run = run_script(ROOT / "install.sh", "--uninstall", "--prefix", prefix)
    assert run.returncode == 0, run.stderr
    assert [path.name for path in prefix.iterdir()] == ["of-somebody-else"]
    again = run_script(ROOT / "install.sh", "--uninstall", "--prefix", prefix)
    assert (again.returncode, again.stdout) == (
        0,
        f"Nothing to remove: edgedigits is not installed in {prefix}.\n",
    )
