"""The camera stack, without opening a camera: devices, rights, who holds them, and what CSI cameras need."""

from __future__ import annotations

import contextlib
import getpass
import importlib.util
import os
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

from edgedigits.diagnosis.finding import Finding, Grade

_DEVICES = Path("/dev")
_NAMES = Path("/sys/class/video4linux")
_CSI_DRIVERS = ("unicam", "rp1-cfe", "bcm2835-isp")
"""Names of the devices behind which a Raspberry Pi's ribbon cameras are; OpenCV opens them and gets no picture."""


def examine_cameras() -> Iterator[Finding]:
    """Tell of every video device, and of libcamera and picamera2 where a ribbon camera is attached."""
    if not sys.platform.startswith("linux"):
        return
    devices = sorted(_DEVICES.glob("video[0-9]*"), key=lambda path: int(path.name[5:] or 0))
    if not devices:
        yield Finding(
            Grade.NOTE, "camera", "no /dev/video*: photos can be read, a webcam cannot; plug one in", "ls /dev/video*"
        )
        return
    names = {device: _name_of(device) for device in devices}
    ribbon = [device for device, name in names.items() if name.startswith(_CSI_DRIVERS)]
    for device in devices:
        if device not in ribbon:
            yield _examine_device(device, names[device])
    if ribbon:
        yield _examine_ribbon(ribbon[0])


def _name_of(device: Path) -> str:
    try:
        return (_NAMES / device.name / "name").read_text(encoding="utf-8", errors="replace").strip()
    except OSError:
        return ""


def _examine_device(device: Path, name: str) -> Finding:
    called = f"{device} ({name})" if name else str(device)
    if not os.access(device, os.R_OK | os.W_OK):
        return Finding(
            Grade.WARNING,
            "camera",
            f"{called}: this user may not open it",
            f"sudo usermod -aG video {getpass.getuser()}  # then log in again",
        )
    holders = list(_holders(device))
    if holders:
        return Finding(Grade.NOTE, "camera", f"{called} is in use by {', '.join(holders)}", f"fuser -v {device}")
    return Finding(Grade.OK, "camera", called)


def _holders(device: Path) -> Iterator[str]:
    """Yield the programs that have a device open, of those that this user may look at."""
    for link in Path("/proc").glob("[0-9]*/fd/*"):
        with contextlib.suppress(OSError):  # processes end, and other users' may not be looked at
            if os.readlink(link) == str(device):  # noqa: PTH115 - a name to compare, not a path
                process = link.parents[1]
                yield f"{(process / 'comm').read_text(encoding='utf-8').strip()} (process {process.name})"


def _examine_ribbon(device: Path) -> Finding:
    if importlib.util.find_spec("picamera2") is not None:
        return Finding(Grade.OK, "camera", f"{device}: a ribbon camera, read through picamera2")
    if shutil.which("rpicam-hello") or shutil.which("libcamera-hello"):
        text = f"{device}: a ribbon camera; libcamera is here, picamera2 is not in this environment"
    else:
        text = f"{device}: a ribbon camera, for which libcamera and picamera2 are missing"
    return Finding(Grade.WARNING, "camera", text, "./install.sh --picamera2")
