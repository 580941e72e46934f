"""Glyph normalisation: the one way from a crop to what the model sees."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from edgedigits import InputError, Reader
from edgedigits.glyphs import CONTRACT, normalise_crop, normalise_crops
from tests.conftest import LabelledGlyphs
from tests.measuring import cpu_seconds
from tests.runtime.samples import draw_text

GOLDEN = Path(__file__).with_name("glyphs-of-contract-2.png")


def test_mnist_comes_out_as_it_went_in(mnist_test: LabelledGlyphs) -> None:
    images = mnist_test.images[:2000]
    difference = np.abs(normalise_crops(images)[..., 0].astype(int) - images).max(axis=(1, 2))
    assert (difference <= 12).mean() >= 0.99


def test_normalising_twice_changes_nothing_more(mnist_test: LabelledGlyphs) -> None:
    once = normalise_crops(mnist_test.images[:1000])
    twice = normalise_crops(once[..., 0])
    assert (np.abs(once.astype(int) - twice).max(axis=(1, 2, 3)) <= 12).mean() >= 0.995


def test_polarity_does_not_matter(mnist_test: LabelledGlyphs) -> None:
    images = mnist_test.images[:500]
    np.testing.assert_array_equal(normalise_crops(images), normalise_crops(255 - images))


@pytest.mark.parametrize(("paper", "ink"), [(255, 0), (200, 120), (90, 40), (20, 235), (110, 160)])
def test_levels_of_paper_and_ink_do_not_matter(paper: int, ink: int) -> None:
    expected = normalise_crop(draw_text("5", paper=255, ink=0))
    found = normalise_crop(draw_text("5", paper=paper, ink=ink))
    assert np.abs(found.astype(int) - expected).max() <= 24


@pytest.mark.parametrize("factor", [0.25, 0.5, 2, 6])
def test_size_does_not_matter(factor: float) -> None:
    large = draw_text("3", height=160)
    resized = cv2.resize(large, None, fx=factor, fy=factor, interpolation=cv2.INTER_AREA)
    expected, found = normalise_crop(large), normalise_crop(resized)
    # the centre of mass is rounded to whole pixels, as MNIST's is: it may tip to the next one
    shifts = [(dy, dx) for dy in (-1, 0, 1) for dx in (-1, 0, 1)]
    likeness = [np.corrcoef(np.roll(found, shift, axis=(0, 1)).ravel(), expected.ravel())[0, 1] for shift in shifts]
    assert max(likeness) > 0.95


def test_place_in_the_crop_does_not_matter() -> None:
    picture = draw_text("7")
    moved = np.roll(picture, (40, -60), axis=(0, 1))
    np.testing.assert_array_equal(normalise_crop(picture), normalise_crop(moved))


@pytest.mark.parametrize("shape", [(1, 1), (1, 20000), (3, 500), (500, 3), (28, 28), (2, 2)])
def test_any_shape_gives_a_glyph(shape: tuple[int, int]) -> None:
    crop = np.random.default_rng(0).integers(0, 256, shape, dtype=np.uint8)
    glyph = normalise_crop(crop)
    assert glyph.shape == (28, 28)
    assert glyph.dtype == np.uint8


def test_a_glyph_fills_the_box_and_is_centred_on_its_mass() -> None:
    glyph = normalise_crop(draw_text("4"))
    rows = np.flatnonzero((glyph > CONTRACT.ink_threshold).any(axis=1))
    assert 19 <= rows[-1] - rows[0] + 1 <= 21
    mass = glyph.astype(float)
    centre = [(mass.sum(axis=1 - axis) @ np.arange(28)) / mass.sum() for axis in (0, 1)]
    assert centre == pytest.approx([14, 14], abs=0.51)


def test_no_contrast_gives_an_empty_glyph() -> None:
    flat = np.full((50, 50), 180, np.uint8)
    flat[::2] += 3
    assert not normalise_crop(flat).any()


def test_colours_and_transparency_are_taken() -> None:
    grey = draw_text("2")
    bgr = cv2.cvtColor(grey, cv2.COLOR_GRAY2BGR)
    bgra = cv2.cvtColor(grey, cv2.COLOR_GRAY2BGRA)
    for crop in (grey[..., np.newaxis], bgr, bgra):
        np.testing.assert_array_equal(normalise_crop(crop), normalise_crop(grey))


def test_batches_of_every_kind() -> None:
    grey = draw_text("8")
    small = cv2.resize(grey, (60, 40))
    assert normalise_crops(grey).shape == (1, 28, 28, 1)
    assert normalise_crops(np.stack([grey, grey])).shape == (2, 28, 28, 1)
    assert normalise_crops([grey, small, grey]).shape == (3, 28, 28, 1)
    assert normalise_crops([]).shape == (0, 28, 28, 1)


@pytest.mark.parametrize(
    "crop",
    [np.zeros((0, 5), np.uint8), np.zeros((4, 4), np.float32), np.zeros((4, 4, 2), np.uint8), np.uint8(3)],
)
def test_what_is_no_crop_is_refused_with_advice(crop: np.ndarray) -> None:
    with pytest.raises(InputError, match="crop"):
        normalise_crop(crop)


def test_behaviour_is_tied_to_the_contract_version() -> None:
    """Whoever changes what a crop becomes must raise GlyphContract.version, and only then draw the picture anew."""
    crops = [draw_text(str(d), size=(60, 60), height=40) for d in range(10)]
    expected = cv2.imread(str(GOLDEN), cv2.IMREAD_GRAYSCALE)
    found = np.hstack(list(normalise_crops(crops)[..., 0]))
    assert CONTRACT.version == 2
    assert np.abs(found.astype(int) - expected).max() <= 6


def photo_of(digit: str, paper: np.ndarray) -> np.ndarray:
    """A digit written with dark ink on paper of any levels, uint8 (H, W)."""
    written = draw_text(digit, size=paper.shape[::-1], height=60)
    return np.asarray(paper * (written / 255.0), np.uint8)


def likeness(one: np.ndarray, other: np.ndarray) -> float:
    shifts = [(dy, dx) for dy in (-1, 0, 1) for dx in (-1, 0, 1)]
    return max(float(np.corrcoef(np.roll(one, shift, (0, 1)).ravel(), other.ravel())[0, 1]) for shift in shifts)


@pytest.mark.parametrize("digit", ["2", "4", "7"])
def test_a_shadow_over_the_crop_does_not_matter(digit: str) -> None:
    even = np.full((100, 100), 230, np.uint8)
    shaded = np.linspace(230, 90, 100).astype(np.uint8)[np.newaxis].repeat(100, axis=0)
    assert likeness(normalise_crop(photo_of(digit, shaded)), normalise_crop(photo_of(digit, even))) > 0.9


@pytest.mark.parametrize("sides", ["left and right", "top and bottom"])
def test_an_edge_that_runs_through_the_crop_does_not_matter(sides: str) -> None:
    digit = draw_text("3", size=(100, 100), height=60)
    halved = digit.copy()
    halved[:, :50] = 255 - halved[:, :50]
    if sides == "top and bottom":
        halved = digit.copy()
        halved[:50] = 255 - halved[:50]
    assert likeness(normalise_crop(halved), normalise_crop(digit)) > 0.9


def test_specks_do_not_widen_the_box() -> None:
    clean = draw_text("6", size=(100, 100), height=60)
    dirty = clean.copy()
    for place in ((4, 6), (8, 92), (94, 50)):
        cv2.circle(dirty, place, 2, 0, -1)
    np.testing.assert_array_equal(normalise_crop(dirty), normalise_crop(clean))


def test_parts_of_a_broken_digit_stay() -> None:
    five = draw_text("5", size=(100, 100), height=60)
    broken = five.copy()
    broken[:, 49:52] = 255
    assert likeness(normalise_crop(broken), normalise_crop(five)) > 0.8


def test_a_huge_crop_takes_no_longer_than_a_photo_to_read(reader: Reader) -> None:
    crop = cv2.resize(draw_text("9", size=(100, 100), height=60), (4000, 3000))
    reader.read(crop)
    assert cpu_seconds(lambda: normalise_crop(crop)) < 3 * cpu_seconds(lambda: reader.read(crop))
    assert likeness(normalise_crop(crop), normalise_crop(cv2.resize(crop, (400, 300)))) > 0.95
