"""`edgedigits inspect`: what a file is, said without any engine."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from edgedigits import InputError
from edgedigits.bundle import BUNDLED, Bundle
from edgedigits.cli import commands


def inspect(*arguments: str | Path) -> Result:
    return CliRunner().invoke(commands, ["inspect", *map(str, arguments)])


def test_the_bundled_model_is_told_by_default() -> None:
    shown = inspect()
    assert shown.exit_code == 0
    for file in Bundle.load().files:
        assert f"{file.path.name}: {file.size:,} bytes" in shown.output
    assert "trained on" in shown.output


@pytest.mark.parametrize("file", Bundle.load().files, ids=lambda file: file.format)
def test_each_file_tells_what_it_is(file) -> None:
    shown = inspect(file.path)
    assert shown.exit_code == 0
    assert file.sha256 in shown.output
    assert f'format: "{file.format}"' in shown.output
    assert json.loads(inspect(file.path, "--json").output)["facts"]["format"] == file.format


def test_json_of_a_bundle_is_its_manifest() -> None:
    manifest = json.loads((BUNDLED / "manifest.json").read_text())
    assert json.loads(inspect(BUNDLED, "--json").output) == manifest


def test_what_is_no_model_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "x.onnx"
    path.write_text("a shopping list")
    for wrong in (path, tmp_path / "gone.tflite"):
        result = inspect(wrong)
        assert isinstance(result.exception, InputError)
        assert wrong.name in str(result.exception)
