"""Pages that hold more than digits: everything written on them is in the truth, named and in its place."""

from __future__ import annotations

from dataclasses import replace
from itertools import chain

import numpy as np
import pytest

from edgedigits_train.captured.pages import RealDigits
from edgedigits_train.handwriting import KINDS, Conditions, render_glyphs, texts
from edgedigits_train.handwriting.alphabet import LETTERS, SIGNS
from edgedigits_train.handwriting.characters import CHARACTERS
from edgedigits_train.handwriting.grids import GRIDS
from edgedigits_train.handwriting.kinds import PAGES
from edgedigits_train.handwriting.layouts import LAYOUTS, OTHER, SIGN_LABELS
from edgedigits_train.handwriting.numerals import CUT_OUT, OWN_SHAPES
from edgedigits_train.handwriting.scenery import SCENERY
from edgedigits_train.handwriting.scenes import LEGIBLE, Scene, render_scene

SCREEN = Conditions(pen="digital ink", surface="screen")
"""Ink and nothing else: every dark pixel belongs to a mark."""


def outside_of_signs(scene: Scene) -> np.ndarray:
    mask = np.ones(scene.image.shape[:2], bool)
    for sign in scene.signs:
        x, y, width, height = sign.box
        mask[max(y - 1, 0) : y + height + 1, max(x - 1, 0) : x + width + 1] = False
    return mask


WITH_LINES = {*GRIDS, "amounts"}
"""Kinds with lines and boxes, which are no signs."""


@pytest.mark.parametrize("kind", [kind for kind in PAGES if kind not in WITH_LINES])
def test_all_that_is_written_has_a_sign_around_it(kind: str) -> None:
    for seed in range(3):
        scene = render_scene(seed, kind, replace(SCREEN, view="turned"))
        ink = scene.image.min(axis=2) < 160
        assert ink.any()
        assert not ink[outside_of_signs(scene)].any()
        for sign in scene.signs:
            x, y, width, height = sign.box
            box = (scene.image[y : y + height, x : x + width] != 255).any(axis=2)
            assert box[0].any()
            assert box[-1].any()
            assert box[:, 0].any()
            assert box[:, -1].any()


@pytest.mark.parametrize("kind", KINDS)
def test_digits_are_those_of_the_signs(kind: str) -> None:
    for seed in range(3):
        scene = render_scene(seed, kind)
        assert {sign.label for sign in scene.signs} <= {*"0123456789", *SIGN_LABELS, OTHER}
        named = [(sign.label, sign.box) for sign in scene.signs if sign.label.isdigit() and sign.visible >= LEGIBLE]
        assert named == [(str(digit.value), digit.box) for digit in scene.digits]


def test_letters_and_words_are_other_writing() -> None:
    for kind in ("words", "letters"):
        scene = render_scene(3, kind)
        assert not scene.digits
        assert OTHER in {sign.label for sign in scene.signs}


def test_signs_of_sums_and_dates_are_named() -> None:
    sums = {sign.label for seed in range(12) for sign in render_scene(seed, "sums", SCREEN).signs}
    assert {"+", "-", "×", "=", "(", ")"} <= sums
    dates = {sign.label for seed in range(12) for sign in render_scene(seed, "dates", SCREEN).signs}
    assert {".", "/", "-"} <= dates


def test_old_kinds_name_their_letters_and_signs_too() -> None:
    signs = list(chain.from_iterable(render_scene(seed, "mixed", SCREEN).signs for seed in range(30)))
    assert OTHER in {sign.label for sign in signs}
    assert {"+", "-", "×", "="} & {sign.label for sign in signs}


def test_every_letter_of_every_text_can_be_written() -> None:
    rng = np.random.Generator(np.random.PCG64(0))
    drawn = "".join(texts.letters(rng, 20) + texts.signs(rng, 20) + texts.equation(rng) for _ in range(300))
    for alphabet in ("latin", "cyrillic", "greek"):
        drawn += "".join(
            texts.words(rng, 40, alphabet, case) for case in ("lower", "upper", "title") for _ in range(99)
        )
    drawn += "".join(figure(rng) for figure in texts.FIGURES for _ in range(200))
    assert set(drawn) - set("0123456789 ²³") <= set(CHARACTERS)


def test_alphabets_hold_the_forms_of_the_classifier_too() -> None:
    assert {form.character for form in (*LETTERS, *SIGNS)} <= set(CHARACTERS)
    assert not set("0123456789") & set(CHARACTERS)


def test_an_everyday_scene_is_one_of_digits() -> None:
    assert {render_scene(seed, size=(160, 120)).kind for seed in range(60)} <= set(LAYOUTS)


def test_pages_are_legible() -> None:
    for kind in ("tiny", "notes", "amounts", "sudoku"):
        assert all(render_scene(seed, kind).contrast > 1 for seed in range(6))


def test_lines_of_tables_are_no_signs_and_their_numbers_are() -> None:
    signs = [sign for seed in range(6) for sign in render_scene(seed, "sudoku", SCREEN).signs]
    assert sum(sign.label.isdigit() for sign in signs) > 0.9 * len(signs)
    # a line of the table is as long as the table
    assert max(max(sign.box[2:]) for sign in signs) < 120


def test_what_is_crossed_out_is_no_digit() -> None:
    scenes = [render_scene(seed, "crossed out", SCREEN) for seed in range(12)]
    assert any(sign.label == OTHER for scene in scenes for sign in scene.signs)
    assert any(scene.digits for scene in scenes)


@pytest.mark.parametrize("kind", sorted(CUT_OUT))
def test_a_tight_crop_ends_where_its_ink_does(kind: str) -> None:
    for seed in range(8):
        scene = render_scene(seed, kind)
        height, width = scene.image.shape[:2]
        boxes = np.array([sign.box for sign in scene.signs])
        low, high = boxes[:, :2].min(axis=0), (boxes[:, :2] + boxes[:, 2:]).max(axis=0)
        assert (low >= 0).all()
        assert (low <= 3).all()
        assert (high <= [width, height]).all()
        assert (high >= [width - 3, height - 3]).all()


def test_tiny_digits_are_tiny_and_close_ones_fill_the_picture() -> None:
    tiny = [digit.box[3] for seed in range(8) for digit in render_scene(seed, "tiny", SCREEN).digits]
    assert 6 <= np.median(tiny) <= 16
    for seed in range(8):
        (digit,) = render_scene(seed, "close", SCREEN).digits
        assert max(digit.box[2] / 640, digit.box[3] / 480) > 0.65


def test_fading_ink_grows_fainter_within_a_digit() -> None:
    scene = render_scene(2, "fading", SCREEN)
    x, y, width, height = scene.digits[0].box
    ink = scene.image[y : y + height, x : x + width].min(axis=2)
    assert (ink < 40).any()
    assert ((ink > 70) & (ink < 200)).sum() > 0.2 * (ink < 200).sum()


@pytest.mark.parametrize("kind", SCENERY)
def test_scenery_has_nothing_to_read(kind: str) -> None:
    first, again = render_scene(5, kind), render_scene(5, kind)
    assert first.signs == first.digits == first.fragments == ()
    assert np.array_equal(first.image, again.image)
    assert first.image.std() > 5


def test_real_digits_stand_where_the_synthesizers_own_would() -> None:
    glyphs, labels = render_glyphs(200, seed=1)
    real = RealDigits(glyphs, labels)
    for kind in ("number", "sums", "sudoku", "tight"):
        own, other = (render_scene(4, kind, SCREEN, glyphs=source) for source in (None, real))
        assert [sign.label for sign in own.signs] == [sign.label for sign in other.signs]
        assert not np.array_equal(own.image, other.image)
        if kind not in CUT_OUT:
            for before, after in zip(own.digits, other.digits, strict=True):
                assert abs(before.box[1] - after.box[1]) < 0.3 * before.box[3] + 4
    assert real.hand(0.1, np.random.default_rng(0))(7) is not None


def test_foreign_characters_stand_where_letters_would_and_are_no_digits() -> None:
    blocks = np.zeros((4, 105, 105), np.uint8)
    blocks[:, 20:85, 20:85] = 255
    glyphs, labels = render_glyphs(100, seed=1)
    own, foreign = RealDigits(glyphs, labels), RealDigits(glyphs, labels, [blocks])
    inked = []
    for seed in range(6):
        scenes = [render_scene(seed, "letters", SCREEN, glyphs=real) for real in (own, foreign)]
        assert not any(scene.digits for scene in scenes)
        assert any(sign.label == "other" for sign in scenes[1].signs)
        inked.append([int((scene.image.min(axis=2) < 128).sum()) for scene in scenes])
    # half of the hands write blocks, which hold more ink than any letter
    assert 0 < sum(filled > 1.3 * usual for usual, filled in inked) < 6


def test_boxes_of_real_digits_are_tight() -> None:
    real = RealDigits(*render_glyphs(200, seed=1))
    for seed in range(4):
        scene = render_scene(seed, "rows", SCREEN, glyphs=real)
        assert not (scene.image.min(axis=2) < 160)[outside_of_signs(scene)].any()
        for x, y, width, height in (digit.box for digit in scene.digits):
            box = (scene.image[y : y + height, x : x + width] < 230).any(axis=2)
            assert box[0].any()
            assert box[-1].any()
            assert box[:, 0].any()
            assert box[:, -1].any()


@pytest.mark.parametrize("kind", sorted(OWN_SHAPES))
def test_pages_about_shapes_keep_their_own(kind: str) -> None:
    real = RealDigits(*render_glyphs(100, seed=1))
    assert np.array_equal(render_scene(1, kind, SCREEN).image, render_scene(1, kind, SCREEN, glyphs=real).image)
