"""The house's rules that a machine can check: who imports whom, one version, what each part promises."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import ROOT

PARTS = {
    "edgedigits": ROOT / "runtime" / "edgedigits",
    "edgedigits_train": ROOT / "train" / "edgedigits_train",
    "edgedigits_export": ROOT / "export" / "edgedigits_export",
}
FOR_TRAINING_ONLY = {"tensorflow", "keras", "onnx", "tf2onnx", "matplotlib", "tqdm", "sympy", "PIL"}


def imported(folder: Path) -> Iterator[tuple[Path, str]]:
    for path in folder.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                yield from ((path, alias.name.split(".")[0]) for alias in node.names)
            elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                yield path, node.module.split(".")[0]


@pytest.mark.parametrize(
    ("part", "forbidden"),
    [
        ("edgedigits", FOR_TRAINING_ONLY | {"edgedigits_train", "edgedigits_export"}),
        ("edgedigits_train", {"edgedigits_export", "onnx", "tf2onnx", "onnxruntime"}),
        ("edgedigits_export", {"edgedigits_train"}),
    ],
)
def test_imports_run_one_way(part: str, forbidden: set[str]) -> None:
    wrong = [f"{path.relative_to(ROOT)} imports {name}" for path, name in imported(PARTS[part]) if name in forbidden]
    assert wrong == []


def test_reading_imports_nothing_of_training(tmp_path: Path) -> None:
    code = "import sys, numpy; from edgedigits import Reader; Reader().read(numpy.zeros((50, 50), 'uint8'));"
    code += f"print(sorted({FOR_TRAINING_ONLY!r} & set(sys.modules)))"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=tmp_path)
    assert run.stdout.strip() == "[]"


@pytest.mark.parametrize("part", ["train", "export"])
def test_the_help_of_a_heavy_part_does_not_import_it(part: str, tmp_path: Path) -> None:
    code = f"import sys; from edgedigits_{part}.cli import {part}; assert {part}.help;"
    code += f"print(sorted({FOR_TRAINING_ONLY!r} & set(sys.modules)))"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=tmp_path)
    assert run.stdout.strip() == "[]"


def test_all_parts_have_one_version() -> None:
    files = [ROOT / part / "pyproject.toml" for part in ("runtime", "train", "export")]
    versions = {re.search(r'^version = "(.+)"', file.read_text(), re.MULTILINE).group(1) for file in files}  # type: ignore[union-attr]
    assert len(versions) == 1
    (version,) = versions
    for file in files[1:]:
        assert f'"edgedigits=={version}"' in file.read_text()
    assert f"## {version}" in (ROOT / "CHANGELOG.md").read_text()


def test_constraints_hold_names_and_versions_only() -> None:
    for path in (ROOT / "constraints").glob("*.txt"):
        for line in path.read_text().splitlines():
            assert re.fullmatch(r'(#.*|[a-z0-9-]+==[0-9a-z.]+( ; python_version [<>]=? "[0-9.]+")?)', line), line


def test_every_command_has_help_and_is_documented() -> None:
    import click
    from click.testing import CliRunner

    from edgedigits.cli import commands

    documents = "\n".join(path.read_text() for path in [ROOT / "README.md", *(ROOT / "docs").rglob("*.md")])
    runner = CliRunner()
    names = commands.list_commands(click.Context(commands))
    assert {"predict", "webcam", "doctor", "inspect", "bench", "train", "export"} <= set(names)
    for name in names:
        shown = runner.invoke(commands, [name, "--help"])
        assert shown.exit_code == 0
        assert len(shown.output) > 100
        assert f"edgedigits {name}" in documents, f"`edgedigits {name}` is in no document"


def test_metadata_is_ready_for_publishing() -> None:
    for part in ("runtime", "train", "export"):
        metadata = (ROOT / part / "pyproject.toml").read_text()
        for minor in range(10, 14):
            assert f'"Programming Language :: Python :: 3.{minor}"' in metadata
        for field in ("description", "readme", "license", "authors", "keywords", "requires-python"):
            assert re.search(rf"^{field} = ", metadata, re.MULTILINE), f"{part} lacks {field}"
    version = re.search(r'^version = "(.+)"', (ROOT / "runtime" / "pyproject.toml").read_text(), re.MULTILINE)
    assert version is not None
    assert f"version: {version[1]}" in (ROOT / "CITATION.cff").read_text()
