"""Digits that touch, and digits whose boxes overlap, are read apart."""

from __future__ import annotations

from collections import Counter

import cv2
import numpy as np
import numpy.typing as npt
import pytest

from edgedigits import Reader
from edgedigits_train.handwriting.scenes import Conditions, render_scene
from tests.conftest import LabelledGlyphs

Picture = npt.NDArray[np.uint8]


def pushed_together(glyphs: Picture, *, overlap: int, zoom: int = 4) -> Picture:
    """Return MNIST digits side by side, each so near the one before that their ink shares so many columns of pixels."""
    line = np.zeros((28, 28 * (len(glyphs) + 1)), np.uint8)
    left = 14
    for glyph in glyphs:
        ink = glyph[:, np.flatnonzero((glyph > 60).any(axis=0))]
        before = line.copy()
        while left > 14:
            moved = np.zeros_like(line)
            moved[:, left : left + ink.shape[1]] = ink
            if (cv2.dilate(before, np.ones((1, 3), np.uint8)) > 60)[moved > 60].any():
                left -= overlap
                break
            left -= 1
        line[:, left : left + ink.shape[1]] = np.maximum(line[:, left : left + ink.shape[1]], ink)
        left += ink.shape[1]
    line = np.pad(line[:, : left + 14], 6)
    big = cv2.resize(line, None, fx=zoom, fy=zoom, interpolation=cv2.INTER_CUBIC).astype(np.float32)
    return np.clip(210 - 0.65 * big, 0, 255).astype(np.uint8)


def score(found: list[tuple[list[int | None], list[int]]]) -> float:
    """Return the F1 of values read over values written."""
    hits = sum((Counter(read) & Counter(written)).total() for read, written in found)
    return 2 * hits / sum(len(read) + len(written) for read, written in found)


def values(reader: Reader, image: Picture) -> list[int | None]:
    return [digit.value for digit in reader.read(image).digits]


@pytest.mark.parametrize(("overlap", "least"), [(0, 0.9), (1, 0.8)])
def test_touching_digits_are_cut_apart(reader: Reader, mnist_test: LabelledGlyphs, overlap: int, least: float) -> None:
    found = []
    for start in range(0, 120, 2):
        pair = slice(start, start + 2)
        image = pushed_together(mnist_test.images[pair], overlap=overlap)
        found.append((values(reader, image), mnist_test.labels[pair].tolist()))
    assert score(found) > least


def test_rendered_touching_numbers_are_read(reader: Reader) -> None:
    scenes = [render_scene(52_000 + seed, "touching", Conditions()) for seed in range(40)]
    assert score([(values(reader, scene.image), [digit.value for digit in scene.digits]) for scene in scenes]) > 0.82


def test_touching_numbers_are_read_in_any_light_and_on_any_paper(reader: Reader) -> None:
    scenes = [render_scene(420_000 + seed, "touching") for seed in range(60)]
    assert score([(values(reader, scene.image), [digit.value for digit in scene.digits]) for scene in scenes]) > 0.78


def test_a_number_is_cut_although_one_of_its_digits_is_seen_by_itself(reader: Reader) -> None:
    """At half the size the 1 does not touch the 3; the 3 and the 8 are one stroke at any."""
    read = values(reader, render_scene(600_052, "touching").image)
    assert len(read) == 3
    assert read[:2] == [1, 3]


def test_slanted_digits_whose_boxes_overlap_are_all_read(reader: Reader, mnist_test: LabelledGlyphs) -> None:
    seven, one = (mnist_test.images[int(np.flatnonzero(mnist_test.labels == value)[0])] for value in (7, 1))
    page = np.full((200, 420), 210, np.uint8)
    cv2.line(page, (40, 170), (110, 30), 40, 8)
    cv2.line(page, (85, 170), (155, 30), 40, 8)
    cv2.line(page, (130, 170), (200, 30), 40, 8)
    for glyph, left in ((seven, 190), (one, 290)):
        big = cv2.resize(glyph, (140, 140), interpolation=cv2.INTER_CUBIC)
        place = page[30:170, left - 20 : left + 120]
        np.minimum(place, (210 - 0.65 * big).astype(np.uint8), out=place)
    assert reader.read(page).text == "11171"


def test_chains_of_joined_zeros_are_cut_between_them(reader: Reader) -> None:
    scenes = [render_scene(700_000 + seed, "joined zeros", Conditions()) for seed in (1, 4, 6, 8, 10, 16, 17)]
    read = [Counter(values(reader, scene.image)) for scene in scenes]
    assert read == [Counter(digit.value for digit in scene.digits) for scene in scenes]
