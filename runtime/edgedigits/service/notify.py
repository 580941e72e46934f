"""What systemd is told: that the service is ready, that it is alive, and what it does (sd_notify)."""

from __future__ import annotations

import contextlib
import os
import socket
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from edgedigits.live import Moment

_EARLY = 3
"""Signs of life in each interval of the watchdog, so that one that is late does no harm."""


@dataclass
class Notifier:
    """Tells systemd how it goes; without systemd it does nothing.

    The watchdog is fed from the reading loop and from nowhere else: a loop that hangs is restarted, while one that
    waits for a camera is left to wait.

    Attributes:
        address: of systemd's socket; "" where there is none.
        interval: seconds within which systemd wants a sign of life; None where it does not watch.

    Example:
        >>> Notifier.of_environment({}).interval is None
        True
    """

    address: str
    interval: float | None
    _told_ready: bool = field(default=False, init=False)
    _told_alive: float = field(default=float("-inf"), init=False)
    _told_status: str = field(default="", init=False)

    @classmethod
    def of_environment(cls, environment: Mapping[str, str] | None = None) -> Notifier:
        """Return the one that systemd asks for in the environment.

        Args:
            environment: NOTIFY_SOCKET, and WATCHDOG_USEC with WATCHDOG_PID; None for this process's.
        """
        given = os.environ if environment is None else environment
        interval = None
        with contextlib.suppress(ValueError):
            microseconds = int(given.get("WATCHDOG_USEC", ""))
            if microseconds > 0 and given.get("WATCHDOG_PID", str(os.getpid())) == str(os.getpid()):
                interval = microseconds / 1e6
        return cls(given.get("NOTIFY_SOCKET", ""), interval)

    def look(self, moment: Moment) -> None:
        """Take a moment of the reading loop as a sign of life; the first one says that the service is ready."""
        if not self.address:
            return
        lines = []
        if not self._told_ready:
            self._told_ready = True
            lines.append("READY=1")
        now = time.monotonic()
        if self.interval is not None and now - self._told_alive >= self.interval / _EARLY:
            self._told_alive = now
            lines.append("WATCHDOG=1")
        reason = f": {moment.camera.reason}" if moment.camera.reason else ""
        status = f"camera {moment.camera.state.value}{reason}"
        if status != self._told_status:
            self._told_status = status
            lines.append(f"STATUS={' '.join(status.split())}")
        if lines:
            self._send("\n".join(lines))

    def _send(self, text: str) -> None:
        # a name that begins with @ is one of Linux' abstract sockets
        address = f"\0{self.address[1:]}" if self.address.startswith("@") else self.address
        with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as channel:
            channel.setblocking(False)
            channel.sendto(text.encode(), address)
