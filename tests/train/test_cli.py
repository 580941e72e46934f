"""`edgedigits train` as its users meet it."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from unittest import mock

import pytest
from click.testing import CliRunner

from edgedigits_train import training
from edgedigits_train.cli import train
from edgedigits_train.datasets import Dataset


def test_options_change_the_recipe_and_the_summary_says_what_came_out(small: Dataset, tmp_path: Path) -> None:
    options = ["--recipe", "quick", "--epochs", "1", "--batch", "100", "--learning-rate", "0.05", "--seed", "7"]
    with mock.patch.object(training, "load_mnist", return_value=small):
        run = CliRunner().invoke(train, [*options, "--out", str(tmp_path / "out")])
    assert run.exit_code == 0, run.output
    metrics = json.loads((tmp_path / "out" / "metrics.json").read_text())
    assert metrics["seed"] == 7
    assert {name: metrics["recipe"][name] for name in ("epochs", "batch", "learning_rate")} == {
        "epochs": 1,
        "batch": 100,
        "learning_rate": 0.05,
    }
    assert re.search(r"test accuracy +\d+\.\d\d % \(\d+\.\d\d–\d+\.\d\d\), \d+ of 200 wrong", run.stdout)
    assert str(tmp_path / "out") in run.stdout
    for name in (*metrics["files"], "metrics.json"):
        assert name in run.stdout
    assert run.stderr == "", "progress is for terminals"


@pytest.mark.parametrize(
    "wrong", [["--recipe", "huge"], ["--epochs", "0"], ["--batch", "-1"], ["--learning-rate", "0"], ["--seed", "x"]]
)
def test_wrong_options_are_refused_before_anything_is_done(wrong: list[str], tmp_path: Path) -> None:
    run = CliRunner().invoke(train, [*wrong, "--out", str(tmp_path / "out")])
    assert run.exit_code == 2
    assert wrong[0] in run.output
    assert not (tmp_path / "out").exists()


def test_show_says_where_the_plots_are_when_there_is_no_display(
    small: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("DISPLAY", raising=False)
    monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)
    monkeypatch.setattr(sys, "platform", "linux")
    with mock.patch.object(training, "load_mnist", return_value=small):
        options = ["--recipe", "quick", "--epochs", "1", "--show", "--out"]
        run = CliRunner().invoke(train, [*options, str(tmp_path / "out")])
    assert run.exit_code == 0
    assert str(tmp_path / "out") in run.stderr


def test_tensorflow_says_nothing_in_a_pipe() -> None:
    code = (
        "import numpy as np; from edgedigits_train import training; from edgedigits_train.model import build_model;"
        "from edgedigits_train.recipes import RECIPES;"
        "training.predict_logits(build_model(RECIPES['quick']), np.zeros((2, 28, 28, 1), np.uint8))"
    )
    environment = {name: value for name, value in os.environ.items() if name != "TF_CPP_MIN_LOG_LEVEL"}
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env=environment)
    assert (run.stdout, run.stderr) == ("", "")
