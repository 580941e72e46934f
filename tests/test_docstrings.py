"""The examples in docstrings are run as they stand, each module's by itself, in a folder of its own.

Where an example names a training, `build/train` is there, and fifty pictures of digits in `my-digits`.
"""

from __future__ import annotations

import doctest
import importlib
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import ROOT

PARTS = {"edgedigits": "runtime", "edgedigits_train": "train", "edgedigits_export": "export"}
SLOW = {
    "edgedigits.timing": "measures every engine",
    "edgedigits_train.training": "trains",
    "edgedigits_train.personalising": "trains",
    "edgedigits_train.data.datasets": "renders thousands of digits",
    "edgedigits_export.exporting": "exports",
}
"""Modules whose examples take longer than some seconds."""


def modules_with_examples() -> Iterator[str]:
    for package, folder in PARTS.items():
        for path in sorted((ROOT / folder / package).rglob("*.py")):
            if ">>> " in path.read_text(encoding="utf-8"):
                parts = path.relative_to(ROOT / folder).with_suffix("").parts
                yield ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def lay_out_own_digits(folder: Path) -> None:
    import cv2

    from edgedigits_train.handwriting import render_glyphs

    for index, glyph in enumerate(render_glyphs(50, seed=1)[0]):
        path = folder / str(index % 10) / f"{index}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        cv2.imwrite(str(path), glyph)


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=[pytest.mark.slow] * (name in SLOW)) for name in modules_with_examples()]
)
def test_the_examples_of_docstrings_run(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> None:
    if name.startswith("edgedigits.bulk"):
        pytest.importorskip("distributed", reason="needs the extra `dask`")
    module = importlib.import_module(name)
    examples = doctest.DocTestFinder(exclude_empty=True).find(module)
    source = "".join(example.docstring or "" for example in examples)
    if any(call in source for call in ("load_mnist(", "build_benchmark(", ">>> load()")):
        request.getfixturevalue("mnist_test")  # it skips the test where MNIST is not here
    monkeypatch.chdir(tmp_path)
    if 'Path("my-digits")' in source:
        lay_out_own_digits(tmp_path / "my-digits")
    if 'Path("build/train")' in source and name != "edgedigits_train.training":
        (tmp_path / "build").mkdir()
        (tmp_path / "build" / "train").symlink_to(request.getfixturevalue("trained"))

    complaints: list[str] = []
    runner = doctest.DocTestRunner(verbose=False)
    for example in examples:
        runner.run(example, out=complaints.append)
    assert runner.summarize(verbose=False).attempted > 0
    assert not complaints, "\n".join(complaints)
