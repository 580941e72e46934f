"""Pages that hold more than digits: everything written on them is in the truth, named and in its place."""

from __future__ import annotations

from dataclasses import replace
from itertools import chain

import numpy as np
import pytest

from edgedigits_train.handwriting import KINDS, Conditions, texts
from edgedigits_train.handwriting.alphabet import LETTERS, SIGNS
from edgedigits_train.handwriting.characters import CHARACTERS
from edgedigits_train.handwriting.layouts import LAYOUTS, OTHER, SIGN_LABELS
from edgedigits_train.handwriting.pages import PAGES
from edgedigits_train.handwriting.scenes import LEGIBLE, Scene, render_scene

SCREEN = Conditions(pen="digital ink", surface="screen")
"""Ink and nothing else: every dark pixel belongs to a mark."""


def outside_of_signs(scene: Scene) -> np.ndarray:
    mask = np.ones(scene.image.shape[:2], bool)
    for sign in scene.signs:
        x, y, width, height = sign.box
        mask[max(y - 1, 0) : y + height + 1, max(x - 1, 0) : x + width + 1] = False
    return mask


@pytest.mark.parametrize("kind", PAGES)
def test_all_that_is_written_has_a_sign_around_it(kind: str) -> None:
    for seed in range(4):
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
