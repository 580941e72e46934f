"""What may be installed follows from which wheels there are; nobody is sent to build numpy on a small board."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from edgedigits.engines import ENGINES
from edgedigits.offers import BESIDE, Machine, advise, explain_missing, install_command, plan_installation
from tests.conftest import ROOT

PURE = ("click", "starlette", "uvicorn", "python-multipart", "paho-mqtt")
TRIXIE_64, BOOKWORM_64 = Machine("aarch64", (3, 13)), Machine("aarch64", (3, 11))
TRIXIE_32, BOOKWORM_32 = Machine("armv7l", (3, 13)), Machine("armv7l", (3, 11))
ZERO = Machine("armv6l", (3, 11))
PC = Machine("x86_64", (3, 12))
MACHINES = [TRIXIE_64, BOOKWORM_64, TRIXIE_32, BOOKWORM_32, ZERO, PC]


@pytest.mark.parametrize(
    ("machine", "engine", "pip", "apt"),
    [
        (TRIXIE_64, "ONNX Runtime", (), ()),
        (BOOKWORM_64, "ONNX Runtime", (), ()),
        (BOOKWORM_32, "tflite-runtime", (*PURE, "tflite-runtime"), ("python3-numpy", "python3-opencv")),
        (
            TRIXIE_32,
            "Debian's ONNX Runtime",
            PURE,
            ("python3-numpy", "python3-opencv"),
        ),
        (ZERO, "OpenCV's own engine", PURE, ("python3-numpy", "python3-opencv")),
    ],
    ids=str,
)
def test_each_raspberry_pi_gets_what_it_has_wheels_for(
    machine: Machine, engine: str, pip: tuple[str, ...], apt: tuple[str, ...]
) -> None:
    plan = plan_installation(machine)
    assert (plan.engine, plan.pip, plan.apt) == (engine, pip, apt)
    assert all(machine.has_wheel(package) for package in plan.pip)
    assert plan.system_packages == bool(apt)
    assert plan.apt_engine == ("python3-onnxruntime" if machine == TRIXIE_32 else "")


def test_picamera2_keeps_the_systems_numpy() -> None:
    plan = plan_installation(BOOKWORM_64, picamera2=True, system_numpy="1.24.2")
    assert plan.system_packages
    assert plan.apt == ("python3-picamera2",)
    assert plan.constraints == ("numpy==1.24.2",)


@pytest.mark.parametrize("machine", MACHINES, ids=str)
@pytest.mark.parametrize("package", ["numpy", *(engine.package for engine in ENGINES.values())])
def test_no_command_names_a_package_without_a_wheel(machine: Machine, package: str) -> None:
    command = install_command(package, machine)
    if "pip" in command:
        assert machine.has_wheel(package)
    elif command:
        assert command.startswith("sudo apt install python3-")
    else:
        assert advise(package, machine) == f"{package} has no wheel for {machine}"


def test_tflite_runtime_is_offered_where_it_has_wheels() -> None:
    assert install_command("tflite-runtime", BOOKWORM_32) == 'pip install "edgedigits[tflite]"'
    assert advise("tflite-runtime", TRIXIE_64) == "tflite-runtime has no wheel for Python 3.13 on aarch64"


def test_the_extra_tflite_builds_nothing_on_newer_pythons() -> None:
    """pip ends at tflite-runtime, of which there is nothing for them; an old numpy would be built before that."""
    project = (ROOT / "runtime" / "pyproject.toml").read_text()
    (listed,) = re.findall(r"^tflite = (\[.*?\n\])", project, re.MULTILINE | re.DOTALL)
    wanted = [Requirement(text) for text in ast.literal_eval(listed)]

    def asked_for(version: str) -> set[str]:
        here = {"python_version": version}
        return {wish.name for wish in wanted if wish.marker is None or wish.marker.evaluate(here)}

    assert asked_for("3.11") == {"tflite-runtime", "numpy", "opencv-python-headless"}
    assert asked_for("3.12") == asked_for("3.14") == {"tflite-runtime"}


def test_what_a_device_gets_beside_is_what_the_extras_name() -> None:
    project = (ROOT / "runtime" / "pyproject.toml").read_text()
    for extra, packages in BESIDE.items():
        (listed,) = re.findall(rf"^{extra} = (\[.*\])", project, re.MULTILINE)
        assert tuple(Requirement(text).name for text in ast.literal_eval(listed)) == packages


@pytest.mark.parametrize(("module", "title"), [("cv2", "OpenCV"), ("numpy", "numpy"), ("cv2.cv2", "OpenCV")])
def test_a_missing_library_is_explained(module: str, title: str) -> None:
    error = ImportError(f"{module} is broken", name=module)
    assert f"{title} cannot be imported ({module} is broken)" in str(explain_missing(error))
    assert explain_missing(ModuleNotFoundError("No module named 'x'", name="x")) is None
    assert explain_missing(ValueError()) is None


def test_it_can_be_asked_before_anything_is_installed() -> None:
    """install.sh runs it with the system's Python, out of the wheel."""
    source = ROOT / "runtime" / "edgedigits" / "offers.py"
    modules = {
        node.module if isinstance(node, ast.ImportFrom) else node.names[0].name
        for node in ast.walk(ast.parse(source.read_text()))
        if isinstance(node, (ast.Import, ast.ImportFrom))
    }
    assert {str(module).split(".")[0] for module in modules} <= sys.stdlib_module_names
    run = subprocess.run(
        [sys.executable, "-S", "-m", "edgedigits.offers"],
        capture_output=True,
        text=True,
        check=True,
        cwd=Path("/"),
        env={"PYTHONPATH": str(ROOT / "runtime")},
    )
    rows = dict(re.findall(r"^([a-z-]+): (.*)$", run.stdout, re.MULTILINE))
    assert rows["machine"] == str(Machine.here())
    assert rows["engine"] == plan_installation(Machine.here()).engine
