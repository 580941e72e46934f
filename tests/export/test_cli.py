"""`edgedigits export` as its users meet it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from edgedigits.bundle import Bundle
from edgedigits_export.check.targets import TARGETS
from edgedigits_export.convert.formats import FORMATS
from edgedigits_export.publish.layouts import LAYOUTS

EDGEDIGITS = str(Path(sys.executable).parent / "edgedigits")


def run(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [EDGEDIGITS, "export", *map(str, arguments)], capture_output=True, text=True, check=False, timeout=600
    )


def test_it_prints_the_table_and_what_comes_next(trained: Path, tmp_path: Path) -> None:
    out = tmp_path / "my bundle"
    done = run("--from", trained, "--out", out, "--formats", "onnx-float32,onnx-int8")
    assert done.returncode == 0
    pages, *following = done.stderr.splitlines()
    assert pages.startswith("Page network: the runtime's own, verified by SHA-256 (page-int8.onnx ")
    assert following == [
        f"Next: edgedigits predict --bundle '{out}' PHOTO",
        f"      export EDGEDIGITS_BUNDLE='{out}'  # makes it the model of every command",
        f"      edgedigits models install '{out}'  # on the device, where the folder is copied to",
    ]
    bundle = Bundle.load(out)
    bundle.verify()
    assert [file.format for file in bundle.files] == ["onnx-int8", "onnx-float32"]
    table = done.stdout.splitlines()
    assert len(table) == 4
    for line, file in zip(table[2:], bundle.files, strict=True):
        assert file.path.name in line
        assert f"{file.size:,}" in line
        assert f"{file.accuracy:.2%}" in line
        assert f"{file.agreement:.2%}" in line
        assert "µs in ONNX Runtime" in line
    assert done.stdout in (out / "report.md").read_text(encoding="utf-8")


def test_the_formats_are_listed_with_what_they_are_for() -> None:
    done = run("--list")
    assert done.returncode == 0
    listed = dict(line.split(maxsplit=1) for line in done.stdout.splitlines() if line.startswith("  "))
    registered = {**FORMATS, **LAYOUTS, **TARGETS}
    assert {name: summary.strip() for name, summary in listed.items()} == {
        name: entry.summary for name, entry in registered.items()
    }


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--from", "nowhere"], "There is no digits.keras in nowhere"),
        (["--formats", "onnx-int9"], "There is no format 'onnx-int9'; choose from onnx-int8, "),
        (["--formats", ","], "No format is named; choose from "),
        (["--engines-of", "nowhere/python"], "nowhere/python cannot tell which engines it has"),
        (["--engines-of", "/bin/true"], "/bin/true cannot tell which engines it has"),
        (["--layout", "d-header"], "There is no layout 'd-header'; choose from c-header, triton"),
        (["--layout", "triton", "--formats", "onnx-int8"], "The layout triton needs the format onnx-float32"),
        (["--target", "pi6"], "There is no target 'pi6'; choose from pi5, "),
        (["--target", "browser", "--formats", "tflite-int8"], "Nothing on browser runs tflite-int8"),
        (["--allow", "onnx-int9"], "There is no format 'onnx-int9'"),
        (["--out", "full"], "full holds files but no bundle"),
    ],
)
def test_bad_usage_is_one_clear_line(
    arguments: list[str], message: str, trained: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "letter.txt").write_text("dear all")
    monkeypatch.chdir(tmp_path)
    done = run("--from", trained, *arguments)
    assert done.returncode == 2
    assert done.stdout == ""
    assert message in done.stderr
    assert "Traceback" not in done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert [path.name for path in tmp_path.iterdir()] == ["full"]


def test_importing_the_command_is_cheap() -> None:
    code = "import sys, edgedigits_export.cli; print({'tensorflow', 'keras', 'onnx', 'numpy'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"
