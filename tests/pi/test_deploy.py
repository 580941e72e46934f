"""`make deploy` over a real sshd on the loopback address: beside the running version, and back where it does not read.

Both ends are this machine; the other end's installation is in a folder of the test's own.
"""

from __future__ import annotations

import getpass
import json
import os
import shlex
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from edgedigits.bundle import BUNDLED, MANIFEST
from tests.conftest import ROOT

pytestmark = [pytest.mark.slow, pytest.mark.timeout(2400)]  # three installations

SSHD = shutil.which("sshd", path=f"{os.environ.get('PATH', '')}:/usr/sbin")
_PRIVILEGE_SEPARATION = Path("/run/sshd")


@dataclass(frozen=True)
class Device:
    """The other end.

    Attributes:
        ssh: the command that reaches it.
        prefix: where edgedigits is installed there.
        environment: file of settings that commands get there.
    """

    ssh: str
    prefix: Path
    environment: Path

    def version(self) -> str:
        return str((self.prefix / "current").readlink())

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        command = [self.prefix / "bin" / "edgedigits", *arguments]
        return subprocess.run(command, capture_output=True, text=True, check=False)


@pytest.fixture(scope="module")
def device(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Device]:
    """An sshd that lets in this user with a key made for the test."""
    if SSHD is None or shutil.which("ssh") is None:
        pytest.skip("OpenSSH is not here: sudo apt-get install openssh-server openssh-client")
    folder = tmp_path_factory.mktemp("device")
    if os.geteuid() == 0:
        _PRIVILEGE_SEPARATION.mkdir(exist_ok=True)
    for name in ("host", "user"):
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", folder / name], check=True)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    environment = folder / "environment"
    environment.write_text("")
    # what comes in runs with this test's settings of pip, and with what the test adds
    shell = folder / "shell"
    settings = {name: value for name, value in os.environ.items() if name.startswith("PIP_")}
    exports = "".join(f"export {name}={shlex.quote(value)}\n" for name, value in settings.items())
    shell.write_text(
        f'#!/bin/bash\n{exports}export PYTHON={sys.executable}\n. {environment}\nexec bash -c "$SSH_ORIGINAL_COMMAND"\n'
    )
    shell.chmod(0o755)
    (folder / "config").write_text(
        f"Port {port}\nListenAddress 127.0.0.1\nHostKey {folder}/host\nAuthorizedKeysFile {folder}/user.pub\n"
        f"PidFile none\nStrictModes no\nUsePAM no\nPasswordAuthentication no\nPermitRootLogin prohibit-password\n"
        f"ForceCommand {shell}\n"
    )
    with subprocess.Popen([SSHD, "-D", "-e", "-f", folder / "config"], stderr=subprocess.PIPE, text=True) as server:
        try:
            ssh = (
                f"ssh -p {port} -i {folder}/user -o IdentitiesOnly=yes -o BatchMode=yes -o StrictHostKeyChecking=no"
                f" -o UserKnownHostsFile={folder}/known -o LogLevel=ERROR"
            )
            for _ in range(50):
                answer = subprocess.run(
                    [*ssh.split(), f"{getpass.getuser()}@127.0.0.1", "true"],
                    capture_output=True,
                    text=True,
                    check=False,
                )
                if answer.returncode == 0:
                    break
                time.sleep(0.2)
            else:
                pytest.skip(f"sshd lets nobody in here: {answer.stderr.strip()}")
            yield Device(ssh, folder / "installed", environment)
        finally:
            server.terminate()


def deploy(device: Device, checkout: Path, bundle: Path | str = "") -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [
            *("make", "--no-print-directory", "deploy", f"PI={getpass.getuser()}@127.0.0.1", f"SSH={device.ssh}"),
            *(f"OPTIONS=--prefix {device.prefix}", f"PYTHON={sys.executable}", f"BUNDLE={bundle}"),
        ],
        capture_output=True,
        text=True,
        check=False,
        cwd=checkout,
    )


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A checkout in which a wheel can be built without touching this one."""
    folder = tmp_path_factory.mktemp("checkout")
    for name in ("Makefile", "deploy.sh", "install.sh"):
        shutil.copy2(ROOT / name, folder / name)
    shutil.copytree(ROOT / "runtime", folder / "runtime", ignore=shutil.ignore_patterns("__pycache__", "dist"))
    return folder


def test_deploying_with_a_model_and_back_where_it_does_not_read(device: Device, checkout: Path, tmp_path: Path) -> None:
    bundle = tmp_path / "bundle"
    shutil.copytree(BUNDLED, bundle)
    manifest = json.loads((bundle / MANIFEST).read_text())
    (bundle / MANIFEST).write_text(json.dumps({**manifest, "temperature": 1.5}))

    first = deploy(device, checkout, bundle)
    assert first.returncode == 0, first.stdout + first.stderr
    assert "It reads." in first.stdout
    running = device.version()
    models = json.loads(device.run("models", "list", "--json").stdout)
    assert [model["name"] != "bundled" for model in models if model["current"]] == [True]

    # a version that was broken on its way to a release: it installs, and does not read
    reader = checkout / "runtime" / "edgedigits" / "reader.py"
    sound = reader.read_text()
    reader.write_text(sound + "\nraise RuntimeError('broken release')\n")
    broken = deploy(device, checkout)
    assert broken.returncode != 0
    assert "the one that was installed stays" in broken.stderr
    assert device.version() == running
    assert len(list((device.prefix / "versions").iterdir())) == 1
    assert device.run("predict", str(ROOT / "Images" / "single-004.png")).stdout.endswith(": 0\n")

    reader.write_text(sound)
    second = deploy(device, checkout)
    assert second.returncode == 0, second.stdout + second.stderr
    assert device.version() != running
    assert {f"versions/{path.name}" for path in (device.prefix / "versions").iterdir()} == {running, device.version()}
    assert device.run("predict", str(ROOT / "Images" / "single-004.png")).stdout.endswith(": 0\n")
    models = json.loads(device.run("models", "list", "--json").stdout)
    assert [model["name"] != "bundled" for model in models if model["current"]] == [True], "the model stays in use"


def test_what_cannot_be_deployed_is_refused_in_a_line(device: Device, checkout: Path, tmp_path: Path) -> None:
    refused = deploy(device, checkout, tmp_path)
    assert refused.returncode == 2
    assert "is no bundle; `make export` writes one" in refused.stderr
    unnamed = subprocess.run(
        ["make", "deploy", f"PYTHON={sys.executable}", "PI="], capture_output=True, text=True, check=False, cwd=checkout
    )
    assert unnamed.returncode == 2
    assert "name the Raspberry Pi: make deploy PI=user@host" in unnamed.stderr
