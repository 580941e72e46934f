"""Watching: the newest frame, what moved and nothing else, a camera that is lost, stalls and freezes."""

from __future__ import annotations

import itertools
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from edgedigits import Digit, InputError, Reader, Reading
from edgedigits.live import LiveSettings, Moment, Watch, watch
from edgedigits.live.capture import CameraState, Capture, LostError, State
from edgedigits.live.change import ChangeDetector
from edgedigits.live.sources import CameraError
from edgedigits.live.sources.base import Picture, Wanted
from tests.runtime.samples import draw_text, write_clip

QUIET = np.full((48, 64, 3), 180, np.uint8)


def grainy(level: int) -> np.ndarray:
    rng = np.random.default_rng(level)
    return np.clip(QUIET.astype(int) + rng.integers(-3, 4, QUIET.shape), 0, 255).astype(np.uint8)


@dataclass
class Script:
    """A live source whose streams do, one after the other, what functions say; each yields pictures or raises."""

    streams: list[Callable[[], Any]]
    name: str = "the camera"
    live: bool = True
    opened: int = 0
    closed: list[int] = field(default_factory=list)

    def open(self, _: Wanted) -> Any:
        number = self.opened
        self.opened += 1
        pictures = iter(self.streams[min(number, len(self.streams) - 1)]())
        script = self

        class Stream:
            def read(self) -> Picture | None:
                return next(pictures, None)

            def close(self) -> None:
                script.closed.append(number)

        return Stream()


def steadily(pause: float = 0.01, frames: int = 10**9) -> Callable[[], Any]:
    def run() -> Any:
        for index in range(frames):
            time.sleep(pause)
            yield Picture(grainy(index))

    return run


def states_until(source: Script, settings: LiveSettings, wanted: State, frames: int = 0) -> list[CameraState]:
    seen: list[CameraState] = []
    with Capture(source, settings, seen.append) as capture:
        last = -1
        for _ in range(600):
            frame = capture.next_frame(last, 0.05)
            last = frame.index if frame else last
            if any(state.state is wanted for state in seen) and last >= frames:
                return seen
    pytest.fail(f"{wanted} never came: {seen}")


class TestCapture:
    def test_a_slow_reader_gets_the_newest_frame(self) -> None:
        given = itertools.count()
        newest = 0

        def run() -> Any:
            nonlocal newest
            for picture in steadily()():
                newest = next(given)
                yield picture

        with Capture(Script([run]), LiveSettings()) as capture:
            taken = []
            last = -1
            for _ in range(5):
                time.sleep(0.3)
                before = newest
                frame = capture.next_frame(last, 5)
                assert frame is not None
                assert frame.index >= before - 1
                last = frame.index
                taken.append(last)
        assert all(b - a > 2 for a, b in itertools.pairwise(taken))

    def test_a_source_that_ends_is_opened_again_and_counts_on(self) -> None:
        source = Script([steadily(frames=3), steadily()])
        states = states_until(source, LiveSettings(), State.LOST, frames=10)
        assert [state.state for state in states[:3]] == [State.CONNECTING, State.LIVE, State.LOST]
        assert "trying again in 0.5 s" in states[2].reason
        assert source.closed[0] == 0

    def test_pauses_grow_while_nobody_answers(self) -> None:
        def refuse() -> Any:
            raise CameraError("nobody is there.")

        source = Script([refuse])
        source.open = lambda _: refuse()  # type: ignore[method-assign]
        seen: list[CameraState] = []
        with Capture(source, LiveSettings(), seen.append):
            while sum(state.state is State.LOST for state in seen) < 2:
                time.sleep(0.05)
        assert [state.reason for state in seen if state.state is State.LOST] == [
            "nobody is there; trying again in 1 s",
            "nobody is there; trying again in 2 s",
        ]

    def test_what_a_driver_raises_is_a_loss_like_any_other(self) -> None:
        def broken() -> Any:
            yield Picture(grainy(0))
            raise ZeroDivisionError("in the driver")

        states = states_until(Script([broken, steadily()]), LiveSettings(), State.LOST, frames=3)
        assert "ZeroDivisionError: in the driver" in next(s.reason for s in states if s.state is State.LOST)

    def test_silence_is_a_stall_and_no_loss(self) -> None:
        def falter() -> Any:
            yield Picture(grainy(0))
            time.sleep(1)
            yield from steadily()()

        states = states_until(Script([falter]), LiveSettings(stalled_after=0.2), State.STALLED, frames=3)
        assert [state.state for state in states] == [State.CONNECTING, State.LIVE, State.STALLED, State.LIVE]

    def test_a_driver_that_hangs_is_left_alone_and_opened_anew(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("edgedigits.live.capture._GIVEN_UP_AFTER", 0.5)
        free = threading.Event()

        def hang() -> Any:
            yield Picture(grainy(0))
            free.wait(60)

        source = Script([hang, steadily()])
        states = states_until(source, LiveSettings(stalled_after=0.2, read_timeout=0.1), State.LOST, frames=5)
        assert "hangs" in next(s.reason for s in states if s.state is State.LOST)
        assert source.closed != [0], "a driver must not be released under its own feet"
        free.set()

    def test_the_same_picture_for_ever_is_frozen_but_a_still_scene_is_not(self) -> None:
        def frozen() -> Any:
            while True:
                time.sleep(0.01)
                yield Picture(QUIET.copy())

        states = states_until(Script([frozen]), LiveSettings(frozen_after=0.3), State.LOST)
        assert "bit for bit" in states[-1].reason or any("bit for bit" in state.reason for state in states)
        seen: list[CameraState] = []
        with Capture(Script([steadily()]), LiveSettings(frozen_after=0.3), seen.append):
            time.sleep(0.8)
        assert [state.state for state in seen] == [State.CONNECTING, State.LIVE]

    def test_a_camera_that_gives_a_frame_is_live_already(self) -> None:
        """Else its first frame would be taken for one from before it connected."""

        class Hesitant(Capture):
            def _set_state(self, state: State, reason: str = "") -> None:
                if state is State.LIVE:
                    time.sleep(0.3)
                super()._set_state(state, reason)

        with Hesitant(Script([steadily()]), LiveSettings()) as capture:
            assert capture.next_frame(-1, 60) is not None
            assert [state.state for state in capture.new_states()] == [State.CONNECTING, State.LIVE]

    def test_loss_can_be_the_end(self) -> None:
        with Capture(Script([steadily(frames=2)]), LiveSettings(exit_on_loss=True)) as capture:
            last = -1
            with pytest.raises(LostError, match="gives no frames any more") as raised:  # noqa: PT012
                while True:
                    frame = capture.next_frame(last, 1)
                    last = frame.index if frame else last
        assert raised.value.exit_code == 1

    def test_what_is_in_vain_is_not_tried_again_unless_it_is_waited_for(self) -> None:
        def refuse(_: Wanted) -> Any:
            raise CameraError("no such camera.", final=True)

        source = Script([])
        source.open = refuse  # type: ignore[method-assign]
        with Capture(source, LiveSettings()) as capture, pytest.raises(CameraError, match="no such camera"):
            capture.next_frame(-1, 5)
        states = states_until(source, LiveSettings(wait=True), State.LOST, frames=-1)
        assert "trying again" in states[-1].reason

    @pytest.mark.skipif(not sys.platform.startswith("linux"), reason="descriptors belong to the whole process there")
    def test_what_decoders_write_to_stderr_is_not_seen_and_all_else_is(self) -> None:
        code = """
import os
from edgedigits.live import LiveSettings
from edgedigits.live.capture import Capture
from tests.runtime.live.test_watching import Picture, Script, grainy

def complaining():
    for index in range(10**9):
        os.write(2, b"Corrupt JPEG data")
        yield Picture(grainy(index))

before = len(os.listdir("/proc/self/fd"))
with Capture(Script([complaining]), LiveSettings()) as capture:
    for last in range(-1, 50):
        assert capture.next_frame(last, 5)
        os.write(2, b".")
print(len(os.listdir("/proc/self/fd")) - before)
"""
        run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
        assert run.stderr == 51 * "."
        assert run.stdout.strip() == "0"

    def test_it_ends_at_once_while_a_driver_hangs(self) -> None:
        free = threading.Event()
        source = Script([])
        source.open = lambda _: free.wait()  # type: ignore[method-assign]
        with Capture(source, LiveSettings()):
            time.sleep(0.05)
        # that it got here, with the driver as it was, is the proof
        free.set()


class CountingReader:
    """Reads a 7 in every frame, and counts."""

    def __init__(self) -> None:
        self.sizes: list[tuple[int, ...]] = []

    def read(self, pixels: np.ndarray, *, threshold: float | None = None) -> Reading:
        self.sizes.append(pixels.shape)
        return Reading((Digit(7, 0.95, (5, 5, 20, 30)),), (pixels.shape[1], pixels.shape[0]))


def moments_of(
    streams: list[Callable[[], Any]], settings: LiveSettings, frames: int
) -> tuple[list[Moment], Any, Watch]:
    reader: Any = CountingReader()
    watching = Watch("test:", reader, settings)
    watching.source = Script(streams)
    with closing(iter(watching)) as moments:  # type: ignore[type-var]
        taken = list(itertools.islice((moment for moment in moments if moment.frame), frames))
    return taken, reader, watching


class TestWatch:
    def test_what_does_not_move_is_read_three_times_and_then_now_and_then(self) -> None:
        taken, reader, _ = moments_of([steadily()], LiveSettings(max_fps=50, reread=1.0), 150)
        elapsed = taken[-1].seconds - taken[0].seconds
        assert 4 <= len(reader.sizes) <= 25 + elapsed
        assert taken[-1].published == "7"
        assert sum(moment.fresh for moment in taken) == len(reader.sizes)

    def test_what_moves_is_read_no_more_often_than_it_may_be(self) -> None:
        def moving() -> Any:
            for index in itertools.count():
                time.sleep(0.01)
                picture = grainy(index)
                picture[:, index % 56 : index % 56 + 8] = 20
                yield Picture(picture)

        taken, reader, _ = moments_of([moving], LiveSettings(max_fps=10), 150)
        elapsed = taken[-1].seconds - taken[0].seconds
        assert elapsed * 4 < len(reader.sizes) <= elapsed * 11.5 + 2

    def test_damaged_frames_are_marked_and_not_read(self) -> None:
        def damaged() -> Any:
            for index in itertools.count():
                time.sleep(0.01)
                yield Picture(grainy(index), damaged=index % 2 == 1)

        taken, _, _ = moments_of([damaged], LiveSettings(max_fps=0), 30)
        marked = [moment for moment in taken if moment.frame and moment.frame.damaged]
        assert marked
        assert not any(moment.fresh for moment in marked)
        assert marked[0].as_dict()["damaged"] is True

    def test_the_region_is_read_and_boxes_are_of_the_whole_frame(self) -> None:
        taken, reader, watching = moments_of([steadily()], LiveSettings(roi=(0.5, 0.25, 0.5, 0.5)), 3)
        assert reader.sizes[0] == (24, 32, 3)
        assert taken[0].reading.digits[0].box == (37, 17, 20, 30)
        assert taken[0].reading.size == (64, 48)
        with pytest.raises(InputError, match="roi"):
            watching.roi = (0, 0, 0, 0)

    def test_a_lost_camera_publishes_nothing(self) -> None:
        reader: Any = CountingReader()
        watching = Watch("test:", reader, LiveSettings(max_fps=0))
        watching.source = Script([steadily(frames=60), steadily()])
        published: list[tuple[str, str]] = []
        with closing(iter(watching)) as moments:  # type: ignore[type-var]
            for moment in moments:
                published.append((moment.camera.state.value, moment.published))
                if ("lost", "") in published and published[-1] == ("live", "7"):
                    break
        assert ("live", "7") in published[: published.index(("lost", ""))]

    def test_someone_hears_of_it_while_no_frame_comes(self) -> None:
        heard: list[Moment] = []
        reader: Any = CountingReader()
        free = threading.Event()
        watching = Watch("test:", reader, on_moment=heard.append)
        watching.source = Script([])
        watching.source.open = lambda _: free.wait(60)  # type: ignore[method-assign]

        def run() -> None:
            for _ in watching:
                if free.is_set():
                    return

        thread = threading.Thread(target=run, daemon=True)
        thread.start()
        while len(heard) < 4:
            time.sleep(0.05)
        assert all(moment.frame is None for moment in heard)
        free.set()

    def test_a_reset_lets_any_number_come(self) -> None:
        watching = Watch("test:", CountingReader(), LiveSettings(monotonic="up"))  # type: ignore[arg-type]
        watching._publisher.plausibility.allows("900")
        assert not watching._publisher.plausibility.allows("7")
        watching.source = Script([steadily()])
        watching.reset()
        with closing(iter(watching)) as moments:  # type: ignore[type-var]
            assert next(moment.published for moment in moments if moment.published) == "7"

    def test_the_library_works_without_the_command_line(self, reader: Reader) -> None:
        for moment in watch("test:2021", reader, LiveSettings(size=(320, 240))):
            if moment.published == "2021":
                break
        assert moment.raw == "2021"
        assert moment.status.value == "steady"

    def test_a_film_is_read_frame_by_frame_but_not_where_nothing_moves(self, tmp_path: Path) -> None:
        path = tmp_path / "film.avi"
        write_clip(str(path), [draw_text("7")] * 40, rate=20)
        counting: Any = CountingReader()
        taken = list(watch(str(path), counting))
        assert [moment.frame.index for moment in taken if moment.frame] == list(range(40))
        assert len(counting.sizes) < 10
        assert [moment.published for moment in taken][6:] == ["7"] * 34


class TestChange:
    @pytest.mark.parametrize("size", [(640, 480), (320, 240)])
    def test_a_stroke_is_a_change_and_noise_is_none(self, size: tuple[int, int]) -> None:
        rng = np.random.default_rng(5)
        paper = np.full((size[1], size[0], 3), 200.0)

        def seen(picture: np.ndarray, gain: float = 1.0) -> np.ndarray:
            return np.clip(gain * picture + rng.normal(0, 4, picture.shape), 0, 255).astype(np.uint8)

        change = ChangeDetector()
        assert change.look(seen(paper)).region == (0, 0, *size)
        change.mark_read(seen(paper))
        assert change.look(seen(paper)).region is None
        assert change.look(seen(paper, 0.8)).region is None, "lamps that dim are no change"
        stroke = paper.copy()
        width = max(2, size[0] // 200)
        stroke[size[1] // 2 : size[1] // 2 + 8 * width, size[0] // 2 : size[0] // 2 + width] = 60
        region = change.look(seen(stroke)).region
        assert region is not None
        assert region[0] <= size[0] // 2 < region[0] + region[2] < size[0] // 2 + 40
        assert region[1] <= size[1] // 2 < region[1] + region[3] < size[1] // 2 + 8 * width + 40


def test_settings_that_make_no_sense_are_said() -> None:
    for wrong, says in (
        ({"rotate": 45}, "90"),
        ({"sure": 0.4}, "between"),
        ({"hold": -1.0}, "hold"),
        ({"readings": 0}, "readings"),
        ({"pattern": "("}, "regular expression"),
        ({"mains": 70}, "50 or 60"),
    ):
        with pytest.raises(InputError, match=says):
            replace(LiveSettings(), **wrong)  # type: ignore[arg-type]


def test_predict_imports_nothing_of_it() -> None:
    code = "import sys, edgedigits.cli.predict, edgedigits; print([m for m in sys.modules if 'edgedigits.live' in m])"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "[]"
