"""Capture: the newest frame of a live source, which may be lost and come again; every frame of a film."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import Enum
from types import TracebackType

import numpy as np

from edgedigits.arrays import UInt8Array
from edgedigits.live.framing import Frame, turned
from edgedigits.live.settings import LiveSettings
from edgedigits.live.sources.base import CameraError, Picture, Source, Stream
from edgedigits.native_output import silence_this_thread

_FIRST_PAUSE = 0.5
_GIVEN_UP_AFTER = 10.0
"""Seconds without a frame after which a stream that hangs in its driver is left to itself, and opened anew."""
_PATIENCE_AT_THE_END = 0.5
_MOST_STATES = 20
THREAD_NAME = "edgedigits-capture"


class State(str, Enum):
    """What a source is doing."""

    CONNECTING = "connecting"
    LIVE = "live"
    STALLED = "stalled"
    """It is open, and no new picture has come for a while."""
    LOST = "lost"
    """It cannot be opened, or it ended; it is tried again."""
    ENDED = "ended"
    """A film is over, or a lost source is not tried again."""


@dataclass(frozen=True)
class CameraState:
    """What a source is doing, and why where that is no good news."""

    state: State
    reason: str = ""


class Capture:
    """Takes the frames of a live source in a thread, and keeps only the newest.

    Without that, the driver's queue would fill while a frame is being read, and the picture would fall behind what
    happens before the camera. A source that is lost is opened again, after pauses that grow.

    Args:
        source: a live one.
        settings: how it is opened, turned, and when it is given up.
        on_state: called in the thread with every new state.

    Example:
        >>> from edgedigits.live.sources import parse_source
        >>> with Capture(parse_source("test:"), LiveSettings()) as capture:
        ...     frame = capture.next_frame(-1, timeout=60)
        >>> frame.pixels.shape
        (480, 640, 3)
    """

    def __init__(
        self, source: Source, settings: LiveSettings, on_state: Callable[[CameraState], None] = lambda state: None
    ) -> None:
        self._source, self._settings, self._on_state = source, settings, on_state
        self._news = threading.Condition()
        self._stop = threading.Event()
        self._newest: Frame | None = None
        self._state = CameraState(State.CONNECTING)
        self._new_states: deque[CameraState] = deque(maxlen=_MOST_STATES)
        self._refusal: CameraError | None = None
        self._was_live = False
        self._index = 0
        self._start = time.monotonic()
        self._last_sign = self._start
        self._generation = 0
        self._thread = self._begin()

    def __enter__(self) -> Capture:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop.set()
        with self._news:
            self._news.notify_all()
        # a driver that hangs must not be released under its feet: the thread does that when it comes back
        self._thread.join(_PATIENCE_AT_THE_END)

    @property
    def state(self) -> CameraState:
        """What the source is doing."""
        return self._state

    def new_states(self) -> list[CameraState]:
        """Return the states since the last call, in order."""
        with self._news:
            states = list(self._new_states)
            self._new_states.clear()
        return states

    def next_frame(self, after: int, timeout: float) -> Frame | None:
        """Wait for a frame that is newer than one with this index; None where none comes in time.

        Raises:
            CameraError: the source cannot be opened and waiting is in vain, or it was lost and that ends it.
        """
        until = time.monotonic() + timeout
        with self._news:
            while True:
                if self._refusal is not None:
                    raise self._refusal
                if self._newest is not None and self._newest.index > after:
                    return self._newest
                left = until - time.monotonic()
                if left <= 0:
                    break
                self._news.wait(min(left, 0.1))
        self._look_for_stalls()
        return None

    def _begin(self) -> threading.Thread:
        thread = threading.Thread(target=self._run, args=(self._generation,), name=THREAD_NAME, daemon=True)
        thread.start()
        return thread

    def _look_for_stalls(self) -> None:
        silent = time.monotonic() - self._last_sign
        if self._state.state is State.LIVE and silent > self._settings.stalled_after:
            self._set_state(State.STALLED, f"{self._source.name} gives no frames since {silent:.0f} s")
        if self._state.state is State.STALLED and silent > max(_GIVEN_UP_AFTER, 2 * self._settings.read_timeout):
            self._generation += 1
            self._set_state(State.LOST, f"{self._source.name} hangs; it is opened anew")
            self._last_sign = time.monotonic()
            self._thread = self._begin()

    def _is_current(self, generation: int) -> bool:
        return generation == self._generation and not self._stop.is_set()

    def _run(self, generation: int) -> None:
        # drivers and decoders complain of every damaged frame; what is wrong is told by the states
        silence_this_thread()
        pause = _FIRST_PAUSE
        while self._is_current(generation):
            self._set_state(State.CONNECTING)
            frames = 0
            try:
                stream = self._source.open(self._settings.wanted)
                try:
                    for frames, picture in enumerate(self._pictures(stream, generation), 1):  # noqa: B007 - counted
                        self._keep(picture, generation)
                finally:
                    stream.close()
                reason = CameraError(f"{self._source.name} gives no frames any more")
            except CameraError as error:
                reason = error
            except Exception as error:  # a driver may raise anything; the next try may work
                reason = CameraError(f"{self._source.name}: {type(error).__name__}: {' '.join(str(error).split())}")
            if not self._is_current(generation):
                return
            # who was there a moment ago is soon there again
            pause = _FIRST_PAUSE if frames else min(2 * pause, self._settings.longest_pause)
            if not self._goes_on(reason):
                return
            self._set_state(State.LOST, f"{str(reason).rstrip('.')}; trying again in {pause:.3g} s")
            self._stop.wait(pause)

    def _goes_on(self, reason: CameraError) -> bool:
        """Tell whether a source is tried again; if not, hand the reason on."""
        lost = self._was_live and self._settings.exit_on_loss
        in_vain = reason.final and not self._was_live and not self._settings.wait
        if not (lost or in_vain or (self._settings.exit_on_loss and not self._settings.wait)):
            return True
        self._set_state(State.ENDED, str(reason))
        with self._news:
            self._refusal = LostError(str(reason)) if lost else reason
            self._news.notify_all()
        return False

    def _pictures(self, stream: Stream, generation: int) -> Iterator[Picture]:
        """Yield pictures until the stream ends or freezes."""
        before: UInt8Array | None = None
        since = time.monotonic()
        while self._is_current(generation):
            picture = stream.read()
            if picture is None:
                return
            now = time.monotonic()
            # a scene may be still, but a sensor's noise is not
            if before is None or before.shape != picture.pixels.shape or not np.array_equal(before, picture.pixels):
                before, since = picture.pixels, now
            elif self._settings.frozen_after and now - since > self._settings.frozen_after:
                raise CameraError(
                    f"{self._source.name} has frozen: the same picture, bit for bit, for {now - since:.0f} s"
                )
            yield picture

    def _keep(self, picture: Picture, generation: int) -> None:
        now = time.monotonic()
        pixels = turned(picture.pixels, self._settings.rotate, self._settings.mirror)
        if not self._is_current(generation):
            return
        with self._news:
            self._newest = Frame(self._index, now - self._start, pixels, picture.damaged, now)
            self._index += 1
            self._last_sign = now
            self._was_live = True
            # with its frame, so that who takes that does not find the camera still connecting
            if self._state.state is not State.LIVE:
                self._set_state(State.LIVE)
            self._news.notify_all()

    def _set_state(self, state: State, reason: str = "") -> None:
        new = CameraState(state, reason)
        if new == self._state and state is not State.CONNECTING:
            return
        with self._news:
            self._state = new
            self._new_states.append(new)
            self._news.notify_all()
        self._on_state(new)


class LostError(CameraError):
    """A live source that was there and is gone, where that is to end the watching."""

    exit_code = 1


def film_frames(stream: Stream, settings: LiveSettings) -> Iterator[Frame]:
    """Yield every frame of a film that is open, in order, as fast as they are asked for."""
    index = 0
    while (picture := stream.read()) is not None:
        pixels = turned(picture.pixels, settings.rotate, settings.mirror)
        yield Frame(index, picture.seconds or 0.0, pixels, picture.damaged, time.monotonic())
        index += 1
