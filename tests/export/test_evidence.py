"""Evidence comes from other processes: what goes wrong there is told, and nothing here breaks."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest

from edgedigits.bundle import Bundle, DigitScore
from edgedigits.engines import ENGINES
from edgedigits_export.check import evidence
from edgedigits_export.check.evidence import InstalledEngine, find_engines
from edgedigits_export.check.gate import Reference
from edgedigits_export.check.trial import check_file
from edgedigits_export.convert.formats import FORMATS
from edgedigits_export.errors import TrialError

GLYPHS = np.random.default_rng(0).integers(0, 256, (500, 28, 28, 1)).astype(np.uint8)


@pytest.fixture
def model() -> Path:
    """The float ONNX file that the runtime ships."""
    return next(file.path for file in Bundle.load().files if file.format == "onnx-float32")


def stand_in(tmp_path: Path, script: str) -> InstalledEngine:
    """An engine in an environment whose Python does as the script says."""
    python = tmp_path / "python"
    python.write_text(f"#!/bin/sh\n{script}\n")
    python.chmod(0o755)
    return InstalledEngine("onnxruntime", "0.0", python)


def test_every_engine_that_is_here_is_found_once() -> None:
    python = Path(sys.executable)
    found = find_engines([python, python])
    assert {(installed.name, installed.version) for installed in found} == {
        (name, engine.probe().detail) for name, engine in ENGINES.items() if engine.probe().available
    }
    assert len(found) == len({installed.name for installed in found})


def test_the_answers_are_those_of_the_engine(model: Path) -> None:
    answers = InstalledEngine("onnxruntime", "", Path(sys.executable)).collect(model, GLYPHS)
    expected = ENGINES["onnxruntime"].open(model.read_bytes(), 1)(GLYPHS)
    np.testing.assert_allclose(answers.logits, expected, atol=1e-4)
    assert answers.batched.shape == (3, 448, expected.shape[1])
    assert 1 < answers.latency_us < 1e6


def test_a_file_that_the_engine_refuses(tmp_path: Path) -> None:
    (tmp_path / "model.onnx").write_bytes(b"no model")
    with pytest.raises(TrialError, match="Protobuf|protobuf|InvalidProtobuf"):
        InstalledEngine("onnxruntime", "", Path(sys.executable)).collect(tmp_path / "model.onnx", GLYPHS)


@pytest.mark.parametrize(
    ("script", "message"),
    [
        ("kill -SEGV $$", r"it crashed \(signal 11\)"),
        ("echo out of luck >&2; exit 3", "out of luck"),
        ("exit 3", "exit code 3"),
        ("exec sleep 60", "no answer within 1 seconds"),
    ],
)
def test_an_engine_that_fails_is_told_apart(
    script: str, message: str, model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(evidence, "PATIENCE", 1)
    with pytest.raises(TrialError, match=message):
        stand_in(tmp_path, script).collect(model, GLYPHS)


def test_an_engine_with_one_bad_version_is_not_offered(model: Path, tmp_path: Path) -> None:
    good = InstalledEngine("onnxruntime", "2.0", Path(sys.executable))
    bad = stand_in(tmp_path, "kill -ILL $$")
    logits = good.collect(model, GLYPHS).logits
    reference = Reference(
        logits, logits[:, :10].argmax(axis=1).astype(np.uint8), 1.0, DigitScore("max-probability", 0.5)
    )
    format, facts = FORMATS["onnx-float32"], FORMATS["onnx-float32"].read_facts(model.read_bytes())
    weight_bytes = model.stat().st_size

    alone = check_file(format, model, facts, [good], GLYPHS, reference, weight_bytes)
    assert alone.engines == {"onnxruntime": "2.0"}
    both = check_file(format, model, facts, [good, bad], GLYPHS, reference, weight_bytes)
    assert both.engines == {}
    assert both.causes == ("in onnxruntime 0.0 it crashed (signal 4)",)
