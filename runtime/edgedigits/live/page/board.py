"""The board: the newest moment, for all who look at it at the same time."""

from __future__ import annotations

import asyncio
import threading
import time
from collections import OrderedDict
from typing import Any

import cv2
import numpy as np

from edgedigits.arrays import UInt8Array
from edgedigits.boxes import Box
from edgedigits.live.framing import Frame
from edgedigits.live.watching import Moment, Watch

_QUALITY = 80
_WIDEST = 960
"""Pixels: wider frames are shown smaller."""
_KEPT_READINGS = 60
_MARGIN = 0.15
"""Of a digit's height, which is kept around its crop."""


class Board:
    """Takes moments from the watching thread, and gives the newest to the server's.

    Args:
        name: of this reader.
        watch: what is watched; None for a server without a camera.
    """

    def __init__(self, name: str, watch: Watch | None = None) -> None:
        self.name = name
        self.watch = watch
        self._lock = threading.Lock()
        self._moment: Moment | None = None
        self._frame: Frame | None = None
        self._crops: OrderedDict[int, list[UInt8Array]] = OrderedDict()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._changed = asyncio.Event()
        self._encoded: tuple[int, bytes] = (-1, b"")
        self._encoding = threading.Lock()
        self.version = 0
        """Grows with every moment."""
        self.closed = False

    def attach(self, loop: asyncio.AbstractEventLoop) -> None:
        """Wake those who wait in this loop from now on."""
        self._loop = loop

    def put(self, moment: Moment) -> None:
        """Show a moment; called by the watching thread, and quick."""
        with self._lock:
            self.version += 1
            self._moment = moment
            if moment.frame is not None:
                self._frame = moment.frame
                if moment.fresh:
                    self._crops[moment.frame.index] = _crops(moment)
                    while len(self._crops) > _KEPT_READINGS:
                        self._crops.popitem(last=False)
        self._wake()

    def close(self) -> None:
        """Let all who wait go."""
        self.closed = True
        self._wake()

    async def changed(self, since: int, timeout: float) -> bool:
        """Wait for a moment after the one that had this version; False where none comes in time."""
        if self.version != since:
            return True
        try:
            await asyncio.wait_for(self._changed.wait(), timeout)
        except (asyncio.TimeoutError, TimeoutError):
            return False
        return True

    def state(self) -> dict[str, Any]:
        """Return the newest moment and how it goes as plain values: what `GET /reading.json` answers."""
        with self._lock:
            moment, frame = self._moment, self._frame
            reading = next(reversed(self._crops), -1)
        if self.watch is None or moment is None:
            return {
                "name": self.name,
                "camera": "none" if self.watch is None else "connecting",
                "published": "",
                "raw": "",
            }
        counts = self.watch.counts
        plain = moment.as_dict()
        plain.update(
            name=self.name,
            reading=reading,
            source=self.watch.source.name,
            fps=round(counts.frames_per_second, 1),
            readings_per_second=round(counts.readings_per_second, 1),
            latency_ms=round(1000 * counts.latency),
            roi=list(self.watch.roi) if self.watch.roi else None,
            size=[frame.pixels.shape[1], frame.pixels.shape[0]] if frame else None,
        )
        return plain

    @property
    def frame_index(self) -> int:
        """Index of the newest frame; -1 before the first."""
        frame = self._frame
        return frame.index if frame else -1

    def jpeg(self) -> bytes | None:
        """Return the newest frame, encoded once for all who ask; None before the first."""
        frame = self._frame
        if frame is None:
            return None
        with self._encoding:
            if self._encoded[0] != frame.index:
                self._encoded = (frame.index, _encode(frame.pixels))
            return self._encoded[1]

    def crop(self, frame: int, digit: int) -> UInt8Array | None:
        """Return the picture of a digit in one of the last readings: uint8 (H, W, 3); None where it is not kept."""
        with self._lock:
            crops = self._crops.get(frame)
        return crops[digit] if crops is not None and 0 <= digit < len(crops) else None

    def _wake(self) -> None:
        loop = self._loop
        if loop is not None and not loop.is_closed():
            loop.call_soon_threadsafe(self._notify)

    def _notify(self) -> None:
        before, self._changed = self._changed, asyncio.Event()
        before.set()


class Pace:
    """Lets something happen no more often than a number of times a second."""

    def __init__(self, per_second: float) -> None:
        self._pause = 1 / per_second
        self._next = 0.0

    async def wait(self) -> None:
        """Wait until it is time again."""
        now = time.monotonic()
        if now < self._next:
            await asyncio.sleep(self._next - now)
        self._next = time.monotonic() + self._pause


def _encode(pixels: UInt8Array) -> bytes:
    height, width = pixels.shape[:2]
    if width > _WIDEST:
        size = (_WIDEST, round(height * _WIDEST / width))
        pixels = np.asarray(cv2.resize(pixels, size, interpolation=cv2.INTER_AREA), np.uint8)
    return cv2.imencode(".jpg", pixels, [cv2.IMWRITE_JPEG_QUALITY, _QUALITY])[1].tobytes()


def _crops(moment: Moment) -> list[UInt8Array]:
    assert moment.frame is not None
    return [_cut(moment.frame.pixels, digit.box) for digit in moment.reading.digits]


def _cut(pixels: UInt8Array, box: Box) -> UInt8Array:
    x, y, w, h = box
    margin = round(_MARGIN * h)
    return pixels[max(0, y - margin) : y + h + margin, max(0, x - margin) : x + w + margin].copy()
