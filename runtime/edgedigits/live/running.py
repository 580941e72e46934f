"""Running: a watch with its outputs, from the first frame to the end."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field

from edgedigits.errors import InputError
from edgedigits.live.capture import CameraState, State
from edgedigits.live.outputs import Delivery, Output, Snapshots, Webhook
from edgedigits.live.outputs.window import Window
from edgedigits.live.settings import LiveSettings, OutputSettings
from edgedigits.live.watching import Moment, Watch
from edgedigits.reader import Reader


@dataclass
class Profile:
    """Where the time went.

    Attributes:
        seconds: by stage.
        frames, readings: how many there were.
        latencies: seconds from each read frame's arrival to its reading.
        begun, begun_cpu: when it began, on the clock of the wall and of this process.
    """

    seconds: dict[str, float] = field(default_factory=lambda: defaultdict(float))
    frames: int = 0
    readings: int = 0
    latencies: list[float] = field(default_factory=list)
    begun: float = field(default_factory=time.monotonic)
    begun_cpu: float = field(default_factory=time.process_time)

    def add(self, moment: Moment) -> None:
        """Take in a moment."""
        if moment.frame is None:
            return
        self.frames += 1
        self.readings += moment.fresh
        if moment.fresh:
            self.latencies.append(moment.latency)
            # a day of readings need not be kept to know how late they were
            del self.latencies[:-10_000]
        for stage, seconds in moment.stages.items():
            self.seconds[stage] += seconds

    def lines(self) -> Iterator[str]:
        """Yield the table that --profile prints."""
        wall, cpu = time.monotonic() - self.begun, time.process_time() - self.begun_cpu
        share = 100 * cpu / max(wall, 1e-9)
        yield f"{self.frames} frames, {self.readings} read, in {wall:.1f} s; {share:.0f} % of a core"
        if self.latencies:
            ordered = sorted(self.latencies)
            middle, late = ordered[len(ordered) // 2], ordered[int(0.95 * (len(ordered) - 1))]
            yield f"from frame to answer: median {1000 * middle:.0f} ms, 95 % within {1000 * late:.0f} ms"
        for stage, seconds in sorted(self.seconds.items(), key=lambda item: -item[1]):
            count = self.readings if stage in ("read", "track") else self.frames
            yield f"  {stage:<8} {seconds:8.2f} s  {1000 * seconds / max(count, 1):7.2f} ms each"


@dataclass(frozen=True)
class Page:
    """A page that is served.

    Attributes:
        url: where it is.
        show: takes moments; quick.
    """

    url: str
    show: Callable[[Moment], None]


@contextmanager
def served(outputs: OutputSettings, make_reader: Callable[[], Reader], watch: Watch | None = None) -> Iterator[Page]:
    """Serve the page for the length of a `with` block.

    Args:
        outputs: its address, token, name, and where corrections are kept.
        make_reader: makes the reader of pictures that are sent.
        watch: what is watched; None for a page without a camera.

    Raises:
        InputError: the extra `server` is not installed, the address cannot be had, or a token is needed.
    """
    try:
        from edgedigits.live.page.access import Address, checked_token
        from edgedigits.live.page.app import build_app
        from edgedigits.live.page.board import Board
        from edgedigits.live.page.server import Server
    except ImportError as error:
        raise InputError(f"The page needs `pip install 'edgedigits[server]'` ({error}).") from error
    address = Address.parse(outputs.serve or "8000")
    token = checked_token(address, outputs.token)
    board = Board(outputs.name, watch)
    with Server(build_app(board, make_reader, outputs.corrections), address, token) as server:
        try:
            yield Page(server.url, board.put)
        finally:
            board.close()


def run(
    source: str,
    reader: Reader,
    settings: LiveSettings,
    outputs: OutputSettings,
    *,
    make_reader: Callable[[], Reader] = Reader,
    printer: Output | None = None,
    window: bool = False,
    frames: int | None = None,
    log: Callable[[str], None] = lambda line: None,
    on_moment: Callable[[Moment], None] | None = None,
    profile: Profile | None = None,
) -> None:
    """Watch a source and bring what is read everywhere it is to go, until the source ends.

    Args:
        source: what `watch` takes.
        reader: reads the frames.
        settings: how it is watched.
        outputs: where moments go.
        make_reader: makes another reader, for pictures that are sent to the page.
        printer: an output for the program's own lines; None for none.
        window: whether frames are shown on the screen; closing the window ends it.
        frames: after so many it ends; None for no end.
        log: takes lines for people: states of the camera, problems of outputs.
        on_moment: called with every moment, and a few times a second without one, such as to keep a watchdog quiet.
        profile: takes in where the time goes.

    Raises:
        CameraError: the source cannot be opened, or was lost where that ends it.
        InputError: an output cannot be had.
        BrokenPipeError: nobody reads the printer's lines any more.

    Example:
        >>> from edgedigits import Reader
        >>> run("test:7", Reader(), LiveSettings(), OutputSettings(), frames=1)
    """
    watch = Watch(source, reader, settings, on_moment=on_moment)
    with ExitStack() as stack:
        shown = Window() if window else None
        if shown:
            stack.callback(shown.close)
        deliveries = [
            stack.enter_context(Delivery(output, lossless=not watch.source.live, on_problem=log))
            for output in _chosen(outputs, printer, watch, log)
        ]
        page = stack.enter_context(served(outputs, make_reader, watch)) if outputs.serve else None
        if page:
            log(f"page: {page.url}")
        count = 0
        state = CameraState(State.CONNECTING)
        moments = iter(watch)
        stack.callback(getattr(moments, "close", lambda: None))
        for moment in moments:
            if watch.source.live and moment.camera != state:
                state = moment.camera
                log(_sentence(watch.source.name, moment))
            begun = time.perf_counter()
            for delivery in deliveries:
                delivery.put(moment)
                if delivery.reader_left:
                    raise BrokenPipeError
            if page is not None:
                page.show(moment)
            moment.stages["output"] = time.perf_counter() - begun
            if profile is not None:
                profile.add(moment)
            if shown is not None and shown.show(moment):
                return
            count += moment.frame is not None
            if count == frames:
                return


def _chosen(
    outputs: OutputSettings, printer: Output | None, watch: Watch, log: Callable[[str], None]
) -> Iterator[Output]:
    if printer is not None:
        yield printer
    if outputs.snapshots is not None:
        yield Snapshots(outputs.snapshots)
    if outputs.post is not None:
        yield Webhook(outputs.post)
    if outputs.mqtt is not None:
        try:
            from edgedigits.live.outputs.mqtt import Mqtt
        except ImportError as error:
            raise InputError(f"--mqtt needs `pip install 'edgedigits[mqtt]'` ({error}).") from error
        yield Mqtt(outputs, watch.reset, log)


def _sentence(name: str, moment: Moment) -> str:
    """Return a line on the camera's state."""
    state = moment.camera
    if state.reason:
        return f"{state.state.value}: {state.reason}"
    if moment.frame is not None and state.state is State.LIVE:
        height, width = moment.frame.pixels.shape[:2]
        return f"live: {name}, {width} × {height}"
    return f"{state.state.value}: {name}"
