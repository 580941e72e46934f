"""The plots show what they say, also where there is nothing to show."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from edgedigits_train.data.datasets import Dataset
from edgedigits_train.evaluation import plots


def logits_of(answers: np.ndarray) -> np.ndarray:
    return np.eye(10, dtype=np.float32)[answers] * 5


def drawn(path: Path) -> np.ndarray:
    image = cv2.imread(str(path))
    assert image is not None
    assert min(image.shape[:2]) > 50
    return image


@pytest.mark.parametrize("wrong", [0, 1, 37, 150])
def test_mistakes_and_confusion(wrong: int, small: Dataset, tmp_path: Path) -> None:
    answers = small.test.labels.copy()
    answers[:wrong] = (answers[:wrong] + 1) % 10
    plots.mistakes(small.test, logits_of(answers), 1.0, tmp_path / "mistakes.png")
    plots.confusion(logits_of(answers), small.test.labels, tmp_path / "confusion.png")
    reddish = (drawn(tmp_path / "confusion.png").astype(int) @ [-1, 0, 1] > 60).sum()
    assert (reddish > 1000) == (wrong > 0)
    # a row of the picture for every ten mistakes, up to eight rows
    height = drawn(tmp_path / "mistakes.png").shape[0]
    assert height == pytest.approx(120 * (0.7 + 1.35 * max(1, min(8, -(-wrong // 10)))), abs=2)


def test_curves_of_a_single_epoch(tmp_path: Path) -> None:
    history = {"loss": [0.5], "accuracy": [0.9], "val_loss": [0.4], "val_accuracy": [0.95]}
    plots.curves(history, tmp_path / "curves.png")
    assert len(np.unique(drawn(tmp_path / "curves.png").reshape(-1, 3), axis=0)) > 20


def test_what_must_be_known_stands_below_the_picture(tmp_path: Path) -> None:
    history = {"loss": [0.5], "accuracy": [0.9], "val_loss": [0.4], "val_accuracy": [0.95]}
    red = []
    for note in ("", "SYNTHETIC digits"):
        plots.curves(history, tmp_path / "curves.png", note)
        below = drawn(tmp_path / "curves.png")[-30:].astype(int)
        red.append(int((below @ [-1, 0, 1] > 90).sum()))
    assert red[0] == 0 < red[1]


@pytest.mark.parametrize("name", ["synthetic", "mnist"])
def test_every_picture_of_a_training_says_whether_it_was_synthetic(
    name: str, small: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from edgedigits_train.fit.fitting import Fit
    from edgedigits_train.fit.model import build_model
    from edgedigits_train.recipes import RECIPES
    from edgedigits_train.results import write_results

    notes = {}
    monkeypatch.setattr(plots, "save", lambda figure, path, note="": notes.update({path.name: note}))
    history = {"loss": [0.5], "accuracy": [0.9], "val_loss": [0.4], "val_accuracy": [0.95]}
    write_results(
        tmp_path,
        Fit(build_model(RECIPES["quick"]), history),
        replace(small, name=name),
        small.training,
        recipe=RECIPES["quick"],
        seed=0,
        data={},
        spent=lambda: (0.0, 0.0),
    )
    assert set(notes) == {"curves.png", "confusion.png", "mistakes.png", "reliability.png"}
    assert all(("SYNTHETIC" in note) is (name == "synthetic") for note in notes.values())
