"""Watching: frames taken, read where they changed, tracked and published: one moment after the other."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, field, replace
from typing import Any

from edgedigits.arrays import UInt8Array
from edgedigits.live.attention import Attention, Pace
from edgedigits.live.capture import CameraState, Capture, State, film_frames
from edgedigits.live.change import Change, ChangeDetector
from edgedigits.live.framing import Frame, Region, cut, placed, region_of
from edgedigits.live.parts import PartReader, moved
from edgedigits.live.publishing import Plausibility, Published, Publisher, Status
from edgedigits.live.settings import LIVE_READINGS_PER_SECOND, LIVE_SHARE, LiveSettings, Roi
from edgedigits.live.sources import parse_source
from edgedigits.live.tracking import Tracker
from edgedigits.reader import Reader
from edgedigits.reading import UNREADABLE, Reading

_PATIENCE = 0.25
"""Seconds after which a loop without frames looks around."""
_RECENT = 200
_AT_ONCE = 4
"""Readings in a row that a scene may cost however dear they are: a number that comes into view needs three."""


@dataclass(frozen=True)
class Moment:
    """What was seen, read and published at one time.

    Attributes:
        frame: the newest picture; None where only the camera's state has changed.
        reading: what was read in it, and, where nothing has changed since, before it; as it is, with boxes in pixels
            of the whole frame.
        published: the text that is sure: lines separated by a newline, "?" for a digit that is not sure, "" for none.
        status: what stands behind `published`.
        camera: what the source is doing.
        withheld: text that is sure but not plausible; "" where there is none.
        fresh: whether this frame itself was read, all of it or what has changed; False where nothing has changed since
            the last reading, the frame is damaged, or it was not its turn.
        latency: seconds from the frame's arrival to this moment.
        stages: seconds by stage of the work.
    """

    frame: Frame | None
    reading: Reading
    published: str
    status: Status
    camera: CameraState
    withheld: str = ""
    fresh: bool = False
    latency: float = 0.0
    stages: dict[str, float] = field(default_factory=dict, repr=False, compare=False)

    @property
    def raw(self) -> str:
        """The text of the reading, before anything was tracked or withheld."""
        return self.reading.text

    @property
    def seconds(self) -> float:
        """When the frame was taken, since the start; 0 without a frame."""
        return self.frame.seconds if self.frame else 0.0

    def as_dict(self) -> dict[str, Any]:
        """Return the moment as plain values, as all outputs write them to JSON."""
        plain: dict[str, Any] = {
            "frame": self.frame.index if self.frame else None,
            "seconds": round(self.seconds, 3),
            "raw": self.raw,
            "published": self.published,
            "status": self.status.value,
            **self.reading.as_dict(),
            "fresh": self.fresh,
            "camera": self.camera.state.value,
        }
        if self.withheld:
            plain["withheld"] = self.withheld
        if self.camera.reason:
            plain["reason"] = self.camera.reason
        if self.frame is not None and self.frame.damaged:
            plain["damaged"] = True
        return plain


@dataclass(frozen=True)
class Counts:
    """How a watch goes.

    Attributes:
        frames, readings: how many so far.
        frames_per_second, readings_per_second: of late.
        latency: seconds from a frame's arrival to its reading, the median of late.
    """

    frames: int
    readings: int
    frames_per_second: float
    readings_per_second: float
    latency: float


class Watch:
    """Watches a source: iterate over it for moments; leaving the loop, or `close`, ends it.

    Args:
        source: what `parse_source` takes: "0", "rtsp://…", "clip.mp4", "test:", …
        reader: reads the frames.
        settings: how; None for the defaults.
        on_moment: called with every moment before it is given out, such as to keep a watchdog quiet. It must not block.

    Raises:
        CameraError: the text names no source.

    Example:
        >>> from edgedigits import Reader
        >>> with closing(iter(Watch("test:2021", Reader()))) as moments:
        ...     next(moment.camera.state.value for moment in moments if moment.frame)
        'live'
    """

    def __init__(
        self,
        source: str | int,
        reader: Reader,
        settings: LiveSettings | None = None,
        *,
        on_moment: Callable[[Moment], None] | None = None,
    ) -> None:
        self.settings = settings or LiveSettings()
        self.source = parse_source(str(source))
        self._parts = PartReader(reader, self.settings.threshold)
        self._on_moment = on_moment
        self._tracker = Tracker(self.settings.readings, self.settings.seconds)
        self._publisher = Publisher(
            Plausibility(self.settings.expectation, self.settings.monotonic, self.settings.max_step),
            readings=self.settings.readings,
            seconds=self.settings.seconds,
            sure=self.settings.sure,
            hold=self.settings.hold,
        )
        self._change = ChangeDetector()
        self._attention = Attention(self.settings.readings, self.settings.seconds, self.settings.reread)
        self._pace = Pace(LIVE_SHARE, _AT_ONCE) if self.source.live and self.settings.max_fps is None else None
        self._roi = self.settings.roi
        self._reset_asked = False
        self._reading = Reading((), (0, 0))
        self._published = Published("", Status.NOTHING)
        self._looked_at = float("-inf")
        self._frames = self._readings = 0
        self._recent_frames: deque[float] = deque(maxlen=_RECENT)
        self._recent_readings: deque[tuple[float, float]] = deque(maxlen=_RECENT)

    @property
    def roi(self) -> Roi | None:
        """The part of the frame that is read; may be set from another thread."""
        return self._roi

    @roi.setter
    def roi(self, roi: Roi | None) -> None:
        self._roi = replace(self.settings, roi=roi).roi
        self._reset_asked = True

    def reset(self) -> None:
        """Forget what was published, so that any number is plausible again; may be called from another thread."""
        self._reset_asked = True

    @property
    def counts(self) -> Counts:
        """How it goes."""
        latencies = sorted(latency for _, latency in self._recent_readings)
        return Counts(
            self._frames,
            self._readings,
            _rate(list(self._recent_frames)),
            _rate([at for at, _ in self._recent_readings]),
            latencies[len(latencies) // 2] if latencies else 0.0,
        )

    def __iter__(self) -> Iterator[Moment]:
        """Yield moments: one for each frame, and one for each change of the camera's state.

        Raises:
            CameraError: the source cannot be opened, holds no frames, or was lost where that ends it.
        """
        moments = self._live() if self.source.live else self._film()
        for moment in moments:
            if self._on_moment is not None:
                self._on_moment(moment)
            yield moment

    def _film(self) -> Iterator[Moment]:
        live = CameraState(State.LIVE)
        with closing(self.source.open(self.settings.wanted)) as stream:
            for frame in film_frames(stream, self.settings):
                yield self._moment(frame, live, frame.seconds)

    def _live(self) -> Iterator[Moment]:
        last = -1
        with Capture(self.source, self.settings) as capture:
            while True:
                frame = capture.next_frame(last, _PATIENCE)
                states = capture.new_states()
                if frame is not None and states and states[-1].state is not State.LIVE:
                    # it came before the camera was lost
                    last = frame.index
                    yield self._moment(frame, CameraState(State.LIVE), frame.taken)
                    frame = None
                for state in states:
                    if state.state is State.LOST:
                        self._forget()
                    if state.state is not State.LIVE:
                        yield self._without_frame(state)
                if frame is not None:
                    last = frame.index
                    yield self._moment(frame, CameraState(State.LIVE), frame.taken)
                elif self._on_moment is not None:
                    self._on_moment(self._without_frame(capture.state))

    def _without_frame(self, state: CameraState) -> Moment:
        return Moment(None, Reading((), self._reading.size), self._published.text, self._published.status, state)

    def _forget(self) -> None:
        """Publish nothing of a camera that is lost."""
        self._tracker.forget()
        self._change.forget()
        self._parts.forget()
        self._attention.forget()
        self._reading = Reading((), self._reading.size)
        self._published = Published("", Status.NOTHING)

    def _moment(self, frame: Frame, camera: CameraState, clock: float) -> Moment:
        self._frames += 1
        self._recent_frames.append(time.monotonic())
        if self._reset_asked:
            self._reset_asked = False
            self._forget()
            self._publisher.reset()
        begun = time.perf_counter()
        region = region_of(self._roi, frame.pixels)
        pixels = cut(frame.pixels, region)
        stages: dict[str, float] = {}
        due = False
        if self._may_look(frame, clock):
            self._looked_at, begun_work = clock, time.thread_time()
            change = self._change.look(pixels)
            wanted = self._attention.wants(change, self._parts.reading, (pixels.shape[1], pixels.shape[0]), clock)
            due = wanted is not None and (self._pace is None or self._pace.allows(clock))
            stages["change"] = time.perf_counter() - begun
            if wanted is not None and due:
                self._read(frame, pixels, region, change, wanted, clock, stages)
            elif not change.motion.is_none:
                self._reading = self._as_seen(moved(self._parts.reading, change.motion), frame, region)
            if self._pace is not None:
                self._pace.spend(time.thread_time() - begun_work, clock)
        latency = time.monotonic() - frame.taken
        if due:
            self._recent_readings.append((time.monotonic(), latency))
        return Moment(
            frame,
            self._reading,
            self._published.text,
            self._published.status,
            camera,
            self._published.withheld,
            due,
            latency,
            stages,
        )

    def _read(
        self,
        frame: Frame,
        pixels: UInt8Array,
        place: Region,
        change: Change,
        wanted: Region,
        clock: float,
        stages: dict[str, float],
    ) -> None:
        """Read what is wanted of a frame, and publish what follows from it."""
        begun = time.perf_counter()
        # what a camera gives twice says nothing new, but it is there for longer
        if self._change.same(pixels):
            self._attention.note(change, clock, whole=True, news=None)
        else:
            update = self._parts.read(pixels, wanted, change.motion)
            self._attention.note(change, clock, whole=update.whole, news=update.news)
            self._change.mark_read(pixels)
            self._reading = self._as_seen(self._parts.reading, frame, place)
            self._readings += 1
        stages["read"] = time.perf_counter() - begun
        begun = time.perf_counter()
        digits = self._tracker.update(self._reading, clock)
        self._published = self._publisher.update(digits, clock)
        stages["track"] = time.perf_counter() - begun

    def _may_look(self, frame: Frame, clock: float) -> bool:
        """Tell whether it is a frame's turn to be read, if it shows anything new."""
        # what a decoder made up might be read as digits
        if frame.damaged:
            return False
        wanted = self.settings.max_fps
        if wanted is None:
            wanted = LIVE_READINGS_PER_SECOND if self.source.live else 0
        # frames do not come to the millisecond
        return not wanted or clock - self._looked_at >= 0.9 / wanted

    def _as_seen(self, reading: Reading, frame: Frame, place: Region) -> Reading:
        """Return a reading of the region that is read, as one of the whole frame."""
        height, width = frame.pixels.shape[:2]
        return self._judged(placed(reading, place, (width, height)))

    def _judged(self, reading: Reading) -> Reading:
        """Return a reading that says whether it is as expected; nothing in it is changed."""
        expectation = self.settings.expectation
        if expectation is None:
            return reading
        lines = reading.text.split("\n")
        fits = [UNREADABLE not in line and line != "" and expectation.accepts(line) for line in lines]
        return replace(reading, expected=all(fits))


def watch(
    source: str | int,
    reader: Reader,
    settings: LiveSettings | None = None,
    *,
    on_moment: Callable[[Moment], None] | None = None,
) -> Iterator[Moment]:
    """Yield what is seen, read and published, moment by moment.

    A live source gives its newest frame each time, and comes again after it was lost; a film gives every frame.

    Args:
        source: a camera's number, "/dev/video0", "usb:NAME", "csi:0", "rtsp://…", "http://…", a film, a folder or
            pattern of pictures, or "test:".
        reader: reads the frames.
        settings: how; None for the defaults.
        on_moment: called with every moment, and a few times a second while no frame comes, such as to keep a watchdog
            quiet. It must not block.

    Raises:
        CameraError: the text names no source, the source cannot be opened, or it was lost where that ends it.

    Example:
        >>> from edgedigits import Reader
        >>> for moment in watch("test:2021", Reader()):
        ...     if moment.status.value == "steady":
        ...         break
        >>> moment.published
        '2021'
    """
    return iter(Watch(source, reader, settings, on_moment=on_moment))


def _rate(times: list[float]) -> float:
    """Return how often a second something happens, from when it did of late."""
    return (len(times) - 1) / (times[-1] - times[0]) if len(times) > 1 and times[-1] > times[0] else 0.0
