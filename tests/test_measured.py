"""Figures of the documents: commands write them, and one that measures a part leaves the others as they are."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from benchmarks.measured import put
from tests.conftest import ROOT


def test_what_was_not_measured_again_stays(tmp_path: Path) -> None:
    file = tmp_path / "figures.json"
    put({"tiny": {"errors": 3}, "default": {"errors": 2}}, file)
    put({"default": {"errors": 1}}, file)
    put({"best": {"errors": 0}}, None)
    assert json.loads(file.read_text()) == {"tiny": {"errors": 3}, "default": {"errors": 1}}


def test_a_recipe_that_is_none_is_named_before_anything_is_trained() -> None:
    run = subprocess.run(
        [sys.executable, ROOT / "benchmarks" / "recipes.py", "tinny"], capture_output=True, text=True, check=False
    )
    assert run.returncode == 2
    assert "no recipe tinny: choose from quick, tiny, default, best" in run.stderr
