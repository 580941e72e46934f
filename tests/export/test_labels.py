"""Other labels than digits, from a model that somebody made to a letter on the screen."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from click.testing import CliRunner

from edgedigits import Reader
from edgedigits.bundle import Bundle
from edgedigits.cli import commands
from edgedigits.errors import BundleError
from edgedigits_export.convert.formats import get_formats
from edgedigits_export.exporting import export_bundle
from edgedigits_export.foreign import adopt
from edgedigits_export.options import ExportOptions
from edgedigits_export.publish.layouts import LAYOUTS
from tests.letters import LETTERS, draw_letters, train_on_letters


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Bundle:
    folder = tmp_path_factory.mktemp("letters")
    train_on_letters().save(folder / "letters.keras")
    images, labels = draw_letters(1_500, seed=2)
    np.savez(folder / "letters.npz", X=images, y=labels)
    adopted = adopt(folder / "letters.keras", evaluation=folder / "letters.npz")
    return export_bundle(
        adopted.model,
        folder / "bundle",
        ExportOptions(
            get_formats(["onnx-int8", "tflite-int8", "onnx-float32"]),
            layouts=tuple(LAYOUTS.values()),
            keep_float=("auto",),
        ),
    )


def test_every_label_is_scored_and_stored(made: Bundle) -> None:
    assert made.labels == made.classes == LETTERS
    assert made.manifest["output"]["classes"] == 13
    assert made.manifest["reference"]["accuracy"] > 0.9, "the three after the first ten count as well"
    assert len(made.manifest["calibration"]["per_class"]) == 13
    assert all(file.accuracy > 0.9 for file in made.files)


def test_crops_are_told_with_every_file_and_engine(made: Bundle) -> None:
    images, labels = draw_letters(130, seed=3)
    for file in made.files:
        for engine in file.engines:
            probabilities, scores = Reader(made.path, engine=engine, format=file.format).classify(images)
            assert probabilities.shape == (130, 13)
            told = np.array(LETTERS)[probabilities.argmax(axis=1)]
            assert (told == labels).mean() > 0.9
            assert (scores > made.digit_score.threshold).mean() > 0.95


def test_reading_a_page_is_refused_in_a_line(made: Bundle) -> None:
    with pytest.raises(BundleError, match=r"tells A, B.*reading a page takes 0 to 9.*--crops"):
        Reader(made.path).read(np.full((60, 60), 255, np.uint8))


def test_the_command_line_tells_letters(made: Bundle, tmp_path: Path) -> None:
    for letter in "KP":
        cv2.imwrite(str(tmp_path / f"{letter}.png"), 255 - draw_letters(1, 5, [letter])[0][0])
    arguments = ["predict", "--crops", "--bundle", str(made.path), str(tmp_path)]
    runner = CliRunner()
    told = runner.invoke(commands, arguments)
    assert told.exit_code == 0
    assert told.stdout.splitlines() == [f"{tmp_path}/K.png: K", f"{tmp_path}/P.png: P"]
    rows = [json.loads(line) for line in runner.invoke(commands, [*arguments, "--format", "jsonl"]).stdout.splitlines()]
    assert [row["text"] for row in rows] == ["K", "P"]
    assert all(0.3 < row["confidence"] <= 1 for row in rows)
    table = runner.invoke(commands, [*arguments, "--format", "csv"]).stdout.splitlines()
    assert table[0] == "path,text,confidence"
    assert table[1].startswith(f"{tmp_path}/K.png,K,")
    shown = runner.invoke(commands, ["inspect", str(made.path)]).stdout
    assert f"labels: {', '.join(LETTERS)}" in shown
    wrong = runner.invoke(commands, [*arguments, "--length", "4"])
    assert wrong.exit_code == 2
    assert "leave --expect and its like" in wrong.stderr


def test_the_layouts_name_the_letters(made: Bundle) -> None:
    header = (made.path / "digits_int8.h").read_text()
    assert f"LABEL_NAMES {{{', '.join(json.dumps(letter) for letter in LETTERS)}}}" in header
    assert "#define EDGEDIGITS_DIGITS_INT8_LABELS 13\n" in header
    assert (made.path / "triton" / "digits" / "labels.txt").read_text().split() == list(LETTERS)


def test_letters_among_digits_are_no_digits_of_a_page() -> None:
    """A model of digits and letters reads pages: what is a letter is none."""
    from edgedigits.reading import Classification

    class Told(Reader):
        """A reader that knows ten digits and an A, and sees an A, a 7 and something in between."""

        def __init__(self) -> None:
            self.bundle = _with_labels(("A", *"0123456789"))

        def classify_glyphs(self, glyphs: Any) -> Classification:
            probabilities = np.zeros((3, 11), np.float32)
            probabilities[0, 0] = 1
            probabilities[1, 8] = 1
            probabilities[2, [0, 8]] = 0.5
            return Classification(probabilities, np.full(3, 0.8, np.float32))

    probabilities, scores = Told()._digits_only()(np.zeros((3, 28, 28, 1), np.uint8))
    assert probabilities.shape == (3, 10)
    assert probabilities[1:].argmax(axis=1).tolist() == [7, 7]
    np.testing.assert_allclose(scores, [0, 0.8, 0.4], atol=1e-6)


def _with_labels(labels: tuple[str, ...]) -> Bundle:
    from dataclasses import replace

    from edgedigits.bundle import DigitScore

    return replace(Bundle.load(), labels=labels, digit_score=DigitScore("max-probability", 0.1))
