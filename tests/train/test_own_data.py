"""A user's own data instead of MNIST, or beside it."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from edgedigits.errors import InputError
from edgedigits.labelled.glyphs import LabelledGlyphs
from edgedigits_train.data import own_data
from edgedigits_train.data.datasets import Dataset
from edgedigits_train.data.own_data import load_data
from edgedigits_train.evaluation.models import open_model
from edgedigits_train.fit.fine_tuning import load_base
from edgedigits_train.handwriting.glyphs import render_glyphs
from edgedigits_train.recipe_files import change_recipe
from edgedigits_train.recipes import RECIPES
from edgedigits_train.training import Material, train
from tests.letters import LETTERS, draw_letters


def save(path: Path, **arrays: object) -> str:
    np.savez(path, **arrays)  # type: ignore[arg-type]
    return str(path)


def test_three_parts_are_drawn_that_share_nothing(tmp_path: Path) -> None:
    images, labels = draw_letters(400, seed=0)
    images = np.concatenate([images, images[:30]])
    labels = np.concatenate([labels, labels[:30]])
    data = load_data([save(tmp_path / "letters.npz", X=images, y=labels)])
    assert data.labels == LETTERS
    assert data.classes == len(LETTERS)
    parts = [{glyph.tobytes() for glyph in part.glyphs} for part in (data.training, data.held_out, data.test)]
    assert not parts[0] & parts[1]
    assert not parts[0] & parts[2]
    assert not parts[1] & parts[2]
    assert len(data.test) == 64
    assert any("is in another part as well (as letters.npz" in note and "left out" in note for note in data.notes)
    assert any("at random" in note for note in data.notes)


def test_writers_stay_together(tmp_path: Path) -> None:
    images, labels = draw_letters(400, seed=0)
    writers = np.array([f"w{place % 20:02}" for place in range(400)])
    data = load_data([save(tmp_path / "letters.npz", X=images, y=labels, writers=writers)])
    assert any("by writer (3 of 20 writers)" in note for note in data.notes)
    assert len(data.test) == 60


def test_given_parts_are_kept(tmp_path: Path) -> None:
    images, labels = draw_letters(400, seed=0)
    arrays = {"x_train": images[:300], "y_train": labels[:300], "x_test": images[300:], "y_test": labels[300:]}
    data = load_data([save(tmp_path / "letters.npz", **arrays)])
    assert (len(data.training), len(data.held_out), len(data.test)) == (255, 45, 100)


def test_digits_go_beside_mnist(tmp_path: Path, small: Dataset, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(own_data, "load_mnist", lambda progress: small)
    glyphs, labels = render_glyphs(200, 9)
    data = load_data([save(tmp_path / "mine.npz", X=glyphs, y=labels), "mnist"])
    assert len(data.training) == len(small.training) + 140
    assert len(data.test) == len(small.test) + 30
    assert data.name == "mine.npz and mnist"
    assert data.classes == 11


def test_what_is_none_is_trained_on_and_not_scored(tmp_path: Path) -> None:
    images, labels = draw_letters(400, seed=0, letters=("A", "B", "none"))
    data = load_data([save(tmp_path / "letters.npz", X=images, y=labels)])
    assert data.labels == ("A", "B")
    assert data.classes == 3
    assert set(data.training.labels.tolist()) == {0, 1, 2}
    assert set(data.test.labels.tolist()) == {0, 1}


def test_data_that_cannot_be_trained_on_is_refused(tmp_path: Path) -> None:
    images, labels = draw_letters(60, seed=0)
    few = save(tmp_path / "few.npz", X=images, y=labels)
    with pytest.raises(InputError, match="too few to train on"):
        load_data([few])
    with pytest.raises(InputError, match="MNIST holds digits, and these are A"):
        load_data([few, "mnist"])
    with pytest.raises(InputError, match="label 'A', which is none of X, Y"):
        load_data([few], labels=("X", "Y"))
    one = save(tmp_path / "one.npz", X=images, y=np.full(60, "Z"))
    with pytest.raises(InputError, match="one label only"):
        load_data([one])


def test_bad_data_leaves_no_folder(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="does not exist"):
        train(RECIPES["quick"], tmp_path / "out", material=Material(data=(str(tmp_path / "nowhere"),)))
    assert list(tmp_path.iterdir()) == []


@pytest.fixture(scope="module")
def letters(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a training on letters."""
    folder = tmp_path_factory.mktemp("letters")
    images, labels = draw_letters(2_600, seed=1)
    data = save(folder / "letters.npz", X=images, y=labels)
    recipe = change_recipe(RECIPES["quick"], {"epochs": 4, "widths": "16;24", "learning_rate": 0.05})
    train(recipe, folder / "train", material=Material(data=(data,)))
    return folder / "train"


def test_a_recipe_learns_letters(letters: Path) -> None:
    metrics = json.loads((letters / "metrics.json").read_text())
    assert metrics["labels"] == list(LETTERS)
    assert metrics["test"]["images"] == 390
    assert metrics["test"]["accuracy"] > 0.8
    assert metrics["digit_score"]["method"] == "max-probability"
    assert metrics["training_data"] == "letters.npz"


def test_what_was_trained_on_letters_can_be_exported(letters: Path) -> None:
    from edgedigits_export.source import TrainedModel

    model = TrainedModel.load(letters)
    assert model.labels == LETTERS
    assert model.keras_model.output_shape == (None, 13)


def test_what_is_for_digits_refuses_letters(letters: Path) -> None:
    with pytest.raises(InputError, match="tells A, B.*how digits are read"):
        open_model(letters)
    with pytest.raises(InputError, match="tells A, B.*train with --data"):
        load_base(letters)


def test_a_model_of_letters_has_a_label_for_every_glyph() -> None:
    glyphs = LabelledGlyphs(np.zeros((3, 28, 28, 1), np.uint8), np.uint8([0, 1, 2]))
    assert Dataset("x", {}, glyphs, glyphs, glyphs, labels=("A", "B")).classes == 3
    assert Dataset("x", {}, glyphs, glyphs, glyphs, labels=("A", "B", "C")).classes == 3
