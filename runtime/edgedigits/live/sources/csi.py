"""The Raspberry Pi's ribbon-cable cameras, through picamera2."""

from __future__ import annotations

import importlib
import re
from dataclasses import dataclass
from typing import Any

import numpy as np

from edgedigits.live.sources.base import CameraError, FoundCamera, Kind, Picture, Source, Stream, Wanted

_SIZE = (640, 480)
_RATE = 30.0
_MANUAL = 1
"""AeFlickerMode of libcamera: the period is given."""
_INSTALL = (
    "it needs picamera2, which Raspberry Pi OS brings: sudo apt install python3-picamera2, and make the environment"
    " with `python3 -m venv --system-site-packages`"
)


@dataclass(frozen=True)
class CsiCamera:
    """A ribbon-cable camera by its number."""

    number: int
    live: bool = True

    @property
    def name(self) -> str:
        """What people read."""
        return f"csi:{self.number}"

    def open(self, wanted: Wanted) -> Stream:
        """Start it.

        Raises:
            CameraError: picamera2 is not installed, the camera is not there, or another program uses it.
        """
        try:
            camera_class: Any = importlib.import_module("picamera2").Picamera2
        except ImportError as error:
            raise CameraError(f"{self.name} cannot be opened: {_INSTALL}.", final=True) from error
        count = len(camera_class.global_camera_info())
        if self.number >= count:
            there = ", ".join(f"csi:{number}" for number in range(count)) or "none"
            raise CameraError(
                f"{self.name} cannot be opened: cameras found on the ribbon cable: {there}; check it.", final=True
            )
        camera = None
        try:
            camera = camera_class(self.number)
            return _CsiStream(camera, wanted)
        except (RuntimeError, IndexError, OSError) as error:
            if camera is not None:
                camera.close()
            raise CameraError(
                f"{self.name} cannot be opened ({error}); end the program that uses it (after a crash it stays busy"
                " until that process is gone)."
            ) from error


class _CsiStream:
    def __init__(self, camera: Any, wanted: Wanted) -> None:
        self._camera = camera
        self._size = wanted.size or _SIZE
        controls: dict[str, float] = {"FrameRate": wanted.fps or _RATE}
        if "AeFlickerMode" in camera.camera_controls:
            # lamps brighten twice a period
            controls |= {"AeFlickerMode": _MANUAL, "AeFlickerPeriod": round(1e6 / (2 * wanted.mains))}
        # YUV420 takes half of the memory that BGR does, which a Pi's camera memory is short of
        camera.configure(
            camera.create_video_configuration(
                main={"size": self._size, "format": "YUV420"}, controls=controls, buffer_count=4
            )
        )
        camera.start()

    def read(self) -> Picture | None:
        """Return the next picture, without the bytes by which its rows are padded."""
        import cv2

        try:
            planes = np.asarray(self._camera.capture_array("main"), np.uint8)
        except RuntimeError as error:
            raise CameraError(f"The ribbon-cable camera gives no frames ({error}); check its cable.") from error
        width, height = self._size
        colour = np.asarray(cv2.cvtColor(planes, cv2.COLOR_YUV2BGR_I420), np.uint8)
        return Picture(np.ascontiguousarray(colour[:height, :width]))

    def close(self) -> None:
        """Stop the camera, so that other programs can use it."""
        self._camera.stop()
        self._camera.close()


def _parse(text: str) -> Source | None:
    if not text.startswith("csi:"):
        return None
    number = text.removeprefix("csi:") or "0"
    if not re.fullmatch(r"[0-9]{1,2}", number):
        raise CameraError(f"{text!r}: ribbon-cable cameras are csi:0 and csi:1.", final=True)
    return CsiCamera(int(number))


def _find() -> tuple[FoundCamera, ...]:
    try:
        cameras = importlib.import_module("picamera2").Picamera2.global_camera_info()
    except ImportError:
        return ()
    return tuple(
        FoundCamera(f"csi:{camera.get('Num', number)}", str(camera.get("Model", "ribbon-cable camera")))
        for number, camera in enumerate(cameras)
    )


KIND = Kind("csi", "csi:0 for a Raspberry Pi's ribbon-cable camera", _parse, _find)
