"""What tight crops promise: neighbours' strokes are not the digit's, and no margin is needed round a number."""

from __future__ import annotations

from itertools import product

import cv2
import numpy as np
import pytest

from edgedigits import Reader
from edgedigits.crops import with_paper_round, without_neighbours
from edgedigits_train.handwriting import Conditions, render_scene
from tests.conftest import LabelledGlyphs
from tests.runtime.samples import draw_text


def test_mnist_images_are_left_as_they_are(mnist_test: LabelledGlyphs) -> None:
    for glyph in mnist_test.images[:300]:
        assert without_neighbours(glyph) is glyph


@pytest.mark.parametrize("dark_paper", [False, True])
def test_a_neighbours_stroke_at_the_rim_is_not_the_digits(
    reader: Reader, mnist_test: LabelledGlyphs, dark_paper: bool
) -> None:
    crops = np.zeros((100, 36, 36), np.uint8)
    crops[:, 4:32, 4:32] = mnist_test.images[:100]
    for number, crop in enumerate(crops):
        x = 0 if number % 2 else 35
        cv2.line(crop, (x, 2), (x, 30), 255, 3)
    crops = crops if dark_paper else 255 - crops
    right = reader.classify(crops).probabilities.argmax(axis=1) == mnist_test.labels[:100]
    assert right.mean() >= 0.95


def test_a_lone_digit_that_touches_the_rim_stays() -> None:
    crop = np.full((40, 30), 220, np.uint8)
    cv2.line(crop, (15, 0), (15, 39), 30, 4)
    assert without_neighbours(crop) is crop


def test_a_number_cut_out_to_its_ink_is_read_and_its_boxes_lie_in_the_crop(reader: Reader) -> None:
    page = draw_text("2057", size=(400, 200), height=60)
    rows, columns = np.nonzero(page < 128)
    crop = page[rows.min() : rows.max() + 1, columns.min() : columns.max() + 1]
    reading = reader.read(crop)
    assert reading.text == "2057"
    assert reading.size == crop.shape[::-1]
    for digit in reading.digits:
        x, y, width, height = digit.box
        assert 0 <= x < x + width <= crop.shape[1] + 1
        assert 0 <= y < y + height <= crop.shape[0] + 1


def test_only_small_images_get_a_border() -> None:
    assert with_paper_round(np.full((100, 200), 90, np.uint8))[0].shape == (200, 300)
    large = np.full((480, 640), 90, np.uint8)
    assert with_paper_round(large)[0] is large


@pytest.mark.parametrize("height", [10, 12, 14])
def test_digits_of_a_few_pixels_are_read_enlarged_and_their_boxes_lie_in_the_image(reader: Reader, height: int) -> None:
    large = np.vstack([draw_text(text, size=(400, 110), height=60) for text in ("40832", "59617")])
    small = cv2.resize(large, None, fx=height / 60, fy=height / 60, interpolation=cv2.INTER_AREA)
    reading = reader.read(small)
    assert reading.text == "40832\n59617"
    assert reading.size == small.shape[::-1]
    for digit in reading.digits:
        assert abs(digit.box[3] - height) <= 3


@pytest.mark.parametrize("seed", [700_009, 700_010, 700_011, 700_019])
def test_tiny_writing_is_read(reader: Reader, seed: int) -> None:
    scene = render_scene(seed, "tiny", Conditions())
    assert sorted(d.value for d in reader.read(scene.image).digits) == sorted(d.value for d in scene.digits)


@pytest.mark.parametrize("seed", [700_000, 700_002, 700_006, 700_008, 700_012])
def test_a_digit_that_fills_the_frame_is_read(reader: Reader, seed: int) -> None:
    scene = render_scene(seed, "close", Conditions("marker"))
    reading = reader.read(scene.image)
    assert reading.text == str(scene.digits[0].value)
    assert reading.digits[0].box[3] >= 0.9 * scene.digits[0].box[3]


def test_a_frame_that_holds_no_digit_stays_empty(reader: Reader) -> None:
    for seed, kind in product(range(700_007, 700_012), ("clutter", "texture")):
        assert not reader.read(render_scene(seed, kind).image).digits
