"""`edgedigits train` as its users meet it."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from unittest import mock

import numpy as np
import pytest
from click.testing import CliRunner, Result

from edgedigits_train import results, training
from edgedigits_train.cli import train
from edgedigits_train.data.datasets import Dataset


@dataclass
class Run:
    """A run of the command on a small dataset, where there is no display."""

    out: Path
    result: Result
    scored: list[np.ndarray]


@pytest.fixture(scope="module")
def run(small: Dataset, tmp_path_factory: pytest.TempPathFactory) -> Run:
    out = tmp_path_factory.mktemp("cli") / "out"
    options = ["--epochs", "1", "--batch", "100", "--learning-rate", "0.05", "--seed", "7", "--show"]
    without_display = {name: value for name, value in os.environ.items() if name not in ("DISPLAY", "WAYLAND_DISPLAY")}
    with (
        mock.patch.object(training, "load_dataset", return_value=small),
        mock.patch.object(results, "predict_logits", wraps=results.predict_logits) as predict,
        mock.patch.dict(os.environ, without_display, clear=True),
        mock.patch.object(sys, "platform", "linux"),
    ):
        result = CliRunner().invoke(train, ["--recipe", "quick", *options, "--out", str(out)])
    return Run(out, result, [call.args[1] for call in predict.call_args_list])


def test_options_change_the_recipe(run: Run) -> None:
    assert run.result.exit_code == 0, run.result.output
    metrics = json.loads((run.out / "metrics.json").read_text())
    assert metrics["seed"] == 7
    recipe = metrics["recipe"]
    assert (recipe["name"], recipe["epochs"], recipe["batch"], recipe["learning_rate"]) == ("quick", 1, 100, 0.05)


def test_the_summary_says_what_came_out(run: Run) -> None:
    assert re.search(r"test accuracy +\d+\.\d\d % \(\d+\.\d\d–\d+\.\d\d\), \d+ of 200 wrong", run.result.stdout)
    assert str(run.out) in run.result.stdout
    assert re.search(rf"^next +edgedigits export --from {run.out}$", run.result.stdout, re.MULTILINE)
    for path in run.out.iterdir():
        assert path.name in run.result.stdout


def test_without_a_display_show_says_where_the_plots_are_and_nothing_else_goes_to_stderr(run: Run) -> None:
    (line,) = run.result.stderr.splitlines()
    assert str(run.out) in line


def test_the_test_images_are_scored_once(run: Run, small: Dataset) -> None:
    assert sum(glyphs is small.test.glyphs for glyphs in run.scored) == 1


@pytest.mark.parametrize(
    "wrong", [["--recipe", "huge"], ["--epochs", "0"], ["--batch", "-1"], ["--learning-rate", "0"], ["--seed", "x"]]
)
def test_wrong_options_are_refused_before_anything_is_done(wrong: list[str], tmp_path: Path) -> None:
    run = CliRunner().invoke(train, [*wrong, "--out", str(tmp_path / "out")])
    assert run.exit_code == 2
    assert wrong[0] in run.output
    assert not (tmp_path / "out").exists()


def test_tensorflow_says_nothing_in_a_pipe() -> None:
    code = (
        "import numpy as np; from edgedigits_train import results; from edgedigits_train.fit.model import build_model;"
        "from edgedigits_train.recipes import RECIPES;"
        "results.predict_logits(build_model(RECIPES['quick']), np.zeros((2, 28, 28, 1), np.uint8))"
    )
    environment = {name: value for name, value in os.environ.items() if name != "TF_CPP_MIN_LOG_LEVEL"}
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env=environment)
    assert (run.stdout, run.stderr) == ("", "")
