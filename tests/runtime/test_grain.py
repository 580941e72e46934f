"""Pencil and chalk are told from other pens, and read although they break."""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

from edgedigits import Reader
from edgedigits.finding.light import ink_levels
from edgedigits.stages.grain import are_grainy
from edgedigits.stages.hypotheses import single_hypotheses
from edgedigits.stages.strokes import SHARE_OF_GRAINS, find_strokes
from tests.runtime.samples import draw_text

Picture = npt.NDArray[np.uint8]


def on_rough_paper(page: Picture, seed: int, least: float = 0.12) -> Picture:
    """Return dark writing on white paper as a pencil leaves it: where the paper is low, this share of the ink."""
    tooth = cv2.GaussianBlur(np.random.default_rng(seed).random(page.shape), (7, 7), 0)
    hold = np.clip((tooth - np.quantile(tooth, 0.5)) * 8, 0, 1)
    return np.asarray(225 - (225 - np.minimum(page, 225)) * (least + 0.5 * hold), np.uint8)


def test_pencil_is_grainy_and_a_pen_is_not() -> None:
    page = draw_text("2 3 4 5", size=(400, 200), height=60)
    for picture, grainy in ((page, False), (on_rough_paper(page, 1, 0.25), True)):
        level = next(iter(ink_levels(picture)))
        digits = [h for h in single_hypotheses(find_strokes(level, SHARE_OF_GRAINS)) if h.box[3] > 40]
        assert digits
        assert are_grainy(digits) is grainy


def test_what_has_no_middle_tells_nothing() -> None:
    page = np.full((60, 100), 225, np.uint8)
    cv2.line(page, (50, 20), (50, 40), 60, 1)
    assert not are_grainy(single_hypotheses(find_strokes(next(iter(ink_levels(page))))))
    assert not are_grainy([])


def test_broken_pencil_is_read(reader: Reader) -> None:
    page = draw_text("2 8 4 5 9", size=(600, 200), height=50)
    texts = [reader.read(on_rough_paper(page, seed)).text for seed in range(16)]
    assert texts.count("28459") >= 13, texts
