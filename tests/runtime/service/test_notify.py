"""systemd is told that the reading loop lives, by that loop alone."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from edgedigits.live import CameraState, Moment, State, Status, Watch
from edgedigits.reading import Reading
from edgedigits.service import Notifier


@pytest.fixture
def systemd() -> Iterator[socket.socket]:
    """A stand-in for systemd's socket."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as channel:
        channel.bind(f"\0edgedigits-test-{os.getpid()}-{time.monotonic_ns()}")
        channel.settimeout(60)
        yield channel


def address(systemd: socket.socket) -> str:
    return "@" + systemd.getsockname()[1:].decode()


def told(systemd: socket.socket) -> list[str]:
    return systemd.recv(1000).decode().split("\n")


def nothing_told(systemd: socket.socket) -> bool:
    systemd.setblocking(False)
    try:
        systemd.recv(1000)
    except BlockingIOError:
        return True
    finally:
        systemd.settimeout(60)
    return False


def moment(state: State = State.LIVE, reason: str = "") -> Moment:
    return Moment(None, Reading((), (0, 0)), "", Status.NOTHING, CameraState(state, reason))


def test_ready_once_and_alive_often_enough(systemd: socket.socket) -> None:
    notifier = Notifier(address(systemd), 0.3)
    notifier.look(moment())
    assert told(systemd) == ["READY=1", "WATCHDOG=1", "STATUS=camera live"]
    notifier.look(moment())
    assert nothing_told(systemd)
    time.sleep(0.11)
    notifier.look(moment())
    assert told(systemd) == ["WATCHDOG=1"]
    notifier.look(moment(State.LOST, "unplugged\nagain"))
    assert told(systemd) == ["STATUS=camera lost: unplugged again"]


def test_only_for_the_process_that_is_meant(systemd: socket.socket) -> None:
    other = {"NOTIFY_SOCKET": address(systemd), "WATCHDOG_USEC": "1000000", "WATCHDOG_PID": "1"}
    Notifier.of_environment(other).look(moment())
    assert told(systemd) == ["READY=1", "STATUS=camera live"]
    Notifier.of_environment({}).look(moment())
    Notifier.of_environment({"NOTIFY_SOCKET": "/nowhere/at/all", "WATCHDOG_USEC": "nonsense"}).look(moment())
    assert nothing_told(systemd)


class Hangs:
    """Reads as an engine does that never comes back, from the second picture on."""

    def __init__(self) -> None:
        self.count = 0

    def read(self, image: np.ndarray, **_: object) -> Reading:
        self.count += 1
        if self.count > 1:
            raise TimeoutError("the loop would hang here")
        return Reading((), (image.shape[1], image.shape[0]))


def test_a_reading_that_hangs_gives_no_sign_of_life(systemd: socket.socket) -> None:
    notifier = Notifier(address(systemd), 0.001)
    reader = Hangs()
    watch = Watch("test:7", reader, on_moment=notifier.look)  # type: ignore[arg-type]
    with pytest.raises(TimeoutError):
        for _ in watch:
            pass
    heard = 0
    while not nothing_told(systemd):
        heard += 1
    time.sleep(0.05)
    assert heard >= 1
    assert nothing_told(systemd), "no thread of its own may go on feeding the watchdog"


def test_a_missing_camera_is_no_reason_to_be_restarted(systemd: socket.socket, tmp_path: Path) -> None:
    environment = {
        **os.environ,
        "NOTIFY_SOCKET": address(systemd),
        "WATCHDOG_USEC": "600000",
        "EDGEDIGITS_MODELS": str(tmp_path),
    }
    run = subprocess.Popen(
        [sys.executable, "-m", "edgedigits", "webcam", "/dev/video99", "--wait"],
        env={name: value for name, value in environment.items() if name != "WATCHDOG_PID"},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        lines = told(systemd)
        assert lines[:2] == ["READY=1", "WATCHDOG=1"]
        for _ in range(3):
            while "WATCHDOG=1" not in told(systemd):
                pass
        assert run.poll() is None
    finally:
        run.terminate()
        run.wait(30)
