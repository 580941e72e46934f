"""Ruled sheets and forms that are held askew are told from digits as straight ones are."""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt
import pytest

from edgedigits import Reader
from edgedigits.finding.light import ink_levels
from edgedigits.stages.tilt import tilt_of
from tests.conftest import LabelledGlyphs

Picture = npt.NDArray[np.uint8]

TILTS = [-16, -11, -6, 7, 12, 17]


def turned(page: Picture, degrees: float) -> Picture:
    """Return a page turned clockwise about its middle, with more of its paper around it."""
    height, width = page.shape
    turn = cv2.getRotationMatrix2D((width / 2, height / 2), -degrees, 1)
    return np.asarray(cv2.warpAffine(page, turn, (width, height), borderValue=225), np.uint8)


def ruled(step: int = 45) -> Picture:
    page = np.full((480, 640), 225, np.uint8)
    for y in range(60, 440, step):
        cv2.line(page, (70, y), (570, y), 150, 2)
    return page


def form(digits: Picture, boxes: int, ink: int = 60) -> Picture:
    """Return a row of boxes with digits (N, 28, 28) in the first ones."""
    page = np.full((480, 640), 225, np.uint8)
    side = 400 // boxes
    for box in range(boxes):
        cv2.rectangle(page, (120 + side * box, 180), (120 + side * (box + 1), 180 + side * 5 // 4), 185, 2)
    for box, digit in enumerate(digits):
        inside = side * 3 // 4
        left, top = 120 + side * box + side // 8, 180 + side * 5 // 8 - inside // 2
        share = cv2.resize(digit, (inside, inside), interpolation=cv2.INTER_CUBIC).astype(np.float32) / 255
        place = page[top : top + inside, left : left + inside]
        place[:] = np.clip(place - (place - float(ink)) * share, 0, 255).astype(np.uint8)
    return page


@pytest.mark.parametrize("degrees", TILTS)
def test_the_tilt_of_ruled_lines_is_found(degrees: int) -> None:
    tilt = tilt_of(tuple(ink_levels(turned(ruled(), degrees))))
    assert np.rad2deg(tilt) == pytest.approx(degrees, abs=2)


@pytest.mark.parametrize("degrees", [-2, 0, 1])
def test_lines_that_are_straight_enough_have_none(degrees: int) -> None:
    assert tilt_of(tuple(ink_levels(turned(ruled(), degrees)))) == 0


def test_digits_alone_have_none(mnist_test: LabelledGlyphs) -> None:
    rows = np.vstack([np.hstack(list(mnist_test.images[i : i + 5])) for i in range(0, 20, 5)])
    page = 225 - (cv2.resize(rows, (600, 480), interpolation=cv2.INTER_CUBIC) * 0.6).astype(np.uint8)
    assert tilt_of(tuple(ink_levels(page))) == 0


@pytest.mark.parametrize("degrees", TILTS)
def test_empty_boxes_of_a_form_that_lies_askew_hold_nothing(reader: Reader, degrees: int) -> None:
    for boxes in (3, 5, 8):
        page = turned(form(np.zeros((0, 28, 28), np.uint8), boxes), degrees)
        assert reader.read(page).text == "", boxes


@pytest.mark.parametrize("degrees", TILTS)
def test_a_form_that_lies_askew_is_read(reader: Reader, mnist_test: LabelledGlyphs, degrees: int) -> None:
    read, written = [], []
    for start in range(0, 40, 4):
        page = turned(form(mnist_test.images[start : start + 4], 6), degrees)
        read.append(reader.read(page).text)
        written.append("".join(map(str, mnist_test.labels[start : start + 4])))
    assert sum(one == other for one, other in zip(read, written, strict=True)) >= 9, read


@pytest.mark.parametrize("degrees", [-9, 9])
def test_a_form_with_many_small_boxes_is_read(reader: Reader, mnist_test: LabelledGlyphs, degrees: int) -> None:
    """Digits of 25 pixels; their frame, a few pixels away, is not what makes paper unquiet."""
    exact = 0
    for start in range(0, 200, 10):
        page = turned(form(mnist_test.images[start : start + 10], 12), degrees)
        exact += reader.read(page).text == "".join(map(str, mnist_test.labels[start : start + 10]))
    assert exact >= 10
