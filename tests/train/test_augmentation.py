"""Augmented glyphs are still glyphs: each change does what its name says, and none reaches the next glyph."""

from __future__ import annotations

from dataclasses import asdict, fields

import numpy as np
import pytest

from edgedigits_train.data.augmentation import Augmentation, augment
from edgedigits_train.data.datasets import Dataset

NOTHING = Augmentation(**dict.fromkeys(asdict(Augmentation()), 0.0))
STRONG = Augmentation(rotation=40, shear=0.5, scale=0.4, shift=6, elastic=4, thinner=1, thicker=1, blur=1, contrast=0.5)


def only(**changes: float) -> Augmentation:
    return Augmentation(**{**asdict(NOTHING), **changes})


def test_no_change_gives_the_same_glyphs_whatever_their_number(small: Dataset) -> None:
    many = np.concatenate([small.training.glyphs] * 2)
    assert len(many) > 2_000
    changed = augment(many, NOTHING, np.random.default_rng(0))
    assert changed.dtype == np.uint8
    assert np.array_equal(changed, many)


def test_an_empty_batch_stays_empty() -> None:
    assert augment(np.zeros((0, 28, 28, 1), np.uint8), STRONG, np.random.default_rng(0)).shape == (0, 28, 28, 1)


def test_the_same_random_numbers_give_the_same_glyphs(small: Dataset) -> None:
    glyphs = small.training.glyphs[:64]
    first, again, other = (augment(glyphs, Augmentation(), np.random.default_rng(seed)) for seed in (1, 1, 2))
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)


def test_nothing_reaches_the_next_glyph() -> None:
    glyphs = np.zeros((200, 28, 28, 1), np.uint8)
    glyphs[::2] = 255
    changed = augment(glyphs, STRONG, np.random.default_rng(0))
    assert changed[1::2].max() == 0
    assert (changed[::2].reshape(100, -1).mean(axis=1) > 50).all()


def test_every_change_changes_something(small: Dataset) -> None:
    glyphs = small.training.glyphs[:100]
    for field in fields(Augmentation):
        changed = augment(glyphs, only(**{field.name: getattr(Augmentation(), field.name)}), np.random.default_rng(0))
        assert np.mean((changed != glyphs).any(axis=(1, 2, 3))) > 0.9 or field.name in ("thinner", "thicker")


@pytest.mark.parametrize(("change", "grows"), [("thicker", True), ("thinner", False)])
def test_strokes_become_thicker_or_thinner(change: str, grows: bool, small: Dataset) -> None:
    glyphs = small.training.glyphs[:200]
    ink = glyphs.sum(axis=(1, 2, 3), dtype=int)
    changed = augment(glyphs, only(**{change: 1.0}), np.random.default_rng(0)).sum(axis=(1, 2, 3), dtype=int)
    share = changed / ink
    assert (share >= 1).all() if grows else (share <= 1).all()
    assert share.max() > 1.3 if grows else share.min() < 0.8


def test_a_shift_stays_within_its_range() -> None:
    glyphs = np.zeros((3_000, 28, 28, 1), np.uint8)
    glyphs[:, 10:18, 10:18] = 255
    changed = augment(glyphs, only(shift=2.0), np.random.default_rng(0))[..., 0].astype(float)
    ink = changed.sum(axis=(1, 2))
    rows = changed.sum(axis=2) @ np.arange(28) / ink - 13.5
    columns = changed.sum(axis=1) @ np.arange(28) / ink - 13.5
    for moved in (rows, columns):
        assert 1.7 < np.abs(moved).max() < 2.1
        assert abs(moved.mean()) < 0.1


def test_a_rotation_stays_within_its_range() -> None:
    glyphs = np.zeros((3_000, 28, 28, 1), np.uint8)
    glyphs[:, 4:24, 12:16] = 255
    changed = augment(glyphs, only(rotation=20.0), np.random.default_rng(0))[..., 0].astype(float)
    y, x = np.indices((28, 28)) - 13.5
    slant = np.rad2deg(0.5 * np.arctan2(2 * (changed * x * y).sum((1, 2)), (changed * (y * y - x * x)).sum((1, 2))))
    assert 17 < np.abs(slant).max() < 21
    assert abs(slant.mean()) < 1
