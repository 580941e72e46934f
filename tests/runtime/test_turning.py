"""Sheets that lie upside down or on their side are turned, and those that lie right are not."""

from __future__ import annotations

import numpy as np
import pytest

from edgedigits import Reader
from edgedigits_train.handwriting.scenes import Conditions, Scene, render_scene


@pytest.fixture(scope="module")
def sheets() -> list[Scene]:
    """Twenty photos of at least six digits each."""
    conditions = [
        Conditions(surface=surface, light=light, view=view)
        for surface, light, view in (
            ("plain", "even", "perspective"),
            ("plain", "soft shadow", "page edge"),
            ("ruled", "gradient", "turned"),
        )
    ]
    scenes = (render_scene(61_000 + seed, "rows", conditions[seed % 3]) for seed in range(40))
    return [scene for scene in scenes if len(scene.digits) >= 6][:20]


@pytest.mark.parametrize("turn", [1, 2, 3])
def test_most_sheets_that_lie_otherwise_are_turned(reader: Reader, sheets: list[Scene], turn: int) -> None:
    turned = [reader.read(np.ascontiguousarray(np.rot90(scene.image, turn))).turned for scene in sheets]
    assert np.mean([degrees == 90 * turn for degrees in turned]) >= 0.75
    # a wrong turn is worse than none
    assert sum(degrees not in (0, 90 * turn) for degrees in turned) <= 1


def test_sheets_that_lie_right_are_left_so(reader: Reader, sheets: list[Scene]) -> None:
    assert [scene.image.shape for scene in sheets if reader.read(scene.image).turned] == []


def test_what_holds_no_digit_is_hardly_ever_turned(reader: Reader) -> None:
    assert sum(reader.read(render_scene(62_000 + seed, "nothing").image).turned != 0 for seed in range(20)) <= 1
