"""Work follows change: what is read anew, and that what is carried over is what a reading of the whole would say."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

import cv2
import numpy as np
import pytest

from edgedigits import Digit, Reader, Reading
from edgedigits.live import LiveSettings, Moment, Watch
from edgedigits.live.attention import Pace
from edgedigits.live.capture import CameraState, State
from edgedigits.live.change import ChangeDetector
from edgedigits.live.framing import Frame
from edgedigits.live.motion import Motion
from edgedigits.live.parts import PartReader, confirmed_by
from edgedigits.live.sources.scenes import render

RATE = 30
SIZE = (640, 480)


def wall(numbers: Iterable[str]) -> np.ndarray:
    """Return a picture, (480, 640, 3), of four small sheets, each with its number."""
    sheets = [render(1.0, number, (320, 240)) for number in numbers]
    return np.vstack([np.hstack(sheets[:2]), np.hstack(sheets[2:])])


NOISE = np.random.default_rng(3).standard_normal((5, SIZE[1], SIZE[0], 3), np.float32)


def seen(picture: np.ndarray, index: int, gain: float = 1.0, noise: float = 3.0) -> np.ndarray:
    return np.clip(gain * picture + noise * NOISE[index % len(NOISE)], 0, 255).astype(np.uint8)


def still(picture: np.ndarray, noise: float = 3.0) -> Callable[[int], np.ndarray]:
    """Return what a camera shows of a picture, by the number of the frame."""
    shown = [seen(picture, i, noise=noise) for i in range(len(NOISE))]
    return lambda index: shown[index % len(shown)]


def panned(picture: np.ndarray, x: float, y: float, turn: float = 0.0) -> np.ndarray:
    matrix = cv2.getRotationMatrix2D((320, 240), turn, 1)
    matrix[:, 2] += [x, y]
    return cv2.warpAffine(picture, matrix, SIZE, borderMode=cv2.BORDER_REPLICATE)


@dataclass
class Noting:
    """A reader that notes how large the pictures were that it read."""

    reader: Reader
    shapes: list[tuple[int, int]] = field(default_factory=list)

    def read(self, pixels: np.ndarray, *, threshold: float | None = None) -> Reading:
        self.shapes.append(pixels.shape[:2])
        return self.reader.read(pixels, threshold=threshold)

    @property
    def shares(self) -> list[float]:
        return [height * width / (SIZE[0] * SIZE[1]) for height, width in self.shapes]


def watched(
    reader: Reader, picture_at: Callable[[int], np.ndarray], frames: int, settings: LiveSettings | None = None
) -> tuple[list[Moment], Noting]:
    """Return what comes of frames at 30 a second, however long reading takes."""
    noting = Noting(reader)
    watch = Watch("test:", noting, settings or LiveSettings(max_fps=10))  # type: ignore[arg-type]
    live = CameraState(State.LIVE)
    moments = [watch._moment(Frame(i, i / RATE, picture_at(i)), live, i / RATE) for i in range(frames)]
    return moments, noting


class TestParts:
    def test_one_number_changes_and_the_others_are_not_read_again(self, reader: Reader) -> None:
        """What is known at any time is what reading the whole frame says, at less than half its price."""
        first, second = wall(["20", "73", "94", "58"]), wall(["20", "73", "16", "58"])
        shows, then = still(first), still(second)
        moments, noting = watched(reader, lambda i: (shows if i < 30 else then)(i), 58)
        for moment in moments[::9]:
            assert moment.frame is not None
            whole = reader.read(moment.frame.pixels)
            assert moment.raw == whole.text
            assert [d.line for d in moment.reading.digits] == [d.line for d in whole.digits]
            assert np.allclose([d.box for d in moment.reading.digits], [d.box for d in whole.digits], atol=6)
        assert moments[29].published == "2073\n9458"
        assert moments[-1].published == "2073\n1658"
        assert sum(share == 1 for share in noting.shares) <= 5, "three to settle, one for what changed, one reread"
        assert len(noting.shares) >= 7
        assert min(noting.shares) < 0.6

    def test_what_moves_beside_a_number_costs_its_own_size(self, reader: Reader) -> None:
        numbers = wall(["20", "73", "", "58"])

        def picture_at(index: int) -> np.ndarray:
            picture = numbers.copy()
            picture[250:470, 10:300] = 120
            cv2.circle(picture, (60 + 8 * (index % 20), 360), 30, (60, 90, 160), -1)
            return seen(picture, index)

        moments, noting = watched(reader, picture_at, 90, LiveSettings(max_fps=10, reread=10))
        assert moments[-1].published == reader.read(picture_at(89)).text
        assert len(noting.shares) >= 25
        assert np.median(noting.shares) < 0.6

    def test_a_part_that_says_otherwise_is_not_believed(self) -> None:
        """The whole is read then; and a part that was wrong is not asked again before the next whole reading."""

        class Misled:
            def __init__(self) -> None:
                self.shapes: list[tuple[int, ...]] = []

            def read(self, pixels: np.ndarray, *, threshold: float | None = None) -> Reading:
                self.shapes.append(pixels.shape[:2])
                value = 7 if pixels.shape[:2] == (480, 640) else 1
                left = 500 if value == 7 else pixels.shape[1] - 140
                return Reading((Digit(value, 0.9, (left, 40, 20, 30)),), pixels.shape[1::-1])

        misled = Misled()
        parts = PartReader(misled)
        frame = np.zeros((480, 640, 3), np.uint8)
        parts.read(frame, (0, 0, 640, 480), Motion.none())
        for _ in range(2):
            assert parts.read(frame, (500, 40, 20, 20), Motion.none()).news is None
            assert [digit.value for digit in parts.reading.digits] == [7]
        assert [shape == (480, 640) for shape in misled.shapes] == [True, False, True, True]

    def test_a_part_confirms_only_the_same_digits_in_the_same_places(self) -> None:
        here, there = Digit(4, 0.9, (100, 100, 20, 30), line=1), Digit(2, 0.9, (400, 100, 20, 30))
        known = Reading((here, there), SIZE)
        region = (80, 80, 100, 100)

        def part(*digits: Digit) -> Reading:
            return Reading(digits, SIZE)

        again = confirmed_by(known, part(Digit(4, 0.7, (101, 99, 20, 30))), region)
        assert again is not None
        assert [(d.value, d.confidence, d.line) for d in again.digits] == [(4, 0.7, 1), (2, 0.9, 0)]
        assert confirmed_by(known, part(), region) is None
        assert confirmed_by(known, part(Digit(9, 0.9, (101, 99, 20, 30))), region) is None
        assert confirmed_by(known, part(Digit(4, 0.9, (140, 99, 20, 30))), region) is None
        assert confirmed_by(known, part(here, there), region) is None


class TestStill:
    @pytest.mark.parametrize("noise", [3.0, 8.0])
    def test_noise_is_read_now_and_then(self, reader: Reader, noise: float) -> None:
        moments, noting = watched(reader, still(render(1.0, "2021", SIZE), noise), 150)
        assert moments[-1].published == "2021"
        assert 5 <= len(noting.shapes) <= 6, "four to settle, and one every two seconds"

    @pytest.mark.parametrize("gain", [0.6, 0.75, 1.08])
    def test_a_step_of_the_exposure_neither_freezes_nor_is_read_for_ever(self, reader: Reader, gain: float) -> None:
        before, after = (0.9 * render(1.0, number, SIZE) for number in ("2021", "2027"))

        shows = [still(before), still(gain * before), still(gain * after)]
        moments, noting = watched(reader, lambda i: shows[min(i // 30, 2)](i), 90, LiveSettings(max_fps=10, reread=60))
        assert moments[59].published == "2021"
        assert moments[75].published == "2027", "half a second after it came"
        assert not any(moment.fresh for moment in moments[45:60] + moments[80:])
        assert len(noting.shapes) <= 14

    def test_lamps_that_flicker_are_no_change(self, reader: Reader) -> None:
        picture = 0.8 * render(1.0, "2021", SIZE)
        rows = np.arange(SIZE[1])[:, None, None] / SIZE[1]

        def picture_at(index: int) -> np.ndarray:
            return seen(picture * (1 + 0.06 * np.sin(6 * rows + 1.7 * index)), index)

        moments, noting = watched(reader, picture_at, 75)
        assert moments[-1].published == "2021"
        assert len(noting.shapes) <= 7


class TestMotion:
    def test_a_camera_that_sways_reads_nothing_anew_and_boxes_follow(self, reader: Reader) -> None:
        picture = render(1.0, "2021", SIZE)

        def picture_at(index: int) -> np.ndarray:
            away = 8 * np.sin(index / 9)
            return seen(panned(picture, away, away / 2, away / 8), index)

        moments, noting = watched(reader, picture_at, 90, LiveSettings(max_fps=10, reread=60))
        assert len(noting.shapes) <= 14, "of thirty that might be"
        for moment in moments[40::10]:
            assert moment.frame is not None
            whole = reader.read(moment.frame.pixels)
            assert moment.raw == whole.text == "2021"
            assert np.allclose([d.box for d in moment.reading.digits], [d.box for d in whole.digits], atol=5)

    def test_a_number_that_changes_while_the_camera_sways_is_noticed(self, reader: Reader) -> None:
        pictures = [render(1.0, number, SIZE) for number in ("3021", "8021")]

        def picture_at(index: int) -> np.ndarray:
            away = 10 * np.sin(index / 7)
            return seen(panned(pictures[index >= 30], away, away / 2), index)

        moments, _ = watched(reader, picture_at, 50, LiveSettings(max_fps=10, reread=60))
        assert moments[29].published == "3021"
        assert moments[45].published == "8021", "half a second after it came"

    def test_what_comes_into_view_is_read(self, reader: Reader) -> None:
        wide = np.hstack([render(1.0, "20", SIZE), render(1.0, "47", SIZE)])

        def picture_at(index: int) -> np.ndarray:
            left = min(640, 16 * max(0, index - 20))
            return seen(wide[:, left : left + 640], index)

        moments, _ = watched(reader, picture_at, 76, LiveSettings(max_fps=10, reread=60))
        assert moments[19].published == "20"
        assert moments[-1].published == "47"

    def test_a_region_without_corners_has_no_motion(self) -> None:
        detector = ChangeDetector()
        detector.mark_read(np.full((48, 64, 3), 200, np.uint8))
        change = detector.look(np.vstack([np.full((24, 64, 3), 200, np.uint8), np.full((24, 64, 3), 20, np.uint8)]))
        assert change.motion.is_none
        assert change.region is not None


class TestPace:
    def test_dear_readings_come_less_often_but_a_few_in_a_row_always(self) -> None:
        pace = Pace(0.25, at_once=4)
        clock, done = 0.0, []
        while clock < 60:
            if pace.allows(clock):
                clock += 0.2
                pace.spend(0.2, clock)
                done.append(clock)
            clock += 0.1
        assert done[3] < 1.5, "four in a row"
        assert 0.2 <= 0.2 * len(done) / 60 <= 0.28

    def test_cheap_readings_are_never_held_back(self) -> None:
        pace = Pace(0.25, at_once=4)
        for index in range(600):
            assert pace.allows(index / 10)
            pace.spend(0.02, index / 10 + 0.02)

    def test_who_names_a_rate_gets_it(self, reader: Reader) -> None:
        assert Watch("test:", reader)._pace is not None
        assert Watch("test:", reader, LiveSettings(max_fps=10))._pace is None
