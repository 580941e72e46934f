"""Sources of frames: a live camera gives its newest frame, a video file gives every frame."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from edgedigits.errors import InputError
from edgedigits.quiet import native_output_muted


class CameraError(InputError):
    """A camera, video file or stream that is missing or gives no frames."""


@dataclass(frozen=True)
class Frame:
    """One picture of a source.

    Attributes:
        index: its number in the source, from 0; a live camera's numbers have gaps where frames were dropped.
        seconds: since the start: by the film's own clock for a file, by the wall clock for a camera.
        pixels: uint8, (H, W, 3) in BGR.
    """

    index: int
    seconds: float
    pixels: npt.NDArray[np.uint8]


class FrameSource(Protocol):
    """Something that gives frames, and is closed by leaving its `with` block."""

    def __enter__(self) -> FrameSource: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...

    def __iter__(self) -> Iterator[Frame]: ...


def open_source(source: str | int) -> FrameSource:
    """Open a camera by its number, a video file by its path, or a stream by its URL.

    Args:
        source: 0, "0", "clip.mp4" or "rtsp://…".

    Raises:
        CameraError: it cannot be opened.
    """
    text = str(source)
    if text.isdecimal():
        return LiveCamera(int(text), f"camera {text}")
    if "://" in text:
        return LiveCamera(text, text)
    if not Path(text).exists():
        raise CameraError(f"{text} does not exist; name a camera's number (0), a video file or a stream's URL.")
    if text.startswith("/dev/"):
        return LiveCamera(text, text)
    return VideoFile(Path(text))


class VideoFile:
    """Gives every frame of a video file, in order and as fast as it is asked."""

    def __init__(self, path: Path) -> None:
        self._name = str(path)
        self._capture = _open_capture(str(path))
        if not self._capture.isOpened():
            raise CameraError(f"{path} is not a video that can be read; try an MP4 (H.264) or AVI (MJPG) file.")

    def __enter__(self) -> VideoFile:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._capture.release()

    def __iter__(self) -> Iterator[Frame]:
        """Yield the frames.

        Raises:
            CameraError: the file holds not a single frame.
        """
        import cv2

        rate = self._capture.get(cv2.CAP_PROP_FPS) or 25.0
        index = 0
        while True:
            taken, pixels = self._capture.read()
            if not taken:
                break
            yield Frame(index, index / rate, pixels)
            index += 1
        if index == 0:
            raise CameraError(f"{self._name} gives no frames; it is damaged or has no picture track.")


class LiveCamera:
    """Gives the newest frame of a camera or stream.

    A thread takes frames as they come and keeps only the last one. Without it, the driver's queue would fill while
    a frame is being read, and the picture would fall behind what happens before the camera.
    """

    def __init__(self, source: int | str, name: str, patience: float = 5.0) -> None:
        self._name = name
        self._patience = patience
        self._capture = _open_capture(source)
        if not self._capture.isOpened():
            raise CameraError(
                f"{name} cannot be opened; check that it is plugged in, that no other program uses it,"
                " and its number (`ls /dev/video*` on Linux)."
            )
        self._news = threading.Condition()
        self._newest: Frame | None = None
        self._ended = False
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._take_frames, name="edgedigits-camera", daemon=True)
        self._thread.start()

    def __enter__(self) -> LiveCamera:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop.set()
        self._thread.join(self._patience)
        # a driver that hangs inside read() must not be released under its feet
        if not self._thread.is_alive():
            self._capture.release()

    def __iter__(self) -> Iterator[Frame]:
        """Yield the newest frame, each at most once, until the source ends.

        Raises:
            CameraError: no frame came for `patience` seconds, or none came at all.
        """
        last = -1
        while True:
            with self._news:
                arrived = self._news.wait_for(
                    lambda: self._ended or (self._newest is not None and self._newest.index > last),  # noqa: B023
                    self._patience,
                )
                frame, ended = self._newest, self._ended
            if frame is not None and frame.index > last:
                last = frame.index
                yield frame
            elif ended and last >= 0:
                return
            elif ended or not arrived:
                raise CameraError(f"{self._name} gives no frames; check its cable, and that no other program uses it.")

    def _take_frames(self) -> None:
        start = time.monotonic()
        index = 0
        while not self._stop.is_set():
            taken, pixels = self._capture.read()
            if not taken:
                break
            with self._news:
                self._newest = Frame(index, time.monotonic() - start, pixels)
                self._news.notify()
            index += 1
        with self._news:
            self._ended = True
            self._news.notify()


def _open_capture(source: int | str) -> Any:
    # the libraries below OpenCV write to stderr by themselves, and read these when they are loaded
    os.environ.setdefault("OPENCV_FFMPEG_LOGLEVEL", "-8")
    os.environ.setdefault("OPENCV_LOG_LEVEL", "SILENT")
    import cv2

    with native_output_muted():
        return cv2.VideoCapture(source)
