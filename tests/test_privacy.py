"""Privacy: no command uses the network, or writes a file, that it was not asked for."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

import pytest

from edgedigits.bundle import BUNDLED
from tests.conftest import ROOT

PHOTO = ROOT / "Images" / "number-240.jpg"
NOTHING_READABLE = 3
_CALLS = "trace=socket,connect,open,openat,creat,mkdir,mkdirat,rename,renameat,renameat2,link,linkat,symlink,symlinkat"


@pytest.fixture(scope="module")
def strace() -> str:
    """The command that watches what another asks of the system."""
    found = shutil.which("strace")
    if found is None:
        pytest.skip("strace is not installed: apt install strace")
    watched = subprocess.run([found, "--seccomp-bpf", "-f", "true"], capture_output=True, text=True, check=False)
    if watched.returncode:
        pytest.skip(f"strace may not watch here: {watched.stderr.strip().splitlines()[-1]}")
    return found


def watched(strace: str, folder: Path, command: Iterable[str | Path], **environment: str) -> tuple[list[str], set[str]]:
    """Run a command in a new home and a new working folder; return its network calls and the files that it made.

    CI is set on the machines that test, and switches telemetry off by itself.
    """
    home, work, log = folder / "home", folder / "work", folder / "calls"
    for made in (home, work):
        made.mkdir(exist_ok=True)
    kept = {name: value for name, value in os.environ.items() if name != "CI" and not name.startswith(("XDG_", "ORT_"))}
    run = subprocess.run(
        [strace, "--seccomp-bpf", "-f", "-qq", "-s", "4096", "-e", _CALLS, "-o", log, *command],
        cwd=work,
        env={**kept, "HOME": str(home), "PYTHONDONTWRITEBYTECODE": "1", **environment},
        check=False,
        capture_output=True,
        text=True,
        timeout=800,
    )
    assert run.returncode in (0, NOTHING_READABLE), run.stderr
    calls = log.read_text(errors="replace").splitlines()
    network = [call for call in calls if re.search(r"\b(socket|connect)\(", call)]
    return network, {str(path.relative_to(folder)) for place in (home, work) for path in place.rglob("*")} | {
        path for call in calls for path in _written(call, work)
    }


def _written(call: str, work: Path) -> list[str]:
    """Return the file that a call makes or opens for writing outside the folders of the test; devices are none."""
    made = re.search(r"\b(open|openat|creat|mkdir|mkdirat|rename\w*|link\w*|symlink\w*)\((.*)", call)
    if made is None or re.search(r"= -1 E|/proc/self/|\"/dev/|__pycache__", call):
        return []
    if made[1].startswith("open") and not re.search(r"O_WRONLY|O_RDWR|O_CREAT", made[2]):
        return []
    paths = re.findall(r'"([^"]*)"', made[2])
    return [path for path in paths[-1:] if Path(path).is_absolute() and work.parent not in Path(path).parents]


COMMANDS = {
    "predict": ["predict", PHOTO, "--save-dir", "drawn", "--explain", "explained"],
    "doctor": ["doctor"],
    "inspect": ["inspect"],
    "inspect a file": ["inspect", BUNDLED / "digits-int8.onnx"],
    "bench": ["bench", "--seconds", "0.01", "--model", "onnx-int8", "--engine", "onnxruntime"],
}


@pytest.mark.parametrize("name", COMMANDS)
def test_commands_use_no_network_and_write_what_they_were_asked_for(strace: str, tmp_path: Path, name: str) -> None:
    network, written = watched(strace, tmp_path, [sys.executable, "-m", "edgedigits", *COMMANDS[name]])
    asked = {"work/drawn", "work/drawn/number-240.png", "work/explained", "work/explained/number-240.png"}
    assert network == []
    assert written == (asked if name == "predict" else set())


def test_processes_that_share_the_work_use_no_network(strace: str, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "edgedigits", "predict", ROOT / "Images", "--jobs", "2"]
    assert watched(strace, tmp_path, command) == ([], set())


def test_exporting_uses_no_network_and_writes_the_bundle_alone(strace: str, trained: Path, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "edgedigits", "export", "--from", trained, "--out", "bundle"]
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    network, written = watched(
        strace, tmp_path, [*command, "--formats", "onnx-int8,tflite-int8"], TMPDIR=str(temporary)
    )
    # urllib3 asks, when it is imported, whether there is IPv6, and libuuid whether its service runs here
    assert [call for call in network if "connect(" in call and "AF_INET" in call] == []
    # Keras and Matplotlib keep their own settings and fonts
    allowed = ("work/bundle", "home/.keras", "home/.cache", "home/.config", str(trained))
    assert {path for path in written if not path.startswith(allowed)} == set()
    assert {path.name for path in (tmp_path / "home" / ".cache").glob("*")} <= {"matplotlib"}
    assert (tmp_path / "work" / "bundle" / "manifest.json").exists()


def test_what_the_user_set_stays() -> None:
    code = "import os; import edgedigits; edgedigits.Reader(); print(os.environ['ORT_DISABLE_TELEMETRY'])"
    for value in ("0", "1"):
        environment = {**os.environ, "ORT_DISABLE_TELEMETRY": value, "CI": "true"}
        run = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)
        assert run.stdout.strip() == value


def test_importing_alone_changes_nothing() -> None:
    """Whoever imports the library may use ONNX Runtime for something of their own."""
    kept = {name: value for name, value in os.environ.items() if name != "ORT_DISABLE_TELEMETRY"}
    code = "import os, edgedigits; print('ORT_DISABLE_TELEMETRY' in os.environ)"
    run = subprocess.run([sys.executable, "-c", code], env=kept, capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "False"
