"""USB cameras and whatever else the operating system shows as a camera: by number, path or name."""

from __future__ import annotations

import os
import re
import struct
import sys
from dataclasses import dataclass
from pathlib import Path

from edgedigits.live.sources.base import (
    CameraError,
    FoundCamera,
    Kind,
    OpenCvStream,
    Source,
    Stream,
    Wanted,
    open_with_opencv,
)

_DEVICES = Path("/dev")
_SYSTEM = Path("/sys/class/video4linux")
_HIGHEST_NUMBER = 255

_QUERY_CAPABILITIES = 0x80685600
"""VIDIOC_QUERYCAP of the kernel's videodev2.h, whose answer takes 104 bytes."""
_CAPTURES_VIDEO = 0x1 | 0x1000
_HAS_DEVICE_CAPABILITIES = 0x80000000
_CSI_DRIVERS = ("unicam", "rp1-cfe", "bcm2835-isp", "pispbe")
"""Drivers of the Raspberry Pi's own cameras: they open, but pictures come by libcamera only."""
_PATIENCE = 5
"""Pictures in a row; a loose cable damages some."""


@dataclass(frozen=True)
class UsbCamera:
    """A camera by its number, or by the path of its device."""

    device: int | str
    live: bool = True

    @property
    def name(self) -> str:
        """What people read."""
        return f"camera {self.device}" if isinstance(self.device, int) else self.device

    def open(self, wanted: Wanted) -> Stream:
        """Open it in the format that leaves most frames a second.

        Raises:
            CameraError: it is not there, may not be used, or is in use.
        """
        linux = sys.platform.startswith("linux")
        if linux:
            path = _DEVICES / f"video{self.device}" if isinstance(self.device, int) else Path(self.device)
            self._check(path)
        capture = open_with_opencv(self.device, wanted, "CAP_V4L2" if linux else None)
        if not capture.isOpened():
            raise CameraError(
                f"{self.name} cannot be opened; check that no other program uses it (`fuser -v /dev/video*`)."
            )
        _configure(capture, wanted)
        return OpenCvStream(capture, self.name, patience=_PATIENCE)

    def _check(self, path: Path) -> None:
        if not path.exists():
            there = ", ".join(camera.source for camera in _find() if not camera.problem)
            others = f"or name another one: {there}" if there else "no other one is here"
            raise CameraError(
                f"{self.name} cannot be opened: it is not there; plug it in, {others} (`edgedigits cameras`).",
                final=True,
            )
        if not path.is_char_device():
            raise CameraError(f"{self.name} cannot be opened: {path} is no device.", final=True)
        if problem := _problem(path):
            raise CameraError(f"{self.name} cannot be opened: {problem}.", final=True)


def _configure(capture: object, wanted: Wanted) -> None:
    import cv2

    assert isinstance(capture, cv2.VideoCapture)
    # format before size, or drivers give another size; MJPG, since raw pictures do not fit through USB 2 at 30 a second
    capture.set(cv2.CAP_PROP_FOURCC, cv2.VideoWriter.fourcc(*(wanted.fourcc or "MJPG")))
    if wanted.size:
        capture.set(cv2.CAP_PROP_FRAME_WIDTH, wanted.size[0])
        capture.set(cv2.CAP_PROP_FRAME_HEIGHT, wanted.size[1])
    if wanted.fps:
        capture.set(cv2.CAP_PROP_FPS, wanted.fps)
    capture.set(cv2.CAP_PROP_BUFFERSIZE, 1)


def _parse(text: str) -> Source | None:
    if re.fullmatch(r"[0-9]+", text):
        if len(text) > 3 or int(text) > _HIGHEST_NUMBER:
            raise CameraError(f"camera {text[:20]}: cameras are numbered from 0 to {_HIGHEST_NUMBER}.", final=True)
        return UsbCamera(int(text))
    if text.startswith("/dev/"):
        return UsbCamera(text)
    if text.startswith("usb:"):
        return NamedUsbCamera(text.removeprefix("usb:").strip())
    return None


@dataclass(frozen=True)
class NamedUsbCamera:
    """The first USB camera whose name holds a text; its number may change from start to start."""

    wanted_name: str
    live: bool = True

    @property
    def name(self) -> str:
        """What people read."""
        return f"usb:{self.wanted_name}"

    def open(self, wanted: Wanted) -> Stream:
        """Look for the camera, and open it.

        Raises:
            CameraError: no camera is called so, or it cannot be opened.
        """
        cameras = _find()
        for camera in cameras:
            if self.wanted_name.casefold() in camera.name.casefold() and not camera.problem:
                return UsbCamera(camera.source).open(wanted)
        names = ", ".join(repr(camera.name) for camera in cameras) or "none"
        raise CameraError(
            f"{self.name}: no camera here is called so; there is {names} (`edgedigits cameras`).", final=True
        )


def _find() -> tuple[FoundCamera, ...]:
    found = []
    for folder in sorted(_SYSTEM.glob("video*"), key=lambda path: int(re.sub(r"\D", "", path.name) or 0)):
        # a camera has further nodes, for metadata, of higher index
        if _text_of(folder / "index") not in ("", "0"):
            continue
        path = _DEVICES / folder.name
        found.append(FoundCamera(str(path), _text_of(folder / "name") or folder.name, _problem(path)))
    return tuple(found)


def _problem(path: Path) -> str:
    """Return why a device cannot be used; "" where nothing is known against it."""
    import fcntl

    try:
        descriptor = os.open(path, os.O_RDWR | os.O_NONBLOCK)
    except PermissionError:
        return "you may not use it: add yourself to its group (`sudo usermod -aG video $USER`) and log in again"
    except OSError as error:
        return f"it does not open ({error.strerror})"
    try:
        answer = fcntl.ioctl(descriptor, _QUERY_CAPABILITIES, bytes(104))
    except OSError:
        return "it is no camera"
    finally:
        os.close(descriptor)
    driver = answer[:16].split(b"\0")[0].decode(errors="replace")
    everything, of_device = struct.unpack_from("<II", answer, 84)
    if driver in _CSI_DRIVERS:
        return "it is part of a ribbon-cable camera, which only picamera2 can read: use csi:0"
    if not (of_device if everything & _HAS_DEVICE_CAPABILITIES else everything) & _CAPTURES_VIDEO:
        return "it takes no pictures (a decoder, encoder or metadata node)"
    return ""


def _text_of(path: Path) -> str:
    try:
        return path.read_text(errors="replace").strip()
    except OSError:
        return ""


KIND = Kind("usb", "a camera's number (0), /dev/video0, /dev/v4l/by-id/… or usb:NAME", _parse, _find)
