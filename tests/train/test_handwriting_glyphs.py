"""Glyphs from the synthesizer: the classifier's contract, everyone's hand, the same from the same seed."""

from __future__ import annotations

import numpy as np
import pytest

from edgedigits import Reader
from edgedigits.glyphs import normalise_crops
from edgedigits_train.handwriting.alphabet import LETTERS, SIGNS
from edgedigits_train.handwriting.curves import stroke_matrices
from edgedigits_train.handwriting.glyphs import draw_glyph, render_glyphs, render_lookalikes
from edgedigits_train.handwriting.letterforms import DIGITS, LOOKALIKES, Letterform
from edgedigits_train.handwriting.nondigits import KINDS, render_characters, render_nondigits
from edgedigits_train.handwriting.strokes import write
from edgedigits_train.handwriting.writer import Writer, choose

ALL_FORMS = [form for forms in DIGITS for form in forms] + list(LETTERS + SIGNS)


def generator(seed: int) -> np.random.Generator:
    return np.random.Generator(np.random.PCG64(seed))


def test_glyphs_keep_the_contract() -> None:
    glyphs, labels = render_glyphs(200, seed=1)
    assert (glyphs.shape, glyphs.dtype) == ((200, 28, 28, 1), np.uint8)
    assert (labels.shape, labels.dtype) == ((200,), np.uint8)
    assert np.bincount(labels).tolist() == [20] * 10
    assert (glyphs.max(axis=(1, 2, 3)) > 200).all()
    for glyph in glyphs[..., 0]:
        rows, columns = np.nonzero(glyph > 51)
        assert max(np.ptp(rows), np.ptp(columns)) + 1 in (19, 20, 21)
        middle = [np.average(np.arange(28), weights=glyph.sum(axis=axis) + 1e-9) for axis in (0, 1)]
        # the box and its soft edge of two pixels must not leave the picture, wherever the centre of mass is
        against_border = min(rows.min(), columns.min()) <= 2 or max(rows.max(), columns.max()) >= 25
        assert np.abs(np.array(middle) - 14).max() <= 0.6 or against_border


def test_normalising_a_glyph_again_changes_almost_nothing() -> None:
    glyphs, _ = render_glyphs(200, seed=2)
    again = normalise_crops(glyphs[..., 0])
    assert np.abs(again.astype(int) - glyphs).mean() < 2


def test_the_same_seed_gives_the_same_glyphs_and_another_seed_others() -> None:
    first, labels = render_glyphs(50, seed=3)
    again, labels_again = render_glyphs(50, seed=3)
    other, _ = render_glyphs(50, seed=4)
    assert np.array_equal(first, again)
    assert np.array_equal(labels, labels_again)
    assert not np.array_equal(first, other)


@pytest.mark.parametrize("digit", range(10))
def test_two_digits_of_a_writer_are_alike_and_never_equal(digit: int) -> None:
    rng = generator(digit)
    own, others = [], []
    previous = None
    for _ in range(40):
        writer = Writer.sample(rng)
        form = choose(DIGITS[digit], writer.habits[digit])
        first, second = (draw_glyph(write(form, writer, rng), 0.12).astype(float) for _ in range(2))
        own.append(np.abs(first - second).mean())
        if previous is not None:
            others.append(np.abs(first - previous).mean())
        previous = first
    assert min(own) > 0
    assert np.median(own) < 0.8 * np.median(others)


def test_a_writer_keeps_to_a_habit() -> None:
    rng = generator(5)
    for _ in range(20):
        writer = Writer.sample(rng)
        forms = [writer.form(4, rng).name for _ in range(60)]
        assert max(map(forms.count, forms)) >= 0.5 * len(forms)


@pytest.mark.parametrize("form", ALL_FORMS, ids=lambda form: f"{form.character} {form.name}")
def test_a_path_passes_its_control_points(form: Letterform) -> None:
    for span, matrix in zip(form.strokes, stroke_matrices(form, rounding=0), strict=True):
        path = matrix @ form.points[span]
        for point in form.points[span]:
            # half a sample off at most: samples lie evenly along the path, not on its points
            assert np.hypot(*(path - point).T).min() < 0.06


def test_rounding_cuts_corners_and_leaves_the_ends() -> None:
    seven = DIGITS[7][0]
    corner = seven.points[seven.corners.argmax()]
    distances = []
    for rounding in (0, 2, 4):
        path = stroke_matrices(seven, rounding)[0] @ seven.points[seven.strokes[0]]
        assert np.allclose(path[[0, -1]], seven.points[seven.strokes[0]][[0, -1]])
        distances.append(np.hypot(*(path - corner).T).min())
    assert distances == sorted(distances)
    assert distances[-1] > distances[0] + 0.02


@pytest.mark.parametrize("rng_seed", [0, 1])
def test_every_letterform_of_a_digit_reads_as_that_digit(reader: Reader, rng_seed: int) -> None:
    """The bundled model was trained on real digits: what it does not recognise, people may not either."""
    rng = generator(rng_seed)
    misread = []
    for digit, forms in enumerate(DIGITS):
        for form in forms:
            glyphs = [draw_glyph(write(form, Writer.sample(rng, tidiness=1.0), rng), 0.12) for _ in range(8)]
            values = reader.classify(np.stack(glyphs)).probabilities.argmax(axis=1)
            if (values == digit).mean() < 0.5:
                misread.append(f"{digit} {form.name}: {values.tolist()}")
    assert misread == []


def test_a_model_of_real_digits_reads_clean_glyphs(reader: Reader) -> None:
    glyphs, labels = render_glyphs(2000, seed=6, tidiness=1.0)
    values = reader.classify(glyphs[..., 0]).probabilities.argmax(axis=1)
    assert (values == labels).mean() >= 0.99


def test_nondigits_keep_the_contract_and_follow_from_their_seed() -> None:
    glyphs, kinds = render_nondigits(300, seed=7)
    assert (glyphs.shape, glyphs.dtype) == ((300, 28, 28, 1), np.uint8)
    assert set(kinds.tolist()) == set(KINDS)
    assert (glyphs.max(axis=(1, 2, 3)) > 100).all()
    again, _ = render_nondigits(300, seed=7)
    assert np.array_equal(glyphs, again)
    other, _ = render_nondigits(300, seed=8)
    assert not np.array_equal(glyphs, other)


def test_characters_keep_the_contract_and_follow_from_their_seed() -> None:
    glyphs = render_characters(150, seed=7)
    assert (glyphs.shape, glyphs.dtype) == ((150, 28, 28, 1), np.uint8)
    assert (glyphs.max(axis=(1, 2, 3)) > 100).all()
    assert np.array_equal(glyphs, render_characters(150, seed=7))
    assert not np.array_equal(glyphs, render_characters(150, seed=8))
    assert len(np.unique(glyphs, axis=0)) == 150, "no writer twice"


def test_lookalikes_are_ones_and_fours_as_labelled() -> None:
    _, labels = render_lookalikes(200, seed=1)
    counts = np.bincount(labels, minlength=10)
    assert counts[1] > counts[4] > 0
    assert counts[1] + counts[4] == 200
    assert {form.character for form in LOOKALIKES} == {"1", "4"}
