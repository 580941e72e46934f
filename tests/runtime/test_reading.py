"""What the stages of reading promise: even light, whole strokes, no ruling, reading order, and no crash on anything."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edgedigits import Reader
from edgedigits.explaining import explain_reading
from edgedigits.finding.light import ink_levels
from edgedigits.finding.lines import reading_lines
from edgedigits.finding.turning import likely_turn, turn_back
from edgedigits.reading import Classification
from edgedigits.stages.choice import DOUBTFUL, choose, sort_views
from edgedigits.stages.cuts import cut_hypotheses
from edgedigits.stages.hypotheses import Hypothesis, joined_hypotheses, single_hypotheses, whole_hypothesis
from edgedigits.stages.recognition import recognise
from edgedigits.stages.ruling import find_ruling
from edgedigits.stages.strokes import find_strokes
from tests.conftest import LabelledGlyphs
from tests.measuring import cpu_seconds
from tests.runtime.samples import draw_text

Picture = npt.NDArray[np.uint8]


def page_of(glyphs: npt.NDArray[np.uint8], *, zoom: int = 4, gap: int = 20, paper: int = 210, ink: int = 50) -> Picture:
    """Return a row of MNIST digits written in grey ink on grey paper."""
    cell = 28 * zoom
    page = np.full((cell + 80, len(glyphs) * (cell + gap) + 80), float(paper))
    for i, glyph in enumerate(glyphs):
        big = cv2.resize(glyph, (cell, cell), interpolation=cv2.INTER_CUBIC) / 255.0
        left = 40 + i * (cell + gap)
        page[40 : 40 + cell, left : left + cell] += (ink - paper) * big
    return np.clip(page, 0, 255).astype(np.uint8)


def rows_read(reader: Reader, mnist: LabelledGlyphs, change: object, rows: int = 25, count: int = 4) -> float:
    """Return the share of digits in rows of MNIST digits that are read after the page was changed."""
    right = 0
    for row in range(rows):
        part = slice(row * count, row * count + count)
        page = change(page_of(mnist.images[part]))  # type: ignore[operator]
        expected = "".join(map(str, mnist.labels[part]))
        right += sum(a == b for a, b in zip(reader.read(page).text, expected, strict=False))
    return right / (rows * count)


def shadowed(page: Picture) -> Picture:
    """A hard shadow over the left half, its edge across the digits, on paper lit from the right."""
    light = np.linspace(0.6, 1.0, page.shape[1])[np.newaxis].repeat(page.shape[0], axis=0)
    edge = np.linspace(0.4, 0.6, page.shape[0]) * page.shape[1]
    light[np.arange(page.shape[1]) < edge[:, np.newaxis]] *= 0.5
    return np.clip(page * light, 0, 255).astype(np.uint8)


def ruled(page: Picture) -> Picture:
    """Blue-grey lines through the digits, fainter than the ink."""
    page = page.copy()
    for y in range(15, page.shape[0], 30):
        cv2.line(page, (0, y), (page.shape[1], y + 4), 140, 2, cv2.LINE_AA)
    return page


def noisy(page: Picture) -> Picture:
    noise = np.random.default_rng(0).normal(0, 8, page.shape)
    return np.clip(page + noise, 0, 255).astype(np.uint8)


def faint(page: Picture) -> Picture:
    """Ink that takes a tenth of the paper's light."""
    return (210 - (210 - page.astype(np.float64)) * 0.15).astype(np.uint8)


@pytest.mark.parametrize("change", [lambda page: page, shadowed, noisy, faint, lambda page: 255 - page])
def test_light_does_not_change_the_reading(reader: Reader, mnist_test: LabelledGlyphs, change: object) -> None:
    assert rows_read(reader, mnist_test, change) >= 0.95


def test_digits_are_read_through_ruled_lines(reader: Reader, mnist_test: LabelledGlyphs) -> None:
    assert rows_read(reader, mnist_test, ruled) >= 0.85


def test_a_digit_in_a_circle_is_read_and_the_circle_is_not(reader: Reader, mnist_test: LabelledGlyphs) -> None:
    right = 0
    # a bar in a ring, with nothing else on the page, may be anything
    chosen = np.flatnonzero(mnist_test.labels != 1)[:40]
    for glyph, label in zip(mnist_test.images[chosen], mnist_test.labels[chosen].tolist(), strict=True):
        page = page_of(glyph[np.newaxis])
        middle = (page.shape[1] // 2, page.shape[0] // 2)
        cv2.ellipse(page, middle, (72, 76), 0, 0, 355, 60, 5, cv2.LINE_AA)
        right += reader.read(page).text == str(label)
    assert right >= 34


def test_a_digit_with_a_rest_of_a_ruled_line_in_its_bay_is_read(reader: Reader) -> None:
    page = np.full((240, 240), 225, np.uint8)
    cv2.polylines(page, [np.array([[70, 40], [150, 40], [100, 180]])], False, 60, 9, cv2.LINE_AA)
    cv2.line(page, (85, 80), (88, 130), 150, 3, cv2.LINE_AA)
    assert reader.read(page).text == "7"


def test_a_nought_round_a_rest_of_a_ruled_line_is_read(reader: Reader) -> None:
    page = np.full((240, 240), 225, np.uint8)
    cv2.ellipse(page, (120, 120), (45, 60), 0, 0, 360, 60, 8, cv2.LINE_AA)
    cv2.line(page, (112, 92), (114, 150), 175, 3, cv2.LINE_AA)
    assert reader.read(page).text == "0"


def test_digits_of_twelve_pixels_are_read(reader: Reader, mnist_test: LabelledGlyphs) -> None:
    def small(page: Picture) -> Picture:
        return np.asarray(cv2.resize(page, None, fx=0.15, fy=0.15, interpolation=cv2.INTER_AREA), np.uint8)

    assert rows_read(reader, mnist_test, small) >= 0.9


@pytest.mark.parametrize("zoom", [1, 2, 6, 16])
def test_digits_of_any_size_are_read(reader: Reader, mnist_test: LabelledGlyphs, zoom: int) -> None:
    right = 0
    for i in range(30):
        page = page_of(mnist_test.images[i : i + 1], zoom=zoom)
        right += reader.read(page).text == str(mnist_test.labels[i])
    assert right >= 27


def test_digits_one_below_the_other_are_not_one_high_digit() -> None:
    page = draw_text("5 5 5 5", size=(400, 240), height=40)
    cv2.putText(page, "5", (112, 210), cv2.FONT_HERSHEY_SIMPLEX, 40 / 22, 30, 3, cv2.LINE_AA)
    strokes = find_strokes(next(iter(ink_levels(page))))
    digits = sorted(single_hypotheses(strokes), key=lambda h: h.box[0])
    upper, lower = sorted(digits[:2], key=lambda h: h.box[1])
    x, y, width, height = cv2.boundingRect(np.less(page[:, :150], 225).view(np.uint8))
    pair = replace(
        upper,
        pieces=(*upper.pieces, *lower.pieces),
        extent=(x - 1, y - 1, x + width + 1, y + height + 1),
        box=(x, y, width, height),
        ink=upper.ink + lower.ink,
    )
    several = [upper, *digits[2:]]
    scores = np.array([*[5.0] * len(several), 5.0])
    chosen = choose([*several, pair], scores, np.array([*[5] * len(several), 6]))
    assert len(several) not in chosen
    alone = choose([upper, pair], np.array([3.0, 5.0]), np.array([5, 6]))
    assert list(alone) == [1], "nothing tells how high digits are"


def test_what_shows_through_the_paper_is_no_digit(reader: Reader) -> None:
    page = draw_text("2 3 4 5", size=(400, 300), height=50)
    behind = 225 - (225 - draw_text("6", size=(400, 300), height=50)) * 0.1
    page = np.minimum(page, np.roll(behind, 80, axis=0).astype(np.uint8))
    assert reader.read(page).text == "2345"
    assert reader.read(np.roll(behind, 80, axis=0).astype(np.uint8)).text == "6"


def test_large_and_small_digits_stand_in_one_picture(reader: Reader) -> None:
    page = np.full((700, 900), 220, np.uint8)
    page[20:520, 20:420] = draw_text("3", size=(400, 500), height=400, paper=220)
    page[560:620, 500:560] = draw_text("7", size=(60, 60), height=30, paper=220)
    assert sorted(digit.value for digit in reader.read(page).digits) == [3, 7]


def test_a_digit_below_the_threshold_is_a_question_mark(reader: Reader) -> None:
    image = draw_text("5")
    sure = reader.read(image)
    unsure = reader.read(image, threshold=1.1)
    assert (sure.text, unsure.text) == ("5", "?")
    assert unsure.digits[0].value is None
    assert unsure.digits[0].alternatives[0] == (5, sure.digits[0].confidence)
    assert all(probability <= sure.digits[0].confidence for _, probability in sure.digits[0].alternatives)


def test_paper_is_no_ink_under_a_gradient_and_strokes_are() -> None:
    page = draw_text("8", size=(320, 240), paper=225, ink=30)
    lit = (page * np.linspace(0.35, 1, 320)).astype(np.uint8)
    level = next(iter(ink_levels(lit)))
    strokes = page < 60
    background = cv2.dilate((page < 200).astype(np.uint8), np.ones((9, 9))) == 0
    assert level.ink[strokes].min() > 120
    assert level.ink[background].max() < 16


def test_each_level_is_half_the_one_before() -> None:
    levels = list(ink_levels(np.full((480, 640), 200, np.uint8), shrink=2.0))
    assert [level.shrink for level in levels] == [2.0, 4.0, 8.0, 16.0, 32.0]
    assert [level.ink.shape for level in levels] == [(480, 640), (240, 320), (120, 160), (60, 80), (30, 40)]
    assert [level.finest for level in levels] == [True, False, False, False, False]


def test_the_width_of_a_stroke_is_measured() -> None:
    page = np.full((120, 120), 220, np.uint8)
    page[20:100, 55:63] = 20
    strokes = find_strokes(next(iter(ink_levels(page))))
    assert strokes.boxes.tolist() == [[55, 20, 8, 80]]
    assert strokes.width[0] == pytest.approx(8, abs=1)


def without_ruling(mask: npt.NDArray[np.uint8], ink: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
    ruling = find_ruling(mask, mask, ink)
    return mask if ruling is None else mask & ~ruling.mask


def test_ruling_goes_and_the_stroke_that_crosses_it_stays_whole() -> None:
    mask = np.zeros((200, 400), np.uint8)
    for y in (50, 90, 130):
        mask[y : y + 2] = 1
    mask[30:150, 200:208] = 1
    left = without_ruling(mask, 200 * mask)
    assert left[30:150, 201:207].all()
    assert left[:, :195].sum() == 0
    assert left[:, 213:].sum() == 0


def test_a_darker_stroke_that_lies_on_a_line_stays_whole() -> None:
    lines = np.zeros((300, 300), np.uint8)
    lines[::30] = 40
    lines[:, ::30] = 40
    stroke = np.zeros_like(lines)
    stroke[60:62, 130:180] = 120
    stroke[60:110, 150:152] = 120
    ink = np.maximum(lines, stroke)
    mask = (ink > 0).view(np.uint8)
    left = without_ruling(mask, ink)
    assert left[stroke > 0].all()
    assert left[stroke == 0].sum() < 0.1 * mask.sum()


def test_squared_paper_goes() -> None:
    mask = np.zeros((300, 300), np.uint8)
    mask[::30] = 1
    mask[:, ::30] = 1
    assert without_ruling(mask, 200 * mask).sum() < 0.1 * mask.sum()


def test_the_boxes_of_a_form_go_and_the_digits_in_them_stay() -> None:
    mask = np.zeros((200, 480), np.uint8)
    cv2.rectangle(mask, (30, 60), (390, 140), 1, 2)
    for x in range(102, 390, 72):
        cv2.line(mask, (x, 60), (x, 140), 1, 2)
    digits = np.zeros_like(mask)
    for x in (66, 138, 210):
        cv2.line(digits, (x, 72), (x, 128), 1, 6)
    left = without_ruling(mask | digits, 200 * (mask | digits))
    assert left[digits > 0].all()
    assert left[digits == 0].sum() < 0.1 * mask.sum()


def test_a_stroke_as_high_as_a_line_of_writing_is_no_part_of_a_form() -> None:
    mask = np.zeros((200, 480), np.uint8)
    mask[60:62, 30:390] = 1
    mask[140:142, 90:470] = 1
    mask[60:142, 200:206] = 1
    assert np.array_equal(without_ruling(mask, 200 * mask), mask)


def test_a_mask_without_lines_is_left_alone() -> None:
    mask = (draw_text("275") < 128).astype(np.uint8)
    assert np.array_equal(without_ruling(mask, 200 * mask), mask)


@pytest.mark.parametrize("slant", [0.0, 0.05])
def test_touching_strokes_can_be_cut_where_they_touch(slant: float) -> None:
    rings = np.full((2, 140, 300), 220, np.uint8)
    for ring, x in zip(rings, (90, 156), strict=True):
        cv2.ellipse(ring, (x, 70), (30, 45), 0, 0, 360, 20, 8)
    shear = np.array([[1, -slant, 70 * slant], [0, 1, 0]])
    left, right = (cv2.warpAffine(ring, shear, (300, 140), borderValue=220) for ring in rings)
    strokes = find_strokes(next(iter(ink_levels(np.minimum(left, right)))))
    assert len(strokes.area) == 1

    def overlap(part: Hypothesis) -> float:
        x0, y0, x1, y1 = part.extent
        found = np.zeros(left.shape, bool)
        found[y0:y1, x0:x1] = part.part
        truth = left < 150
        return float((found & truth).sum() / (found | truth).sum())

    assert max(overlap(part) for part in cut_hypotheses(whole_hypothesis(strokes, 0))[0] if part) > 0.85


def test_pieces_of_one_digit_are_joined_and_distant_ones_are_not() -> None:
    page = np.full((200, 400), 220, np.uint8)
    cv2.line(page, (60, 40), (95, 40), 20, 6)
    cv2.ellipse(page, (70, 95), (25, 40), 0, -90, 90, 20, 6)
    cv2.line(page, (300, 40), (300, 140), 20, 6)
    strokes = find_strokes(next(iter(ink_levels(page))))
    joined = joined_hypotheses(strokes, np.ones(len(strokes.area), bool))
    assert len(joined) == 1
    x, _, width, _ = joined[0].box
    assert 50 < x < x + width < 110


def test_dashes_of_one_line_are_joined_and_shown_to_the_model_as_one_line() -> None:
    page = np.full((200, 300), 220, np.uint8)
    for start in range(0, 360, 30):
        cv2.ellipse(page, (100, 100), (30, 45), 0, start, start + 16, 90, 4)
    strokes = find_strokes(next(iter(ink_levels(page))))
    assert len(strokes.area) == 12
    joined = joined_hypotheses(strokes, np.ones(len(strokes.area), bool))
    ring = max(joined, key=lambda hypothesis: len(hypothesis.pieces))
    assert len(ring.pieces) == 12
    count, _ = cv2.connectedComponents((ring.glyph() < 51).astype(np.uint8), connectivity=4)
    assert count == 3, "the ring must part what is in it from what is round it"


def test_the_faint_rest_of_a_broken_line_is_shown_to_the_model_and_other_strokes_are_not() -> None:
    page = np.full((200, 300), 220, np.uint8)
    cv2.line(page, (100, 40), (100, 160), 205, 4)
    for top in (40, 84, 128):
        cv2.line(page, (100, top), (100, top + 30), 90, 4)
    cv2.line(page, (115, 100), (150, 100), 90, 4)
    strokes = find_strokes(next(iter(ink_levels(page))))
    dashes = np.flatnonzero(strokes.boxes[:, 2] < 10)
    assert len(dashes) == 3
    joined = joined_hypotheses(strokes, np.isin(np.arange(len(strokes.area)), dashes))
    line = next(h for h in joined if h.pieces == tuple(dashes.tolist()))
    faint = replace(line, gaps=()).glyph()
    assert faint[:, 12:16].max(axis=1)[6:22].min() > 0, "between the dashes"
    assert faint[:, 18:].max() == 0, "the stroke beside them"


@pytest.mark.parametrize("pen", [4, 6, 8])
def test_a_stroke_is_no_digit_where_the_rest_of_its_digit_would_be_nothing(reader: Reader, pen: int) -> None:
    page = np.full((140, 200), 225, np.uint8)
    cv2.polylines(page, [np.array([[66, 30], [60, 66], [92, 70]])], False, 40, pen, cv2.LINE_AA)
    cv2.line(page, (110, 24), (108, 112), 40, pen, cv2.LINE_AA)
    assert reader.read(page).text == "4"


@pytest.mark.parametrize(("likely", "found"), [((1, 7), 4), (tuple(range(10)), 0)])
def test_what_may_be_one_or_another_is_a_digit_and_what_may_be_any_is_none(likely: tuple[int, ...], found: int) -> None:
    def classify(glyphs: npt.NDArray[np.uint8]) -> Classification:
        probabilities = np.zeros((len(glyphs), 10), np.float32)
        probabilities[:, list(likely)] = 1 / len(likely)
        return Classification(probabilities, np.full(len(glyphs), 0.97, np.float32))

    page = draw_text("2 3 4 5", size=(400, 200), height=60)
    assert len(recognise(page, 1.0, classify).digits) == found


def test_views_of_one_stroke_at_several_sizes_are_one_candidate() -> None:
    page = draw_text("3", size=(400, 400), height=60)
    levels = [find_strokes(level) for level in ink_levels(page)]
    singles = [h for strokes in levels for h in single_hypotheses(strokes)]
    best, others = sort_views(singles)
    assert len(singles) > 1
    assert len(best) == 1
    assert len(others[0]) == len(singles) - 1
    assert len(choose(singles, np.full(len(singles), 3.0), np.full(len(singles), 8))) == 1
    assert choose(singles, np.full(len(singles), DOUBTFUL - 0.1), np.full(len(singles), 8)) == {}


@pytest.mark.parametrize("lean", [0, 60, 150])
@pytest.mark.parametrize("pen", [8, 40])
def test_a_lone_stick_is_a_one_where_nothing_else_is_written(reader: Reader, pen: int, lean: int) -> None:
    page = np.full((480, 640), 225, np.uint8)
    cv2.line(page, (300 + lean, 90), (300, 390), 60, pen, cv2.LINE_AA)
    assert reader.read(page).text == "1"


@pytest.mark.parametrize(("beside", "chosen"), [(True, 2), (False, 1)])
def test_surer_digits_in_a_row_are_not_taken_for_one_digit_and_the_rings_of_an_eight_are(
    beside: bool, chosen: int
) -> None:
    page = np.full((200, 300), 225, np.uint8)
    second = (130, 80) if beside else (100, 120)
    for centre in ((100, 80), second):
        for start in (30, 210):
            cv2.ellipse(page, centre, (13, 13), 0, start, start + 120, 40, 4)
    strokes = find_strokes(next(iter(ink_levels(page))))
    assert len(strokes.area) == 4
    joined = {h.pieces: h for h in joined_hypotheses(strokes, np.ones(4, bool))}
    rings = [h for h in joined.values() if len(h.pieces) == 2 and h.box[2] > 25 and 25 < h.box[3] < 32]
    assert len(rings) == 2
    x, y, width, height = cv2.boundingRect(np.less(page, 225).view(np.uint8))
    extent = (x - 1, y - 1, x + width + 1, y + height + 1)
    whole = replace(rings[0], pieces=(0, 1, 2, 3), extent=extent, box=(x, y, width, height), ink=2 * rings[0].ink)
    assert len(choose([*rings, whole], np.array([6.0, 6.0, 3.0]), np.array([0, 0, 8]))) == chosen


def test_a_stroke_is_part_of_one_digit_only() -> None:
    page = np.full((140, 200), 225, np.uint8)
    for corners in ([(80, 40), (60, 40), (60, 100), (80, 100)], [(104, 40), (124, 40), (124, 100), (104, 100)]):
        cv2.polylines(page, [np.array(corners, np.int32)], False, 40, 4)
    cv2.line(page, (92, 40), (92, 100), 40, 4)
    strokes = find_strokes(next(iter(ink_levels(page))))
    joined = joined_hypotheses(strokes, np.ones(3, bool))
    pairs = [h for h in joined if len(h.pieces) == 2 and h.box[2] < 40]
    assert len({h.box[0] for h in pairs}) == 2
    assert len(choose(pairs, np.full(2, 5.0), np.full(2, 8))) == 1


@pytest.mark.parametrize("turn", [1, 2, 3])
def test_a_sheet_that_lies_otherwise_is_turned(reader: Reader, mnist_test: LabelledGlyphs, turn: int) -> None:
    right = 0
    for row in range(10):
        telling = np.flatnonzero(np.isin(mnist_test.labels, (3, 4, 7)))[5 * row : 5 * row + 5]
        page = page_of(mnist_test.images[telling])
        upright, turned = reader.read(page), reader.read(np.rot90(page, turn))
        assert upright.turned == 0
        right += turned.text == upright.text and turned.turned == 90 * turn
        for digit in turned.digits:
            x, y, width, height = digit.box
            # there is ink in the box, in the image as it lies
            assert np.rot90(page, turn)[y : y + height, x : x + width].min() < 120
    assert right >= 8


def test_no_turn_is_decided_by_digits_that_look_alike_both_ways_up() -> None:
    def judge(glyphs: Picture) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float64]]:
        zeros = np.zeros((len(glyphs), 10), np.float32)
        zeros[:, 0] = 1
        return zeros, np.repeat([0.0, 0.0, 7.0, 0.0], len(glyphs) // 4)

    assert likely_turn(np.zeros((5, 28, 28, 1), np.uint8), np.ones(5), judge) == 0


@given(st.integers(0, 3), st.tuples(*[st.integers(0, 20)] * 2, *[st.integers(1, 20)] * 2))
def test_a_box_is_turned_back_to_where_it_was(turn: int, box: tuple[int, int, int, int]) -> None:
    x, y, width, height = box
    picture = np.zeros((50, 60), np.uint8)
    picture[y : y + height, x : x + width] = 1
    seen = cv2.boundingRect(np.ascontiguousarray(np.rot90(picture, turn)))
    assert turn_back(tuple(map(float, seen)), turn, (60, 50)) == box


def test_lines_may_slope() -> None:
    boxes = [(40.0 * column, 100.0 * row + 12 * column, 20.0, 40.0) for row in range(3) for column in range(12)]
    order = np.random.default_rng(1).permutation(len(boxes))
    lines = reading_lines([boxes[i] for i in order])
    assert [[int(order[i]) for i in line] for line in lines] == [list(range(r * 12, r * 12 + 12)) for r in range(3)]


def grid(
    left: float, top: float, rows: int, columns: int, pitch: float = 60
) -> list[tuple[float, float, float, float]]:
    """Return the boxes of a block of lines of digits 20 wide and 40 high."""
    return [(left + 30.0 * column, top + 60.0 * row, 20.0, 40.0) for row in range(rows) for column in range(columns)]


def read_order(boxes: list[tuple[float, float, float, float]]) -> list[int]:
    shuffled = np.random.default_rng(2).permutation(len(boxes))
    lines = reading_lines([boxes[i] for i in shuffled])
    return [int(shuffled[i]) for line in lines for i in line]


def test_columns_are_read_one_after_the_other() -> None:
    boxes = grid(0, 0, 4, 3) + grid(250, 30, 4, 3) + grid(500, 5, 5, 3)
    assert read_order(boxes) == list(range(len(boxes)))


def test_the_rows_of_a_table_are_read_across() -> None:
    left, right = grid(0, 0, 4, 3), grid(300, 4, 4, 2)
    across = [i for row in range(4) for i in [*range(3 * row, 3 * row + 3), *range(12 + 2 * row, 14 + 2 * row)]]
    assert read_order(left + right) == across


def test_a_wide_gap_in_one_line_parts_nothing() -> None:
    boxes = [*grid(0, 0, 1, 4), *grid(400, 15, 1, 4)]
    assert len(reading_lines(boxes)) == 1


def test_curved_lines_are_followed() -> None:
    bow = [(35.0 * i, 100.0 * row + 60 * float(np.sin(i / 4)), 20.0, 40.0) for row in range(3) for i in range(15)]
    assert read_order(bow) == list(range(45))


@given(st.lists(st.tuples(*[st.floats(0, 1000)] * 2, *[st.floats(1, 200)] * 2), max_size=20))
def test_every_box_is_in_one_line(boxes: list[tuple[float, float, float, float]]) -> None:
    assert sorted(i for line in reading_lines(boxes) for i in line) == list(range(len(boxes)))


@settings(max_examples=150, deadline=None)
@given(st.integers(1, 90), st.integers(1, 90), st.integers(0, 2**32 - 1), st.sampled_from([1, 2, 5, 20]))
def test_no_picture_breaks_the_reader(reader: Reader, height: int, width: int, seed: int, grain: int) -> None:
    rng = np.random.default_rng(seed)
    coarse = rng.integers(0, 256, (-(-height // grain), -(-width // grain)), np.uint8)
    picture = np.kron(coarse, np.ones((grain, grain), np.uint8))[:height, :width]
    reading = reader.read(picture)
    for digit in reading.digits:
        x, y, w, h = digit.box
        assert 0 <= x < x + w <= width
        assert 0 <= y < y + h <= height


@pytest.mark.parametrize("kind", ["noise", "texture", "squares", "circles"])
def test_a_megapixel_of_anything_takes_no_more_than_some_megapixels_of_digits(reader: Reader, kind: str) -> None:
    rng = np.random.default_rng(0)
    picture = np.full((1000, 1000), 255, np.uint8)
    if kind == "noise":
        picture = rng.integers(0, 256, picture.shape, np.uint8)
    elif kind == "texture":
        picture = cv2.GaussianBlur(rng.integers(0, 256, picture.shape, np.uint8), (0, 0), 1.5)
        picture = ((picture > 127) * 255).astype(np.uint8)
    elif kind == "squares":
        picture[::30] = picture[:, ::30] = 0
    else:
        for _ in range(400):
            cv2.circle(picture, tuple(rng.integers(0, 1000, 2).tolist()), int(rng.integers(8, 40)), 0, 3)
    digits = draw_text("42", size=picture.shape[::-1])
    reader.read(digits)
    assert cpu_seconds(lambda: reader.read(picture)) < 40 * cpu_seconds(lambda: reader.read(digits))


def test_an_explanation_shows_the_stages(reader: Reader) -> None:
    image = cv2.cvtColor(draw_text("42"), cv2.COLOR_GRAY2BGR)
    picture = explain_reading(image, reader)
    empty = explain_reading(np.full_like(image, 220), reader)
    assert picture.dtype == np.uint8
    # the glyphs' row is there only where digits are
    assert picture.shape[0] > empty.shape[0]
    assert picture.shape[1] == empty.shape[1]
