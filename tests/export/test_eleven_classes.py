"""A model with an eleventh class, 'no digit', goes through every part of export and stays what it is."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from edgedigits import Reader
from edgedigits.bundle import Bundle
from edgedigits.inspecting import inspect_file
from edgedigits.timing import run_benchmark
from edgedigits_export.check.draws import split_calibration
from edgedigits_export.convert.formats import get_formats
from edgedigits_export.exporting import export_bundle
from edgedigits_export.options import ExportOptions
from edgedigits_export.publish.layouts import LAYOUTS
from edgedigits_export.source import TrainedModel
from tests.export.trainings import NONE, digits_and_others

LABELS = [*map(str, range(10)), "none"]


@pytest.fixture(scope="module")
def made(small_training: Path, tmp_path_factory: pytest.TempPathFactory) -> Bundle:
    return export_bundle(
        small_training,
        tmp_path_factory.mktemp("eleven") / "bundle",
        ExportOptions(
            get_formats(["onnx-int8", "tflite-int8", "onnx-float32"]),
            layouts=tuple(LAYOUTS.values()),
            compare_draws=True,
        ),
    )


def test_the_manifest_and_the_files_name_eleven_classes(made: Bundle) -> None:
    for facts in (made.manifest, *(facts_of(file.path) for file in made.files)):
        assert facts["labels"] == LABELS
        assert facts["output"]["classes"] == 11
        assert facts["digit_score"] == {"method": "outlier-class", "threshold": 0.5}
        assert facts["calibration"]["per_class"] == [40] * 11


def facts_of(path: Path) -> Mapping[str, Any]:
    facts = inspect_file(path).facts
    assert facts is not None
    return facts


def test_digit_scores_are_compared_in_every_engine(made: Bundle) -> None:
    for entry in made.manifest["files"]:
        for trial in entry["trials"]:
            assert trial["refusals"] <= 4
            assert 0 <= trial["max_score_difference"] < (0.2 if entry["precision"] == "int8" else 1e-3)
    report = (made.path / "report.md").read_text(encoding="utf-8")
    assert "max Δscore" in report
    assert "| none |" in " ".join(report.split()), "the outliers among the calibration images are counted"


def test_what_the_runtime_reads_is_a_digit_or_none(made: Bundle) -> None:
    glyphs, labels = digits_and_others(200, 200, seed=9)
    for file in made.files:
        for engine in file.engines:
            probabilities, scores = Reader(made.path, engine=engine, format=file.format).classify(glyphs)
            assert probabilities.shape == (400, 10)
            assert scores[labels != NONE].mean() > 0.9
            assert scores[labels == NONE].mean() < 0.3


def test_the_layouts_tell_of_the_eleventh(made: Bundle) -> None:
    header = (made.path / "digits_int8.h").read_text()
    assert "int8 (1, 11)" in header
    assert "the largest of the first ten is the answer; the eleventh is that of 'no digit'" in header
    assert "dims: [ 11 ]" in (made.path / "triton" / "digits" / "config.pbtxt").read_text()
    assert (made.path / "triton" / "digits" / "labels.txt").read_text().split() == LABELS


def test_the_halves_of_the_calibration_images_hold_outliers_alike(small_training: Path, made: Bundle) -> None:
    halves = split_calibration(TrainedModel.load(small_training).calibration)
    assert [np.bincount(half.labels).tolist() for half in halves] == [[20] * 11] * 2
    assert [draw["images"] for draw in made.manifest["files"][0]["draws"]] == [220, 220]


def test_bench_measures_it(made: Bundle) -> None:
    assert run_benchmark(made, engine="onnxruntime", format="onnx-int8", seconds=0.01).recommended.accuracy > 0.98
