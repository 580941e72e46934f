"""What the page network's training promises: true answers, tiles with all that is on them, and files for export."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from edgedigits.errors import InputError
from edgedigits.finding.page import LABELS
from edgedigits_train.backend import keras
from edgedigits_train.handwriting import render_scene
from edgedigits_train.page_network.recipe import PAGE
from edgedigits_train.page_network.sampling import Tiles, signs_of_scene
from edgedigits_train.page_network.truth import CELLS, IGNORED, WORD, answer

SEVEN, OTHER = LABELS.index("7"), LABELS.index("other")


def signs(*rows: tuple[float, ...]) -> np.ndarray:
    return np.array(rows, np.float32).reshape(-1, 7)


def test_the_middle_of_a_sign_names_it_and_tells_its_sides() -> None:
    names, sides = answer(signs((SEVEN, 40, 48, 16, 24, 24, 1.0)))
    assert names[15, 12] == SEVEN
    assert sides[15, 12].tolist() == [2.5, 3.5, 1.5, 2.5]
    assert names[0, 0] == 0


def test_a_ring_round_the_middle_is_nobodys_fault() -> None:
    names, _ = answer(signs((SEVEN, 40, 40, 32, 40, 40, 1.0)))
    assert set(np.unique(names)) == {IGNORED, 0, SEVEN}


@pytest.mark.parametrize("height", [5.0, 70.0])
def test_what_is_another_sizes_business_is_nothing_here(height: float) -> None:
    names, _ = answer(signs((SEVEN, 30, 30, 0.6 * height, height, height, 1.0)))
    assert set(np.unique(names)) == {0}


def test_what_is_cut_off_is_not_asked_for() -> None:
    names, _ = answer(signs((SEVEN, -10, 48, 20, 30, 30, 1.0)))
    assert SEVEN not in names


def test_a_word_may_be_writing_or_nothing_but_no_digit() -> None:
    names, _ = answer(signs((OTHER, 20, 50, 80, 16, 16, 1.0)))
    assert set(np.unique(names)) == {0, WORD}


def test_all_that_is_written_on_a_scene_is_told() -> None:
    scene = render_scene(5, "sums")
    told = signs_of_scene(scene)
    assert len(told) == len(scene.signs)
    assert (told[:, 5] > 3).all(), "a full stop has the height of its hand"


def test_tiles_keep_their_signs() -> None:
    picture = np.zeros((128, 128), np.uint8)
    tiles = Tiles.of(
        [(picture, signs((1, 2, 3, 4, 5, 6, 1))), (picture, signs()), (picture, signs((2,) * 7, (3,) * 7))]
    )
    assert [len(tiles.signs_of(i)) for i in range(len(tiles))] == [1, 0, 2]
    assert answer(tiles.signs_of(1))[0].shape == (CELLS, CELLS)


@pytest.mark.slow
def test_a_training_leaves_what_export_takes(tmp_path: Path) -> None:
    from edgedigits_train.page_network.training import train_page

    short = replace(PAGE, pages=12, epochs=1, batch=16)
    metrics = train_page(short, tmp_path / "page")
    assert {path.name for path in (tmp_path / "page").iterdir()} == {
        "page.keras",
        "calibration.npz",
        "evaluation.npz",
        "metrics.json",
    }
    assert json.loads((tmp_path / "page" / "metrics.json").read_text())["kind"] == "page"
    assert metrics.parameters > 50_000
    assert not keras.models.load_model(tmp_path / "page" / "page.keras").compiled
    with pytest.raises(InputError, match=r"is no page network of this recipe's shape"):
        train_page(replace(short, fine=16), tmp_path / "other", base=tmp_path / "page" / "page.keras")
