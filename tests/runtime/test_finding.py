"""What finding promises: all ink is shown to the network, each thing is found once, and both finders are heard."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
import numpy.typing as npt
from hypothesis import given, settings
from hypothesis import strategies as st

from edgedigits import Reader
from edgedigits.finding.finder import PageFinder
from edgedigits.finding.joining import weigh
from edgedigits.finding.light import ink_levels
from edgedigits.finding.page import LABELS, Found
from edgedigits.finding.peaks import Peaks, find_peaks, merge_peaks
from edgedigits.finding.strokes import StrokeFinder
from edgedigits.finding.tiles import TILE, Tile, cut_tiles, place_tiles
from edgedigits.numbers import SURE
from tests.runtime.samples import draw_text

EVERYWHERE = np.array([[0.0, 0.0, 2000.0, 2000.0]])
BOX = (40.0, 40.0, 20.0, 40.0)


def found(label: str, evidence: float) -> Found:
    probabilities = np.full(10, 0.01, np.float32)
    probabilities[int(label)] = 0.91
    return Found(label, BOX, probabilities, evidence)


def peaks(*things: tuple[str, float, tuple[float, float, float, float]]) -> Peaks:
    """Return peaks that are something with some probability, else nothing."""
    table = np.zeros((len(things), len(LABELS)))
    for row, (label, probability, _) in zip(table, things, strict=True):
        row[LABELS.index(label)], row[0] = probability, 1 - probability
    return Peaks(table, np.array([box for *_, box in things]).reshape(-1, 4))


@given(st.integers(60, 500), st.integers(60, 500), st.integers(0, 1 << 30))
@settings(max_examples=25, deadline=None)
def test_every_stroke_lies_in_the_core_of_a_tile(height: int, width: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    grey = np.full((height, width), 230, np.uint8)
    for _ in range(4):
        middle = tuple(int(v) for v in rng.integers(20, (width - 20, height - 20)))
        cv2.circle(grey, middle, int(rng.integers(6, 18)), 40, 3)
    level = next(iter(ink_levels(grey)))
    tiles = place_tiles(level, EVERYWHERE)
    times = np.zeros(level.ink.shape, int)
    for tile in tiles:
        left, top, right, bottom = tile.core
        times[top:bottom, left:right] += 1
        assert tile.left <= max(left, 0)
        assert tile.left + TILE >= min(right, width)
    assert times[level.ink > 60].all()


def test_only_the_regions_that_are_asked_about_are_shown() -> None:
    level = next(iter(ink_levels(draw_text("7", size=(200, 200), height=60))))
    assert place_tiles(level, EVERYWHERE)
    assert place_tiles(level, np.array([[0.0, 0.0, 20.0, 20.0]])) == []


def test_a_small_level_lies_in_the_middle_of_its_tile() -> None:
    level = next(iter(ink_levels(draw_text("7", size=(60, 40), height=30))))
    (tile,) = place_tiles(level, EVERYWHERE)
    picture = cut_tiles(level, [tile])[0, ..., 0]
    rows, columns = np.nonzero(picture)
    assert rows.min() >= (TILE - 40) // 2
    assert columns.max() < (TILE + 60) // 2


def test_a_peak_tells_what_it_is_and_where() -> None:
    maps = np.zeros((1, 32, 32, len(LABELS) + 4), np.float32)
    maps[..., 0] = 9
    maps[0, 10, 12, 0], maps[0, 10, 12, LABELS.index("7")] = 0, 9
    maps[0, 10, 12, len(LABELS) :] = (2, 3, 2, 4)
    told = find_peaks(maps, [Tile(0, 0, (0, 0, 96, 96))], 2.0)
    assert LABELS[int(told.probabilities[0].argmax())] == "7"
    assert told.boxes.tolist() == [[(50 - 8) * 2, (42 - 12) * 2, 16 * 2, 28 * 2]]


def test_views_of_one_thing_are_one_and_neighbours_stay_two() -> None:
    views = peaks(("7", 0.9, (10, 10, 20, 40)), ("7", 0.8, (11, 9, 21, 41)), ("7", 0.9, (32, 10, 20, 40)))
    assert merge_peaks(views).boxes[:, 0].tolist() == [10, 32]


def test_what_the_strokes_took_for_a_digit_stays_one_unless_the_network_is_sure_of_something_else() -> None:
    digits, refused = weigh([found("3", 4.0)], [], peaks(("3", 0.9, BOX)))
    assert ([one.label for one in digits], refused) == (["3"], ())
    digits, refused = weigh([found("1", 4.0)], [], peaks(("/", 0.98, BOX)))
    assert (digits, [one.label for one in refused]) == ((), ["1"])


def test_what_the_network_does_not_see_is_left_to_the_strokes() -> None:
    digit = found("3", 2.0)
    assert weigh([digit], [], Peaks.none()) == ((digit,), ())


def test_among_letters_a_digit_must_be_surer_than_among_digits() -> None:
    beside = (64.0, 40.0, 20.0, 40.0)
    evidence = [
        weigh([found("3", 4.0)], [], peaks(("3", 0.9, BOX), (company, 0.95, beside)))[0][0].evidence
        for company in ("5", "other")
    ]
    assert evidence[0] > evidence[1]


def test_a_page_full_of_words_makes_a_lone_lookalike_a_letter() -> None:
    far = [("other", 0.95, (40.0 * i, 900.0, 20.0, 40.0)) for i in range(60)]
    digits = [("5", 0.95, box) for _, _, box in far]
    lookalike = ("0", 0.6, BOX)
    for page, kept in (([], 1), (digits, 1), (far, 0)):
        assert len(weigh([found("0", 2.0)], [], peaks(lookalike, *page))[0]) == kept


def test_what_is_doubtful_is_called_back_where_the_network_sees_a_digit_among_digits() -> None:
    beside = (64.0, 40.0, 20.0, 40.0)
    sure, doubtful = replace(found("5", 4.0), box=beside), found("3", -1.0)
    for label, called_back in (("3", ["5", "3"]), ("other", ["5"])):
        digits, refused = weigh([sure], [doubtful], peaks((label, 0.95, BOX), ("5", 0.95, beside)))
        assert ([one.label for one in digits], refused) == (called_back, ())


def test_nothing_is_called_back_on_a_page_without_any_digit() -> None:
    assert weigh([], [found("3", 1.0)], peaks(("3", 0.99, BOX))) == ((), ())


def test_both_say_which_digit_it_is() -> None:
    unsure = found("3", 4.0)
    unsure.probabilities[:] = 0.01
    unsure.probabilities[[3, 8]] = 0.48, 0.44
    assert weigh([unsure], [], peaks(("8", 0.95, BOX)))[0][0].label == "8"


def test_where_no_digit_is_found_the_network_is_not_asked() -> None:
    def never(tiles: npt.NDArray[np.uint8]) -> npt.NDArray[np.float32]:
        raise AssertionError("it was asked")

    finder = PageFinder(StrokeFinder(Reader().classify_glyphs), never)
    empty = finder.find(np.full((300, 400), 215, np.uint8))
    assert (empty.digits, empty.signs, empty.others) == ((), (), ())


def test_numbers_with_signs_are_read_as_written(reader: Reader) -> None:
    """Of rendered pages of decimals and times in any light, those with all their kinds of signs and no others."""
    from edgedigits_train.handwriting import render_scene

    right = total = 0
    for seed in range(40):
        scene = render_scene(9000 + seed, ("decimals", "times")[seed % 2])
        written = {sign.label for sign in scene.signs} & set(",.:")
        reading = reader.read(scene.image)
        told = {sign.label for sign in reading.signs if sign.confidence >= SURE} & set(",.:")
        total += 1
        right += written == told
    assert right >= 0.4 * total, f"{right} of {total}"


def test_where_no_engine_runs_the_page_network_digits_are_read_all_the_same() -> None:
    reading = Reader(engine="opencv").read(draw_text("2 3 4 5", size=(400, 200), height=60))
    assert reading.text == "2345"
