"""Fresh systems of a Raspberry Pi, emulated: install.sh itself, doctor, predict, and what the engines answer there.

Which are tried is said by PI_ROOTS (b64 t64 b32 t32: Bookworm and Trixie, 64 and 32 bits) and PI_CPUS, with how many
images of MNIST by PI_IMAGES; `make test-pi` tries all. What was printed there is kept in build/emulated.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from edgedigits.bundle import BUNDLED
from edgedigits.proof import PHOTO_TEXT
from tests.conftest import ROOT, LabelledGlyphs
from tests.pi.emulation import BUILT, UnavailableError
from tests.pi.roots import SYSTEMS, Root, build_wheel, make_root

pytestmark = [pytest.mark.slow, pytest.mark.timeout(3600)]

IMAGES = ["single-004.png", "number-239.png", "rows-301.jpg"]
ENGINES_DUE = {
    "b64": {"onnxruntime", "opencv"},
    "t64": {"onnxruntime", "opencv"},
    "b32": {"tflite_runtime"},
    "t32": {"onnxruntime"},
}
"""Which engines an installation has to bring; Bookworm's own OpenCV (4.6) is older than some files ask for."""

UNREACHABLE = re.compile("ConnectionError|NameResolutionError|ConnectTimeout|ReadTimeout|ProxyError|SSLError")
LEAST_IDENTICAL = 0.999
MOST_CHANGED = 2
"""Answers that may change where 8-bit kernels round the other way."""


@pytest.fixture(scope="module", params=(os.environ.get("PI_ROOTS") or "b64").split())
def root(request: pytest.FixtureRequest) -> Root:
    """A system in which install.sh has just been run, as a user would."""
    if request.param not in SYSTEMS:
        pytest.fail(f"PI_ROOTS: there is no {request.param}; choose from {' '.join(SYSTEMS)}")
    try:
        made = make_root(request.param)
        wheel = build_wheel(BUILT / "roots" / "wheel")
    except UnavailableError as error:
        pytest.skip(f"{request.param} cannot be emulated here: {error}")
    made.copy(ROOT / "install.sh", wheel, *(ROOT / "Images" / name for name in IMAGES))
    run = made.run("bash", "/work/install.sh", "--wheel", f"/work/{wheel.name}")
    transcript = BUILT / f"{request.param}-install.txt"
    transcript.write_text(f"# ./install.sh\n{run.stdout}{run.stderr}")
    if run.returncode and UNREACHABLE.search(run.stderr):
        pytest.skip(f"{request.param}: the package index cannot be reached from there")
    assert run.returncode == 0, run.stdout + run.stderr
    print(transcript.read_text())
    return made


@pytest.fixture(scope="module")
def cpus(root: Root) -> tuple[str, ...]:
    """The processors to try: the first of the system's stands for all where PI_CPUS does not say otherwise."""
    asked = os.environ.get("PI_CPUS", "").split()
    return tuple(cpu for cpu in root.system.cpus if cpu in asked) or root.system.cpus[:1]


def test_doctor_says_yes_on_every_board(root: Root, cpus: tuple[str, ...]) -> None:
    for cpu in cpus:
        run = root.run("edgedigits", "doctor", "--json", cpu=cpu)
        assert run.returncode == 0, f"{cpu}: {run.stdout}{run.stderr}"
        told: dict[str, Any] = json.loads(run.stdout)
        assert told["photo"]["text"] == PHOTO_TEXT
        sound = {row["engine"] for row in told["engines"] if row["sound"]}
        assert ENGINES_DUE[root.system.name] <= sound, f"{cpu}: {told['engines']}"
        assert [row for row in told["findings"] if row["grade"] == "fault"] == []


def test_the_service_says_in_a_line_what_it_misses(root: Root) -> None:
    """Nothing boots under qemu's user mode; what a booted system says is in test_booted.py."""
    run = root.run("edgedigits", "service", "install")
    assert (run.returncode, run.stdout, run.stderr.count("\n")) == (2, "", 1), run.stderr
    assert run.stderr.startswith("Error: systemd does not run here")
    print(run.stderr)


def test_the_sample_images_read_as_here(root: Root) -> None:
    here = subprocess.run(
        [
            sys.executable,
            "-m",
            "edgedigits",
            "predict",
            "--format",
            "jsonl",
            *(str(ROOT / "Images" / n) for n in IMAGES),
        ],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "EDGEDIGITS_MODELS": os.devnull},
    )
    there = root.run("edgedigits", "predict", "--format", "jsonl", *(f"/work/{name}" for name in IMAGES))
    texts = [[json.loads(line)["text"] for line in run.stdout.splitlines()] for run in (here, there)]
    assert len(texts[0]) == len(IMAGES)
    assert texts[1] == texts[0], there.stderr


def test_the_engines_answer_as_here(root: Root, cpus: tuple[str, ...], mnist_test: LabelledGlyphs) -> None:
    """Images of MNIST: float answers are the same, 8-bit ones within what other kernels round."""
    count = int(os.environ.get("PI_IMAGES") or 1000)
    np.save(root.path / "work" / "glyphs.npy", mnist_test.images[:count, ..., np.newaxis])
    root.copy(Path(__file__).with_name("score_installed.py"))
    here = {(a["format"], a["engine"]): np.array(a["logits"]) for a in _answers_here(root)}
    for cpu in cpus:
        run = root.run(
            *("/opt/edgedigits/current/bin/python", "/work/score_installed.py", "/work/glyphs.npy", "/work/a.json"),
            cpu=cpu,
        )
        assert run.returncode == 0, run.stderr
        answers = json.loads((root.path / "work" / "a.json").read_text())
        assert answers
        for answer in answers:
            pair = (answer["format"], answer["engine"])
            logits: npt.NDArray[np.float64] = np.array(answer["logits"])
            reference = here.get(pair, here[("onnx-float32", "onnxruntime")])
            same = int((logits[:, :10].argmax(1) == reference[:, :10].argmax(1)).sum())
            right = float((logits[:, :10].argmax(1) == mnist_test.labels[:count]).mean())
            name = f"{root.system.name} {cpu} {answer['format']} in {answer['engine']} {answer['version']}"
            print(f"{name}: {same} of {count} answers as on x86-64, {right:.1%} right")
            if answer["precision"] == "float32":
                assert same >= LEAST_IDENTICAL * count, name
            else:
                # another engine's kernels, where this machine does not have that one
                assert same >= count - MOST_CHANGED * (1 if pair in here else 3), name
            assert right >= 0.98, name


def _answers_here(root: Root) -> list[dict[str, Any]]:
    out = root.path / "work" / "here.json"
    script = Path(__file__).with_name("score_installed.py")
    subprocess.run([sys.executable, script, root.path / "work" / "glyphs.npy", out], check=True, capture_output=True)
    answers: list[dict[str, Any]] = json.loads(out.read_text())
    return answers


def test_it_is_small_there(root: Root) -> None:
    """What is installed beyond Python, and the model's share of it."""
    used = sum(path.lstat().st_size for path in (root.path / "opt/edgedigits").rglob("*") if not path.is_symlink())
    model = sum(path.stat().st_size for path in BUNDLED.iterdir())
    print(f"{root.system.name}: {used / 1e6:.0f} MB beyond what apt brings; the model {model / 1e6:.1f}")
    assert used < 900e6, "two versions side by side"


def test_opencv_reads_where_the_packages_of_a_system_have_no_engine(root: Root) -> None:
    """Raspberry Pi OS of 32 bits has sources of its own: what Debian has may be missing there."""
    if "python3-onnxruntime" not in root.system.packages:
        pytest.skip(f"{root.system.name}: the engine comes as a wheel")
    absent = root.path / "work" / "absent"
    (absent / "onnxruntime").mkdir(parents=True, exist_ok=True)
    (absent / "onnxruntime" / "__init__.py").write_text("raise ModuleNotFoundError('No module named onnxruntime')\n")
    for name, lines in {
        "apt-get": 'echo "E: Unable to locate package" >&2; exit 100',
        "dpkg-query": 'case "$*" in *onnxruntime*) exit 1;; esac; exec /usr/bin/dpkg-query "$@"',
    }.items():
        (absent / name).write_text(f"#!/bin/sh\n{lines}\n")
        (absent / name).chmod(0o755)
    (wheel,) = (root.path / "work").glob("*.whl")
    run = root.run(
        *("bash", "/work/install.sh", "--wheel", f"/work/{wheel.name}", "--prefix", "/work/without"),
        settings={"PATH": "/work/absent:/usr/sbin:/usr/bin:/sbin:/bin", "PYTHONPATH": "/work/absent"},
    )
    shutil.rmtree(root.path / "work" / "without", ignore_errors=True)
    assert run.returncode == 0, run.stdout + run.stderr
    assert "package sources have no python3-onnxruntime (see above): OpenCV's own engine will read." in run.stdout
    assert "It reads. Fastest here: --engine opencv" in run.stdout
