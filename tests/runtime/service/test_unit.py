"""The unit is one that systemd takes, that gives little away, and that speaks with nobody by itself."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from edgedigits.service import allowed_addresses, render_unit

needs_systemd = pytest.mark.skipif(
    shutil.which("systemd-analyze") is None, reason="systemd-analyze is not here: sudo apt-get install systemd"
)
MOST_EXPOSED = 2.5


@pytest.fixture(params=["/opt/edgedigits", "/home/pi/.local/share/edgedigits"])
def unit(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """The unit of a service that is looked at from a phone, for an installation of root or of a user."""
    prefix = Path(request.param)
    text = render_unit(
        Path(sys.executable),  # verify looks whether it is there
        Path("/etc/edgedigits.toml"),
        {"source": "0", "serve": "0.0.0.0:8000"},
        prefix=prefix,
        models=prefix / "models",
    )
    path = tmp_path / "edgedigits.service"
    path.write_text(text)
    return path


@needs_systemd
def test_systemd_finds_nothing_wrong_with_it(unit: Path) -> None:
    run = subprocess.run(["systemd-analyze", "verify", "--man=no", unit], capture_output=True, text=True, check=False)
    about_it = [line for line in run.stderr.splitlines() if "edgedigits" in line]
    assert (run.returncode, about_it) == (0, []), run.stderr


@needs_systemd
def test_it_gives_little_away(unit: Path) -> None:
    run = subprocess.run(
        [
            "systemd-analyze",
            "security",
            "--no-pager",
            "--offline=true",
            f"--threshold={round(10 * MOST_EXPOSED)}",
            unit,
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    found = re.search(r"Overall exposure level for .*: ([0-9.]+)", run.stdout)
    assert found, run.stdout + run.stderr
    assert float(found[1]) <= MOST_EXPOSED, run.stdout


def test_it_sees_of_the_homes_only_where_it_is_installed() -> None:
    def text(prefix: str) -> str:
        folder = Path(prefix)
        return render_unit(folder / "bin" / "x", Path("/etc/x"), {}, prefix=folder, models=folder / "models")

    assert "BindReadOnlyPaths" not in text("/opt/edgedigits")
    assert "BindReadOnlyPaths=-/home/pi/digits\n" in text("/home/pi/digits")
    assert "ProtectHome=tmpfs" in text("/home/pi/digits")


@pytest.mark.parametrize(
    ("settings", "allowed"),
    [
        ({"source": "0"}, ("localhost",)),
        ({"source": "rtsp://10.1.2.3:554/x", "post": "http://localhost:1880/"}, ("localhost", "10.1.2.3")),
        ({"mqtt": "mqtt://[fd00::5]"}, ("localhost", "fd00::5")),
        ({"post": "https://example.com/digits"}, None),
    ],
)
def test_it_speaks_with_whom_the_settings_name(settings: dict[str, Any], allowed: tuple[str, ...] | None) -> None:
    assert allowed_addresses(settings) == allowed
    text = render_unit(Path("/x/y/z"), Path("/c"), settings, prefix=Path("/x"), models=Path("/m"))
    if allowed is None:
        assert "IPAddressDeny" not in text
    else:
        assert f"IPAddressDeny=any\nIPAddressAllow={' '.join(allowed)}\n" in text


def test_a_page_and_local_names_are_for_the_home_network() -> None:
    for settings in ({"serve": "0.0.0.0:8000"}, {"mqtt": "mqtt://homeassistant.local"}, {"mqtt": "mqtt://broker"}):
        networks = allowed_addresses(settings)
        assert networks is not None
        assert "192.168.0.0/16" in networks


def service(*arguments: str | Path, path: str | None = None) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "edgedigits", "service", *arguments],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PATH": path or os.environ["PATH"]},
    )


@needs_systemd
def test_installing_and_removing_in_an_image(tmp_path: Path) -> None:
    image = tmp_path / "image"
    (image / "etc").mkdir(parents=True)
    (image / "etc" / "group").write_text("root:x:0:\nvideo:x:4444:me\n")
    first = service("install", "--root", image)
    assert first.returncode == 0, first.stderr
    unit, config = image / "etc/systemd/system/edgedigits.service", image / "etc/edgedigits.toml"
    assert config.stat().st_mode & 0o777 == 0o640, "a token or a password may stand in it"
    if os.geteuid() == 0:
        assert config.stat().st_gid == 4444, "the service is in this group"
    assert "webcam --config /etc/edgedigits.toml\n" in unit.read_text()
    assert (image / "etc/systemd/system/multi-user.target.wants/edgedigits.service").is_symlink()

    config.write_text('source = "rtsp://10.1.2.3/x"\n')
    config.chmod(0o644)
    again = service("install", "--root", image)
    assert again.returncode == 0, again.stderr
    assert config.read_text() == 'source = "rtsp://10.1.2.3/x"\n', "settings stay as they were"
    assert config.stat().st_mode & 0o777 == 0o640, "as an earlier version left it"
    assert "IPAddressAllow=localhost 10.1.2.3\n" in unit.read_text()

    config.write_text("rotate = 45\n")
    refused = service("install", "--root", image)
    assert (refused.returncode, refused.stderr.count("\n")) == (2, 1)
    assert "edgedigits.toml, line 1: rotate: " in refused.stderr

    removed = service("remove", "--root", image)
    assert removed.returncode == 0, removed.stderr
    assert config.exists()
    assert not unit.exists()
    assert not (image / "etc/systemd/system/multi-user.target.wants/edgedigits.service").is_symlink()


def test_without_systemd_it_says_so_in_a_line(tmp_path: Path) -> None:
    for command in ("install", "restart", "status", "logs"):
        run = service(command, path=str(tmp_path))
        assert run.returncode == 2
        assert "systemd does not run here" in run.stderr
        assert "let this system start `edgedigits webcam --config FILE`" in run.stderr
        assert run.stderr.count("\n") == 1
