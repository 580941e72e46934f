"""Hints and explanations: what is wrong with a photo is said, and nothing of a good one."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
import pytest

from edgedigits import Reader
from edgedigits.explaining import draw_explanation, explain_reading
from edgedigits.hints import Hint, find_hints
from edgedigits_train.handwriting.scenes import Conditions, Scene, render_scene
from tests.runtime.samples import draw_text


def kinds(reader: Reader, image: np.ndarray) -> set[str]:
    return {hint.kind for hint in find_hints(reader.examine(image)[1])}


def scenes(count: int, kind: str = "number", **conditions: str) -> list[Scene]:
    return [render_scene(9000 + seed, kind, Conditions(**conditions)) for seed in range(count)]


def share(reader: Reader, images: list[np.ndarray], kind: str) -> float:
    return float(np.mean([kind in kinds(reader, image) for image in images]))


def test_next_to_nothing_is_said_of_clean_scenes(reader: Reader) -> None:
    clean = [kinds(reader, scene.image) for kind in ("number", "rows") for scene in scenes(15, kind)]
    assert sum(map(len, clean)) <= 1


@pytest.mark.parametrize(
    ("hint", "kind", "conditions", "least"),
    [
        ("shadow", "rows", {"light": "hard shadow"}, 0.5),
        ("blur", "number", {"lens": "defocus"}, 0.4),
        ("blur", "number", {"lens": "motion"}, 0.5),
    ],
)
def test_what_is_wrong_is_said(reader: Reader, hint: str, kind: str, conditions: dict[str, str], least: float) -> None:
    assert share(reader, [scene.image for scene in scenes(12, kind, **conditions)], hint) >= least


def test_faint_ink_is_called_faint(reader: Reader) -> None:
    assert kinds(reader, draw_text("2021", size=(640, 240), height=80, paper=200, ink=172)) == {"faint"}


def test_digits_in_several_pieces_are_called_broken(reader: Reader) -> None:
    _, page = reader.examine(draw_text("2345", size=(420, 160)))
    broken = [replace(digit, pieces=3) for digit in page.digits[:2]]
    hints = find_hints(replace(page, digits=(*broken, *page.digits[2:])))
    assert [hint.kind for hint in hints] == ["broken"]
    assert hints[0].advice.startswith("2 digits are")


def test_digits_that_were_cut_apart_are_called_touching(reader: Reader) -> None:
    _, page = reader.examine(draw_text("2345", size=(420, 160)))
    cut = [replace(digit, touches=True) for digit in page.digits[:2]]
    hints = find_hints(replace(page, digits=(*cut, *page.digits[2:])))
    assert [hint.kind for hint in hints] == ["touching"]


def test_small_digits_are_called_small(reader: Reader) -> None:
    large = draw_text("2021", size=(900, 300), height=120)
    small = cv2.resize(large, None, fx=0.15, fy=0.15, interpolation=cv2.INTER_AREA)
    assert kinds(reader, small) == {"small"}
    assert "small" not in kinds(reader, large)


def test_glare_is_told_from_white_paper_and_from_shadow(reader: Reader) -> None:
    page = draw_text("20215", size=(640, 240), height=70, paper=180)
    y, x = np.indices(page.shape)
    lamp = 110 * np.exp(-((((x - 500) ** 2 + (y - 130) ** 2) / 150**2) ** 2))
    assert "glare" in kinds(reader, np.clip(page + lamp, 0, 255).astype(np.uint8))
    assert "glare" not in kinds(reader, draw_text("20215", size=(640, 240), height=70, paper=255))
    assert "glare" not in kinds(reader, (page * np.where(x < 320, 0.5, 1.4).clip(0, 1.4)).clip(0, 255).astype(np.uint8))


def test_nothing_is_said_of_what_shows_no_digit(reader: Reader) -> None:
    assert kinds(reader, np.full((200, 300), 220, np.uint8)) == set()


def test_hints_say_what_to_do(reader: Reader) -> None:
    small = cv2.resize(draw_text("2021", size=(900, 300), height=120), None, fx=0.15, fy=0.15)
    for hint in find_hints(reader.examine(small)[1]):
        assert ";" in hint.advice
        assert hint.advice.endswith(".")
        assert hint.as_dict() == {"kind": hint.kind, "advice": hint.advice}


@pytest.mark.parametrize(
    "picture",
    [
        draw_text("20", size=(300, 200)),
        draw_text("2", size=(120, 900), height=60),
        draw_text("2021", size=(1900, 200), height=60),
        np.full((200, 300), 220, np.uint8),
        np.full((1, 500), 220, np.uint8),
        255 - draw_text("7"),
    ],
    ids=["plain", "tall", "wide", "empty", "line", "dark"],
)
def test_every_image_is_explained_in_one_legible_picture(reader: Reader, picture: np.ndarray) -> None:
    image = cv2.cvtColor(picture, cv2.COLOR_GRAY2BGR)
    explained = explain_reading(image, reader)
    assert explained.dtype == np.uint8
    assert explained.shape[1:] == (1280, 3)
    assert 100 < explained.shape[0] < 3000


def test_the_picture_shows_each_glyph_and_each_hint(reader: Reader) -> None:
    image = cv2.cvtColor(draw_text("2021", size=(640, 240), height=80), cv2.COLOR_GRAY2BGR)
    reading, page = reader.examine(image)
    assert len(reading.digits) == 4
    without = draw_explanation(image, reading, page, ())
    with_hint = draw_explanation(image, reading, page, [Hint("blur", "hold still.")])
    glyph = 255 - cv2.resize(page.digits[0].glyph, (80, 80), interpolation=cv2.INTER_NEAREST)
    looked_for = glyph[2:-2, 2:-2]
    _, _, (x, y), _ = cv2.minMaxLoc(cv2.matchTemplate(without[..., 0], looked_for, cv2.TM_SQDIFF))
    assert np.array_equal(without[y : y + looked_for.shape[0], x : x + looked_for.shape[1], 0], looked_for)
    assert with_hint.shape[0] > without.shape[0]
