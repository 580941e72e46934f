"""Putting the service into a system, and asking systemd about it."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from edgedigits.errors import EdgeDigitsError, InputError
from edgedigits.installation import Installation
from edgedigits.models import Store
from edgedigits.service.unit import CAMERA_GROUP, NAME, render_unit

_PRIVATE = 0o640


class ServiceError(EdgeDigitsError):
    """The service cannot be installed, or systemd refuses what it is asked."""


@dataclass(frozen=True)
class System:
    """The system that the service runs in.

    Attributes:
        root: its root folder; another than / for an image that is being built, where nothing is started.
    """

    root: Path = Path("/")

    @property
    def live(self) -> bool:
        """Whether it is the running one."""
        return self.root == Path("/")

    @property
    def unit(self) -> Path:
        """Where the unit lies."""
        return self.root / "etc" / "systemd" / "system" / f"{NAME}.service"

    @property
    def config(self) -> Path:
        """Where the settings lie."""
        return self.root / "etc" / f"{NAME}.toml"

    def write_config(self, template: str) -> bool:
        """Write settings to begin with; return False where there are some, which stay as they are.

        Either way they are for root, the service and others who may use cameras: passwords may stand in them.
        """
        new = not self.config.exists()
        if new:
            self._write(self.config, template, _PRIVATE)
        self.protect_config()
        return new

    def protect_config(self) -> None:
        """Let nobody read the settings but root and the group of those who may use cameras, as the service does.

        Raises:
            InputError: this cannot be changed; usually for want of rights.
        """
        try:
            if os.geteuid() == 0:
                os.chown(self.config, -1, self._group_id(CAMERA_GROUP))
            self.config.chmod(_PRIVATE)
        except OSError as error:
            raise self._not_written(self.config, error) from error

    def _group_id(self, name: str) -> int:
        """Return the number of a group of that system; -1, which leaves things as they are, where it has none."""
        with contextlib.suppress(OSError, ValueError):
            for line in (self.root / "etc" / "group").read_text(encoding="utf-8").splitlines():
                group, _, number, _ = line.split(":")
                if group == name:
                    return int(number)
        return -1

    def write_unit(self, settings: Mapping[str, Any]) -> None:
        """Write the unit for these settings.

        Raises:
            InputError: it cannot be written; usually for want of rights.
        """
        here = Installation.here()
        text = render_unit(
            here.command,
            Path("/") / self.config.relative_to(self.root),
            settings,
            prefix=here.prefix or here.command.parents[1],
            models=Store.default().root,
        )
        self._write(self.unit, text)

    def enable(self) -> None:
        """Let the service start with the system, and, in the running one, start it now.

        Raises:
            ServiceError: systemd refuses.
        """
        if self.live:
            self.call("systemctl", "daemon-reload")
            self.call("systemctl", "enable", "--quiet", NAME)
            self.call("systemctl", "restart", NAME)
        else:
            self.call("systemctl", f"--root={self.root}", "enable", "--quiet", NAME)

    def remove(self) -> bool:
        """Stop the service and remove its unit; return False where there was none. Settings stay.

        Raises:
            InputError: it cannot be removed; usually for want of rights.
        """
        if not self.unit.exists():
            return False
        self.require_rights()
        if self.live:
            self.call("systemctl", "disable", "--now", "--quiet", NAME)
        else:
            self.call("systemctl", f"--root={self.root}", "disable", "--quiet", NAME)
        self.unit.unlink()
        if self.live:
            self.call("systemctl", "daemon-reload")
        return True

    def require_rights(self) -> None:
        """Make sure that the service may be changed.

        Raises:
            InputError: this is not root, or the system has no systemd.
        """
        self._require_systemd()
        if self.live and os.geteuid() != 0:
            raise InputError(f"Only root may change services: sudo {Installation.here().command} service …")

    def call(self, *command: str) -> None:
        """Run one of systemd's commands.

        Raises:
            ServiceError: it fails.
        """
        done = subprocess.run(command, capture_output=True, text=True, errors="replace", check=False)
        if done.returncode:
            lines = done.stderr.strip().splitlines() or [f"exit code {done.returncode}"]
            raise ServiceError(f"`{' '.join(command)}` failed: {lines[0]} (`edgedigits service logs` may say why).")

    def show(self, command: Sequence[str]) -> int:
        """Run one of systemd's commands on this terminal, and return its exit code.

        Raises:
            InputError: the system has no systemd.
        """
        self._require_systemd()
        return subprocess.run(command, check=False).returncode

    def _require_systemd(self) -> None:
        if shutil.which("systemctl") is None or (self.live and not Path("/run/systemd/system").is_dir()):
            raise InputError(
                "systemd does not run here, and the service is one of systemd's; without it, write settings with"
                " `edgedigits service template` and let this system start `edgedigits webcam --config FILE`."
            )

    def _write(self, path: Path, text: str, mode: int = 0o644) -> None:
        new = path.with_name(f".{path.name}-{os.getpid()}")
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            new.touch(mode)
            new.write_text(text, encoding="utf-8")
            new.chmod(mode)
            new.replace(path)
        except OSError as error:
            raise self._not_written(path, error) from error

    @staticmethod
    def _not_written(path: Path, error: OSError) -> InputError:
        return InputError(
            f"{path} cannot be written ({error.strerror}); use sudo {Installation.here().command} service …"
        )
