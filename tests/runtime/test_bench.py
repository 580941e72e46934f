"""`edgedigits bench`: what it measures is measured, and what it recommends follows from that."""

from __future__ import annotations

import dataclasses
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from edgedigits import EngineError, InputError
from edgedigits import timing as module
from edgedigits.bundle import Bundle
from edgedigits.cli import commands
from edgedigits.engines import ENGINES
from edgedigits.timing import BATCH_SIZES, Measurement, Timing, make_remarks, recommend, run_benchmark

SHORT = ("--seconds", "0.02")


def bench(*arguments: str | Path) -> Result:
    return CliRunner().invoke(commands, ["bench", *SHORT, *map(str, arguments)])


def measured(
    engine: str = "onnxruntime", precision: str = "int8", latency: float = 100, memory: int = 50
) -> Measurement:
    timing = Timing(1, latency, 2 * latency, dict.fromkeys(BATCH_SIZES, 1e6 / latency))
    return Measurement(
        f"{precision}.onnx", f"onnx-{precision}", precision, engine, "1", (timing,), 0.5, memory, 1000, 10**8, 0.99
    )


@pytest.fixture(scope="module")
def report() -> dict[str, Any]:
    """What the command prints as JSON for the bundled model, as a process of its own."""
    done = subprocess.run(
        [str(Path(sys.executable).parent / "edgedigits"), "bench", "--json", *SHORT],
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stderr == ""
    return dict(json.loads(done.stdout))


def test_every_file_is_measured_in_every_engine_that_it_passed_in(report: dict[str, Any]) -> None:
    here = {name for name, engine in ENGINES.items() if engine.probe().available}
    pairs = [(file.path.name, engine) for file in Bundle.load().files for engine in file.engines if engine in here]
    assert sorted((entry["file"], entry["engine"]) for entry in report["measurements"]) == sorted(pairs)
    assert report["failures"] == []


def test_the_figures_are_those_of_this_machine(report: dict[str, Any]) -> None:
    files = {file.path.name: file for file in Bundle.load().files}
    for entry in report["measurements"]:
        assert entry["timings"][0]["threads"] == 1
        for timing in entry["timings"]:
            assert 0 < timing["p50_us"] <= timing["p95_us"]
            assert list(timing["throughput"]) == [str(size) for size in BATCH_SIZES]
            assert timing["throughput"]["1"] == pytest.approx(1e6 / timing["p50_us"], rel=0.01)
        # a process has to start Python and numpy, which takes longer than any call
        assert entry["cold_start_s"] > 1e-6 * entry["timings"][0]["p50_us"]
        assert 2e7 < entry["peak_memory"] < 1e9
        assert entry["installed_bytes"] > 2e7, "numpy alone has more"
        assert entry["file_bytes"] == files[entry["file"]].path.stat().st_size
        assert entry["accuracy"] == files[entry["file"]].accuracy
        assert entry["version"] == ENGINES[entry["engine"]].probe().detail


def test_what_is_recommended_was_measured(report: dict[str, Any]) -> None:
    assert report["recommended"] in report["measurements"]


def test_the_table_tells_it_to_people() -> None:
    shown = bench("--engine", "opencv")
    assert shown.exit_code == 0
    head, row = shown.output.splitlines()[1:3]
    assert "1 thread p50 / p95" in head
    assert row.startswith("digits-float32.onnx  OpenCV DNN ")
    assert "--engine opencv --model onnx-float32" in shown.output


def test_the_fastest_is_recommended() -> None:
    slow, fast = measured(latency=200, memory=10), measured(latency=100, memory=90)
    assert recommend([slow, fast]) is fast


def test_of_those_that_are_as_fast_the_smallest_is() -> None:
    large, small = measured(latency=100, memory=90), measured(latency=105, memory=40)
    assert recommend([large, small]) is small


@pytest.mark.parametrize(("latency", "said"), [(90, False), (104, False), (150, True)])
def test_it_says_when_int8_is_slower_than_float(latency: float, said: bool) -> None:
    remarks = list(make_remarks([measured(latency=latency), measured(precision="float32")]))
    assert [f"int8 is slower than float32 in ONNX Runtime on this machine ({latency} µs" in r for r in remarks] == (
        [True] * said
    )


def test_int8_of_one_engine_is_not_compared_with_float_of_another() -> None:
    assert list(make_remarks([measured(latency=500), measured("litert", "float32")])) == []


def stand_in(tmp_path: Path, script: str) -> str:
    """A Python that does as the script says."""
    python = tmp_path / "python"
    python.write_text(f"#!/bin/sh\n{script}\n")
    python.chmod(0o755)
    return str(python)


@pytest.mark.parametrize(
    ("script", "message"),
    [
        ("kill -ILL $$", r"it crashed \(signal 4\)"),
        ("echo out of luck >&2; exit 3", "out of luck"),
        ("exec sleep 60", "no answer within 1 seconds"),
    ],
)
def test_an_engine_that_gives_no_answer_is_named(
    script: str, message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module.sys, "executable", stand_in(tmp_path, script))
    monkeypatch.setattr(module, "PATIENCE", 1)
    with pytest.raises(EngineError, match=rf"digits-float32\.onnx in opencv: {message}"):
        run_benchmark(Bundle.load(), engine="opencv", seconds=0.001)


def test_no_engine_gets_a_file_that_was_changed_meanwhile(tmp_path: Path) -> None:
    file = Bundle.load().files[0]
    changed = tmp_path / file.path.name
    changed.write_bytes(file.read_verified()[::-1])
    command = [sys.executable, "-m", "edgedigits.timing", next(iter(file.engines)), changed]
    run = subprocess.run([*command, str(file.size), file.sha256, "1", "0"], capture_output=True, text=True, check=False)
    assert run.returncode != 0
    assert run.stdout == ""
    assert "does not match its SHA-256" in run.stderr.splitlines()[-1]


def test_an_engine_that_crashes_does_not_stop_the_others(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    script = f'case "$3" in opencv) kill -SEGV $$;; *) exec {sys.executable} "$@";; esac'
    monkeypatch.setattr(module.sys, "executable", stand_in(tmp_path, script))
    shown = bench("--model", "onnx-float32")
    assert shown.exit_code == 0
    assert "digits-float32.onnx does not run in OpenCV DNN here: it crashed (signal 11)" in shown.output
    assert "Recommended here: digits-float32.onnx in ONNX Runtime" in shown.output


def test_a_file_that_needed_leave_to_be_published_is_not_recommended(monkeypatch: pytest.MonkeyPatch) -> None:
    bundle = Bundle.load()
    entries = [
        {**entry, "allowed": ["it is wrong"] if entry["format"] == "onnx-int8" else []}
        for entry in bundle.manifest["files"]
    ]
    bundle = dataclasses.replace(bundle, manifest={**bundle.manifest, "files": entries})
    monkeypatch.setattr(module, "_measure", lambda file, *_: measured(precision=file.precision, latency=file.size))
    assert run_benchmark(bundle, engine="onnxruntime").recommended.precision == "float32"


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        (["--model", "onnx-int9"], InputError, "The bundle has no format 'onnx-int9'; choose from onnx-int8"),
        (["--engine", "abacus"], EngineError, "There is no engine 'abacus'"),
        (["--engine", "opencv", "--model", "onnx-int8"], EngineError, "passed with none of these files"),
    ],
)
def test_bad_usage_says_what_to_do(arguments: list[str], error: type[Exception], message: str) -> None:
    shown = bench(*arguments)
    assert isinstance(shown.exception, error)
    assert message in str(shown.exception)
