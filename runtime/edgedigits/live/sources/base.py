"""What every source of frames is, and what it may be asked for."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from edgedigits.addresses import masked
from edgedigits.arrays import UInt8Array
from edgedigits.errors import InputError
from edgedigits.native_output import native_output_muted


class CameraError(InputError):
    """A camera, film or stream that is missing, cannot be opened or gives no frames.

    Attributes:
        final: whether trying again is in vain: there is no such thing, or access to it is refused.
    """

    def __init__(self, message: str, *, final: bool = False) -> None:
        super().__init__(message)
        self.final = final


@dataclass(frozen=True)
class Wanted:
    """What a source is asked for; a source that cannot give it gives what it has.

    Attributes:
        size: width and height in pixels; None for what the source gives by itself.
        fps: frames a second; None for what the source gives by itself.
        fourcc: four letters of a USB camera's format; None for MJPG where the camera has it.
        mains: frequency in Hz of the lamps, whose flicker a camera can avoid.
        open_timeout, read_timeout: seconds after which opening and reading are given up.
    """

    size: tuple[int, int] | None = None
    fps: float | None = None
    fourcc: str | None = None
    mains: int = 50
    open_timeout: float = 5.0
    read_timeout: float = 5.0


@dataclass(frozen=True)
class Picture:
    """One picture as a stream gives it.

    Attributes:
        pixels: uint8, (H, W, 3) in BGR.
        seconds: when it is to be shown, by the film's own clock; None where the source has none.
        damaged: whether the data were incomplete, so that part of the picture is made up.
    """

    pixels: UInt8Array
    seconds: float | None = None
    damaged: bool = False


class Stream(Protocol):
    """An open source."""

    def read(self) -> Picture | None:
        """Return the next picture, as soon as it is there; None at the end of what can be read.

        Raises:
            CameraError: nothing came in time, or what came cannot be used.
        """
        ...

    def close(self) -> None:
        """Give back what the source holds."""
        ...


class Source(Protocol):
    """Something that gives pictures, by what a user calls it.

    Attributes:
        name: what people read; without passwords.
        live: whether pictures come at their own pace, so that only the newest counts, and again after a loss.
    """

    @property
    def name(self) -> str:
        """What people read."""
        ...

    @property
    def live(self) -> bool:
        """Whether only the newest picture counts."""
        ...

    def open(self, wanted: Wanted) -> Stream:
        """Open it.

        Raises:
            CameraError: it cannot be opened.
        """
        ...


@dataclass(frozen=True)
class FoundCamera:
    """A camera of this machine.

    Attributes:
        source: what `webcam` is given to read from it.
        name: what it calls itself.
        problem: why it cannot be used; "" where it can.
    """

    source: str
    name: str
    problem: str = ""


@dataclass(frozen=True)
class Kind:
    """A kind of source: one file of this package.

    Attributes:
        name: of the kind.
        forms: how its sources are written, for help and messages.
        parse: the source that a text names; None where it is of another kind; raises CameraError where it is of this
            one and cannot be.
        find: the cameras of this kind on this machine.
    """

    name: str
    forms: str
    parse: Callable[[str], Source | None]
    find: Callable[[], tuple[FoundCamera, ...]] = lambda: ()


@dataclass(frozen=True)
class NetworkSource:
    """What has a URL and is live.

    Attributes:
        url: with its password, where it needs one.
    """

    url: str
    live: bool = True

    @property
    def name(self) -> str:
        """The URL without its password."""
        return masked(self.url)


class OpenCvStream:
    """Reads what OpenCV has opened.

    Args:
        capture: an open `cv2.VideoCapture`.
        name: of the source.
        patience: how many pictures in a row may fail before the stream has ended: damaged ones fail, and the next is
            there again.
        clock: whether the container says when each picture is to be shown.
    """

    def __init__(self, capture: Any, name: str, *, patience: int, clock: bool = False) -> None:
        self._capture = capture
        self._name = name
        self._patience = patience
        self._clock = clock
        self._after_damage = False

    def read(self) -> Picture | None:
        """Return the next picture; None when several in a row could not be read."""
        import cv2

        failed = 0
        while failed < self._patience:
            try:
                with native_output_muted():
                    taken, pixels = self._capture.read()
            except cv2.error:
                taken, pixels = False, None
            if taken and pixels is not None and pixels.size:
                seconds = self._capture.get(cv2.CAP_PROP_POS_MSEC) / 1000 if self._clock else None
                return Picture(in_colour(pixels), seconds, failed > 0 or is_patched(pixels))
            failed += 1
        return None

    def close(self) -> None:
        """Release the device or file."""
        self._capture.release()


def open_with_opencv(what: int | str, wanted: Wanted, api: str | None = None) -> Any:
    """Return OpenCV's capture of a device, file or URL; it may not be open.

    Args:
        what: number, path or URL.
        wanted: its time-outs are used where OpenCV has them.
        api: which of OpenCV's back ends, such as "CAP_FFMPEG"; None for any.
    """
    # FFmpeg writes to stderr by itself; OpenCV asks for this when it loads it
    os.environ.setdefault("OPENCV_FFMPEG_LOGLEVEL", "-8")
    import cv2

    settings: list[int] = []
    if api == "CAP_FFMPEG":
        for name, seconds in (("OPEN", wanted.open_timeout), ("READ", wanted.read_timeout)):
            settings += [getattr(cv2, f"CAP_PROP_{name}_TIMEOUT_MSEC"), round(1000 * seconds)]
    with native_output_muted(), _opencv_silenced():
        try:
            return cv2.VideoCapture(what, getattr(cv2, api or "CAP_ANY"), settings)
        except cv2.error:
            return cv2.VideoCapture()


@contextmanager
def _opencv_silenced() -> Iterator[None]:
    """Keep OpenCV from telling what it tried: whoever opens says what is wrong."""
    import cv2

    before = cv2.utils.logging.getLogLevel()
    cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_SILENT)
    try:
        yield
    finally:
        cv2.utils.logging.setLogLevel(before)


def in_colour(pixels: npt.NDArray[Any]) -> UInt8Array:
    """Return pixels (H, W), (H, W, 1), (H, W, 3) or (H, W, 4) as BGR, (H, W, 3)."""
    import cv2

    if pixels.ndim == 2 or pixels.shape[2] == 1:
        return np.asarray(cv2.cvtColor(pixels, cv2.COLOR_GRAY2BGR), np.uint8)
    if pixels.shape[2] == 4:
        return np.asarray(cv2.cvtColor(pixels, cv2.COLOR_BGRA2BGR), np.uint8)
    return np.asarray(pixels, np.uint8)


_MIDDLE_GREY = (126, 130)
_PATCHED_ROWS = 16


def is_patched(pixels: npt.NDArray[Any]) -> bool:
    """Tell whether the lower rows are the middle grey that decoders put where data were missing."""
    foot = pixels[-_PATCHED_ROWS:].reshape(-1, pixels.shape[-1])
    low, high = foot.min(axis=0), foot.max(axis=0)
    grey = low.min() >= _MIDDLE_GREY[0] and high.max() <= _MIDDLE_GREY[1]
    return pixels.shape[0] > 2 * _PATCHED_ROWS and bool(grey and (low == high).all())
