"""What stands beside digits, or instead of them, is left alone: letters, zigzags, spines of notepads, dots of signs."""

from __future__ import annotations

import cv2
import numpy as np

from edgedigits import Reader
from edgedigits_train.handwriting.scenes import Conditions, render_scene
from tests.runtime.samples import draw_text


def test_pages_of_words_and_scribbles_are_left_as_they_lie(reader: Reader) -> None:
    readings = [reader.read(render_scene(900_000 + seed, "nothing").image) for seed in range(60)]
    assert sum(reading.turned != 0 for reading in readings) <= 1
    assert np.mean([not reading.digits for reading in readings]) >= 0.8


def test_a_zigzag_is_no_row_of_ones(reader: Reader) -> None:
    page = np.full((300, 400), 225, np.uint8)
    points = np.array([(120, 60), (150, 220), (200, 90), (240, 220), (280, 60)])
    cv2.polylines(page, [points], False, 30, 9, cv2.LINE_AA)
    assert reader.read(page).text == ""


def test_the_spine_of_a_notepad_is_no_one(reader: Reader) -> None:
    page = np.full((480, 640), 225, np.uint8)
    page[300:400, 60:320] = draw_text("58", size=(260, 100), height=70)
    page[30:450, 420:440] = 30
    assert reader.read(page).text == "58"


def test_the_dots_of_a_sign_are_no_ones(reader: Reader) -> None:
    page = draw_text("2   3", size=(500, 240))
    cv2.line(page, (220, 120), (280, 120), 30, 8)
    cv2.line(page, (250, 85), (250, 97), 30, 8)
    cv2.line(page, (250, 143), (250, 155), 30, 8)
    assert reader.read(page).text == "23"


def test_digits_on_a_page_are_read_beside_the_grain_of_the_desk(reader: Reader) -> None:
    scenes = [render_scene(700_000 + seed, "rows", Conditions(view="page edge")) for seed in range(20)]
    read = sum(len(reader.read(scene.image).digits) for scene in scenes)
    assert read >= 0.95 * sum(len(scene.digits) for scene in scenes)


def test_the_posts_between_the_boxes_of_a_form_are_no_ones(reader: Reader) -> None:
    scenes = [render_scene(400_000 + seed, "form") for seed in range(30)]
    ones = sum([digit.value for digit in reader.read(scene.image).digits].count(1) for scene in scenes)
    written = sum([digit.value for digit in scene.digits].count(1) for scene in scenes)
    assert ones <= 1.4 * written
