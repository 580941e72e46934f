"""The service in a booted Debian (systemd-nspawn over this machine's own files): ready, watched, restarted, removed."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from importlib.metadata import distribution
from pathlib import Path

import pytest

from tests.conftest import ROOT

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1200)]

SYSTEM_PYTHON = Path("/usr/bin/python3")
NEEDED = {"systemd-nspawn": "systemd-container", "mount": "mount", "systemctl": "systemd"}

TRIAL = """\
#!/bin/bash
exec > /trial/log 2>&1
command=/opt/edgedigits/current/bin/edgedigits
printf 'source = "test:2021"\\nwait = true\\n' > /etc/edgedigits.toml
mkdir -p /etc/systemd/system/edgedigits.service.d
printf '[Service]\\nWatchdogSec=20\\n' > /etc/systemd/system/edgedigits.service.d/quick.conf
$command service install; echo "installed: $?"
show() { echo "$1: $(systemctl show edgedigits -p "$1" --value)"; }
show ActiveState; show User; show NRestarts
process=$(systemctl show edgedigits -p MainPID --value)
grep -E '^(CapEff|NoNewPrivs|Seccomp):' /proc/$process/status
sleep 20
$command service logs
echo hanging
kill -STOP $process
for _ in $(seq 60); do sleep 2; [ "$(systemctl show edgedigits -p NRestarts --value)" = 0 ] || break; done
show NRestarts
for _ in $(seq 60); do sleep 1; [ "$(systemctl is-active edgedigits)" != active ] || break; done
show ActiveState
$command service remove; echo "removed: $?"
show ActiveState
systemctl poweroff
"""


@pytest.fixture
def machine(tmp_path: Path) -> Iterator[Path]:
    """A root folder over this machine's own, in which what is written stays in memory."""
    missing = [package for program, package in NEEDED.items() if shutil.which(program) is None]
    if missing:
        pytest.skip(f"these are not here: sudo apt-get install {' '.join(missing)}")
    if os.geteuid() != 0:
        pytest.skip("only root can boot a container")
    own = ".".join(map(str, sys.version_info[:2]))
    if not SYSTEM_PYTHON.exists() or f"Python {own}." not in _output(str(SYSTEM_PYTHON), "--version"):
        pytest.skip(f"the service cannot see a Python {own} in a home folder, and {SYSTEM_PYTHON} is another")
    layer, root = tmp_path / "layer", tmp_path / "root"
    with ExitStack() as mounts:
        for folder in (layer, root):
            folder.mkdir()
        _mount(mounts, layer, "-t", "tmpfs", "tmpfs")
        for name in ("up", "work"):
            (layer / name).mkdir()
        _mount(mounts, root, "-t", "overlay", "overlay", "-o", f"lowerdir=/,upperdir={layer}/up,workdir={layer}/work")
        (root / "etc" / "machine-id").unlink(missing_ok=True)
        yield root


def _mount(mounts: ExitStack, place: Path, *arguments: str) -> None:
    done = subprocess.run(["mount", *arguments, place], capture_output=True, text=True, check=False)
    if done.returncode:
        pytest.skip(f"a container's files cannot be mounted here: {done.stderr.strip()}")
    mounts.callback(subprocess.run, ["umount", "--lazy", str(place)], check=True)


def _output(*command: str) -> str:
    return subprocess.run(command, capture_output=True, text=True, check=False).stdout


def install(root: Path) -> None:
    """Lay edgedigits out as install.sh does, with the packages of this environment instead of the index's."""
    version = root / "opt" / "edgedigits" / "versions" / "trial"
    subprocess.run([SYSTEM_PYTHON, "-m", "venv", "--without-pip", version], check=True)
    (version.parents[1] / "current").symlink_to("versions/trial")
    (site,) = version.glob("lib/python3*/site-packages")
    paths = [path for path in sys.path if path.endswith(("site-packages", "/runtime"))]
    (site / "this.pth").write_text("".join(f"import site; site.addsitedir({path!r})\n" for path in paths))
    (site / "here.pth").write_text(f"{ROOT / 'runtime'}\n")
    facts = (
        distribution("edgedigits")
        .locate_file("")
        .joinpath(f"edgedigits-{distribution('edgedigits').version}.dist-info")
    )
    shutil.copytree(str(facts), site / "edgedigits-0.dist-info", dirs_exist_ok=True)
    command = version / "bin" / "edgedigits"
    interpreter = "/opt/edgedigits/versions/trial/bin/python"
    command.write_text(f"#!{interpreter}\nfrom edgedigits.cli import main\nmain()\n")
    command.chmod(0o755)


def test_the_service_in_a_booted_system(machine: Path, tmp_path: Path) -> None:
    install(machine)
    trial = tmp_path / "trial"
    trial.mkdir()
    (trial / "run.sh").write_text(TRIAL)
    (machine / "etc/systemd/system/trial.service").write_text(
        "[Unit]\nAfter=basic.target\n[Service]\nType=oneshot\nTimeoutStartSec=900\nExecStart=/bin/bash /trial/run.sh\n"
    )
    booted = subprocess.run(
        [
            *("systemd-nspawn", "--quiet", "--register=no", "--keep-unit", "--boot", f"--directory={machine}"),
            *(f"--bind={trial}:/trial", f"--bind-ro={ROOT}", *_environment_binds()),
            *("systemd.wants=trial.service", "systemd.unit=basic.target"),
        ],
        capture_output=True,
        text=True,
        errors="replace",
        stdin=subprocess.DEVNULL,
        check=False,
        timeout=1000,
    )
    log = trial / "log"
    if not log.exists():
        reason = (booted.stderr.strip().splitlines() or ["no reason given"])[-1]
        pytest.skip(f"systemd-nspawn boots nothing here: {reason[:200]}")
    told = log.read_text()
    print(told)
    before, _, after = told.partition("hanging\n")
    assert "installed: 0" in before
    assert "ActiveState: active\nUser: edgedigits\nNRestarts: 0" in before
    assert re.search(r"CapEff:\s+0000000000000000\nNoNewPrivs:\s+1\nSeccomp:\s+2", before)
    assert "live: test:2021" in before
    assert re.search(r" s  .*2", before), "it reads, and says so in the journal"
    assert re.search(r"^NRestarts: [1-9]", after), "a loop that hangs is started anew"
    assert "ActiveState: active" in after
    assert "removed: 0\nActiveState: inactive" in after


def _environment_binds() -> list[str]:
    """Return what lets the container see the packages of this environment, wherever they are mounted from."""
    mounts = {Path(path).resolve() for path in sys.path if path.endswith("site-packages")}
    return [f"--bind-ro={path}" for path in sorted(mounts)]
