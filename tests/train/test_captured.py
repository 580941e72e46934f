"""Digits and outliers as photos show them: what is made stays what it was made to be."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from edgedigits.reader import Reader
from edgedigits_train.captured import (
    KINDS,
    capture_digits,
    capture_outliers,
    capture_plainly,
    sever_digits,
    soil_digits,
)
from edgedigits_train.captured.canvas import SIDE, change_pen, enlarge, hollow
from edgedigits_train.captured.capturing import capture
from edgedigits_train.captured.flourishes import flourish
from edgedigits_train.captured.outliers import Material
from edgedigits_train.data.datasets import Dataset
from edgedigits_train.handwriting import render_characters


@pytest.fixture(scope="module")
def material(small: Dataset) -> Material:
    doodles = np.random.default_rng(0).integers(0, 2, (5, 105, 105), np.uint8) * np.uint8(255)
    return Material(small.training.glyphs, small.training.labels, {"scrawl": doodles})


def ink_width(mask: np.ndarray) -> float:
    """Area by half the length of the border: about the width of a line."""
    inside = mask > 110
    border = inside & ~(np.roll(inside, 1, 0) & np.roll(inside, -1, 0) & np.roll(inside, 1, 1) & np.roll(inside, -1, 1))
    return 2 * inside.sum() / max(1, border.sum())


def test_a_pen_changes_the_width_of_the_strokes_and_little_else(small: Dataset) -> None:
    mask = enlarge(small.training.glyphs[0, :, :, 0])
    assert mask.shape == (SIDE, SIDE)
    widths = [ink_width(change_pen(mask, pen)) for pen in (-5, -3, 0, 2, 4)]
    assert widths == sorted(widths)
    assert widths[-1] > 1.5 * widths[0]


def test_an_outline_is_paper_inside(small: Dataset) -> None:
    wide = change_pen(enlarge(small.training.glyphs[0, :, :, 0]), 4)
    outline = hollow(wide, 2)
    assert outline[wide > 250].mean() < 0.7 * wide[wide > 250].mean()


def test_some_lines_are_worn_into_pieces(small: Dataset) -> None:
    masks = [change_pen(enlarge(glyph), -4) for glyph in small.training.glyphs[:100, :, :, 0]]
    rng = np.random.default_rng(0)
    pieces = [cv2.connectedComponents((capture(mask, rng) > 60).astype(np.uint8))[0] - 1 for mask in masks]
    assert 5 < sum(count > 1 for count in pieces) < 30


def test_digits_are_captured_in_all_sizes(small: Dataset) -> None:
    rng = np.random.default_rng(0)
    mask = enlarge(small.training.glyphs[0, :, :, 0])
    heights = [np.ptp(np.flatnonzero((capture(mask, rng) > 100).any(axis=1))) + 1 for _ in range(200)]
    assert min(heights) < 12
    assert max(heights) > 80


def test_a_four_can_be_closed_and_a_seven_narrow() -> None:
    four = np.zeros((SIDE, SIDE), np.uint8)
    cv2.polylines(four, [np.array([[30, 16], [28, 60], [84, 60]])], False, 255, 8)
    cv2.line(four, (76, 16), (72, 96), 255, 8)
    closed = max((flourish(four, 4, np.random.default_rng(seed)) for seed in range(40)), key=np.sum)
    assert count_holes(four) == 0
    assert count_holes(closed) == 1
    seven = np.zeros((SIDE, SIDE), np.uint8)
    cv2.polylines(seven, [np.array([[28, 16], [84, 16], [50, 96]])], False, 255, 8)
    widths = [cv2.boundingRect(flourish(seven, 7, np.random.default_rng(seed)))[2] for seed in range(40)]
    assert min(widths) < 0.75 * cv2.boundingRect(seven)[2]
    assert widths.count(cv2.boundingRect(seven)[2]) > 15


def count_holes(mask: np.ndarray) -> int:
    return cv2.connectedComponents((mask < 110).astype(np.uint8))[0] - 2


@pytest.mark.parametrize(("make", "least"), [("captured", 0.9), ("soiled", 0.6)])
def test_the_digits_can_still_be_read(make: str, least: float, small: Dataset, reader: Reader) -> None:
    glyphs, labels = small.training.glyphs[:300], small.training.labels[:300]
    rng = np.random.default_rng(1)
    changed = capture_digits(glyphs, labels, rng) if make == "captured" else soil_digits(glyphs, rng)
    assert (changed.shape, changed.dtype) == (glyphs.shape, np.uint8)
    right = reader.classify(changed[..., 0]).probabilities.argmax(axis=1) == labels
    assert right.mean() > least


def test_severed_digits_bear_marks_of_their_neighbours_and_can_be_read(small: Dataset, reader: Reader) -> None:
    glyphs, labels = sever_digits(small.training.glyphs, small.training.labels, 300, np.random.default_rng(1))
    assert (glyphs.shape, glyphs.dtype) == ((300, 28, 28, 1), np.uint8)
    assert set(labels.tolist()) == set(range(10))
    reading = reader.classify(glyphs[..., 0])
    assert (reading.probabilities.argmax(axis=1) == labels).mean() > 0.8
    unscathed = capture_digits(small.training.glyphs[:300], small.training.labels[:300], np.random.default_rng(1))
    assert reading.digit_scores.mean() < reader.classify(unscathed[..., 0]).digit_scores.mean()


def test_severed_digits_follow_the_seed(small: Dataset) -> None:
    one, same, other = (
        sever_digits(small.training.glyphs, small.training.labels, 20, np.random.default_rng(seed))[0]
        for seed in (1, 1, 2)
    )
    assert np.array_equal(one, same)
    assert not np.array_equal(one, other)


@pytest.mark.parametrize("kind", list(KINDS))
def test_every_kind_of_outlier_is_ink_and_varies(kind: str, material: Material) -> None:
    make, share = KINDS[kind]
    rng = np.random.default_rng(2)
    shapes = [shape for shape in (make(material, rng) for _ in range(30)) if shape is not None]
    assert share > 0
    assert len(shapes) >= 5
    assert all(shape.dtype == np.uint8 and shape.ndim == 2 and shape.any() for shape in shapes)
    assert len({shape.tobytes() for shape in shapes}) == len(shapes)


def test_outliers_follow_the_seed(material: Material) -> None:
    one, same, other = (capture_outliers(material, 20, np.random.default_rng(seed)) for seed in (1, 1, 2))
    assert np.array_equal(one, same)
    assert not np.array_equal(one, other)
    assert one.any(axis=(1, 2, 3)).all()


def test_without_doodles_the_other_kinds_take_their_part(small: Dataset) -> None:
    material = Material(small.training.glyphs, small.training.labels, {})
    assert len(capture_outliers(material, 30, np.random.default_rng(0))) == 30


def test_most_letters_and_signs_are_known_for_what_they_are(reader: Reader) -> None:
    glyphs = capture_plainly(render_characters(540, seed=9), np.random.default_rng(3))
    assert (reader.classify(glyphs[..., 0]).digit_scores >= 0.5).mean() < 0.17


def test_most_outliers_are_known_for_what_they_are(material: Material, reader: Reader) -> None:
    glyphs = capture_outliers(material, 200, np.random.default_rng(3))
    scores = reader.classify(glyphs[..., 0]).digit_scores
    assert (scores < 0.5).mean() > 0.7
