"""The reader: single digits in crops and pictures, as users bring them."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from edgedigits import InputError, Reader
from tests.conftest import LabelledGlyphs
from tests.runtime.samples import draw_text


def picture_of(glyph: np.ndarray, *, side: int = 320, paper: int = 215, ink: int = 45) -> np.ndarray:
    """Return a photo-like grey picture (H, W) of an MNIST digit: dark ink on light paper, with a margin."""
    large = cv2.resize(glyph, (side // 2, side // 2), interpolation=cv2.INTER_CUBIC)
    share = np.zeros((side, side), np.float32)
    share[side // 4 : side // 4 + side // 2, side // 4 : side // 4 + side // 2] = large / 255
    return np.clip(paper + (ink - paper) * share, 0, 255).astype(np.uint8)


def test_classify_keeps_the_accuracy_of_the_manifest(reader: Reader, mnist_test: LabelledGlyphs) -> None:
    probabilities, scores = reader.classify(mnist_test.images)
    assert probabilities.shape == (10_000, 10)
    assert scores.shape == (10_000,)
    assert probabilities.dtype == scores.dtype == np.float32
    np.testing.assert_allclose(probabilities.sum(axis=1), 1, atol=1e-5)
    accuracy = (probabilities.argmax(axis=1) == mnist_test.labels).mean()
    assert accuracy == pytest.approx(reader.file.accuracy, abs=0.0005)
    refused = (scores < reader.bundle.digit_score.threshold).mean()
    assert refused <= 0.01


def test_classify_takes_crops_of_any_size_and_polarity(reader: Reader, mnist_test: LabelledGlyphs) -> None:
    images, labels = mnist_test.images[:200], mnist_test.labels[:200]
    large = [cv2.resize(image, (90, 90), interpolation=cv2.INTER_CUBIC) for image in images]
    for crops in (255 - images, large, [255 - crop for crop in large], images[..., np.newaxis]):
        assert (reader.classify(crops).probabilities.argmax(axis=1) == labels).mean() >= 0.98


def test_classify_takes_one_crop_and_none(reader: Reader) -> None:
    assert reader.classify(draw_text("5")).probabilities.shape == (1, 10)
    assert reader.classify([]).probabilities.shape == (0, 10)
    assert reader.classify([]).digit_scores.shape == (0,)


def test_an_empty_crop_is_no_digit(reader: Reader) -> None:
    assert reader.classify(np.full((40, 40), 200, np.uint8)).digit_scores[0] == 0


@pytest.mark.parametrize("dark_paper", [False, True])
def test_one_digit_is_read_with_its_place(reader: Reader, mnist_test: LabelledGlyphs, dark_paper: bool) -> None:
    right = 0
    for glyph, label in zip(mnist_test.images[:200], mnist_test.labels[:200], strict=True):
        picture = picture_of(glyph, paper=40, ink=220) if dark_paper else picture_of(glyph)
        reading = reader.read(picture)
        right += reading.text == str(label)
        for digit in reading.digits:
            x, y, width, height = digit.box
            assert 70 <= x < x + width <= 250
            assert 70 <= y < y + height <= 250
            assert 0 <= digit.confidence <= 1
    assert right >= 190


def test_an_mnist_image_itself_is_read(reader: Reader, mnist_test: LabelledGlyphs) -> None:
    texts = [reader.read(image).text for image in mnist_test.images[:300]]
    assert np.mean([text == str(label) for text, label in zip(texts, mnist_test.labels, strict=False)]) >= 0.95


def test_a_number_is_read_from_left_to_right_in_lines(reader: Reader, mnist_test: LabelledGlyphs) -> None:
    first = {int(label): glyph for glyph, label in zip(mnist_test.images[:100], mnist_test.labels[:100], strict=True)}
    page = np.full((400, 700), 220, np.uint8)
    for row, text in enumerate(("2021", "1984")):
        for column, character in enumerate(text):
            part = picture_of(first[int(character)], side=150, paper=220)
            page[20 + 190 * row : 170 + 190 * row, 30 + 160 * column : 180 + 160 * column] = part
    reading = reader.read(page)
    assert reading.text == "2021\n1984"
    assert [digit.line for digit in reading.digits] == [0, 0, 0, 0, 1, 1, 1, 1]


def test_every_kind_of_source_gives_the_same_reading(reader: Reader, tmp_path: Path) -> None:
    grey = draw_text("7")
    path = tmp_path / "seven.png"
    cv2.imwrite(str(path), grey)
    bgr = cv2.cvtColor(grey, cv2.COLOR_GRAY2BGR)
    bgra = cv2.cvtColor(grey, cv2.COLOR_GRAY2BGRA)
    readings = [reader.read(s) for s in (path, str(path), path.read_bytes(), grey, bgr, bgra)]
    assert readings[0].digits
    assert all(reading == readings[0] for reading in readings)


@pytest.mark.parametrize("shape", [(1, 1), (1, 20000), (20000, 1), (28, 28), (6000, 8000)])
def test_an_empty_picture_of_any_size_reads_as_nothing(reader: Reader, shape: tuple[int, int]) -> None:
    reading = reader.read(np.full(shape, 230, np.uint8))
    assert reading.text == ""
    assert reading.digits == ()
    assert reading.size == (shape[1], shape[0])


def test_what_is_no_picture_is_refused(reader: Reader) -> None:
    with pytest.raises(InputError):
        reader.read(np.zeros((0, 0), np.uint8))
    with pytest.raises(InputError):
        reader.read(b"nonsense")
