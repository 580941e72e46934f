"""`edgedigits evaluate`: what it reports is what a user of the runtime gets."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
from click.testing import CliRunner

from edgedigits import Reader
from edgedigits.bundle import BUNDLED, Bundle, DigitScore
from edgedigits.cli import main
from edgedigits.errors import InputError
from edgedigits_train.evaluation.benchmark import STEPS, Benchmark, build_benchmark
from edgedigits_train.evaluation.card import update_card
from edgedigits_train.evaluation.cli import evaluate as command
from edgedigits_train.evaluation.corruptions import CORRUPTIONS, corrupt
from edgedigits_train.evaluation.evaluating import Evaluation, answer, evaluate
from edgedigits_train.evaluation.models import Model, open_model
from edgedigits_train.evaluation.record import make_record, render_report
from tests.conftest import LabelledGlyphs, mnist_folder

IMAGES = 400


@pytest.fixture(scope="module")
def benchmark() -> Benchmark:
    folder = mnist_folder()
    if folder is None:
        pytest.skip("MNIST is not here: set EDGEDIGITS_DATA to a folder that holds mnist/")
    steps: list[None] = []
    made = build_benchmark(folder.parent, images=IMAGES, advance=lambda: steps.append(None))
    assert len(steps) == STEPS
    return made


@pytest.fixture(scope="module")
def bundled() -> Model:
    return open_model(None)


@pytest.fixture(scope="module")
def evaluation(bundled: Model, benchmark: Benchmark) -> Evaluation:
    return evaluate(bundled, benchmark)


def test_it_measures_what_the_user_sees(
    evaluation: Evaluation, benchmark: Benchmark, mnist_test: LabelledGlyphs, reader: Reader
) -> None:
    probabilities, scores = reader.classify(mnist_test.images[:IMAGES])
    answers = answer(evaluation.model, benchmark.digits)
    np.testing.assert_array_equal(answers.values, probabilities.argmax(axis=1))
    np.testing.assert_array_equal(answers.confidences, probabilities.max(axis=1))
    np.testing.assert_array_equal(answers.digit_scores, scores)
    right = probabilities.argmax(axis=1) == mnist_test.labels[:IMAGES]
    assert evaluation.test.accuracy == right.mean()
    assert evaluation.outliers.refused == np.mean(scores < reader.bundle.digit_score.threshold)
    fog = reader.classify(corrupt(mnist_test.images[:IMAGES], "fog", seed=0)).probabilities.argmax(axis=1)
    assert evaluation.robustness.kinds["fog"].accuracy == np.mean(fog == mnist_test.labels[:IMAGES])


def test_the_sums_are_those_of_their_parts(evaluation: Evaluation) -> None:
    robustness, outliers = evaluation.robustness, evaluation.outliers
    accuracies = {kind: found.accuracy for kind, found in robustness.kinds.items()}
    assert list(accuracies) == list(CORRUPTIONS)
    assert robustness.mean == pytest.approx(sum(accuracies.values()) / 15)
    assert robustness.worst == accuracies[robustness.worst_kind] == min(accuracies.values())
    held_out = [kind.score.auroc for kind in outliers.kinds.values() if kind.held_out]
    assert outliers.mean == pytest.approx(np.mean(held_out))
    assert outliers.worst == min(held_out)
    trained_on = [kind.score.auroc for kind in outliers.kinds.values() if not kind.held_out]
    assert trained_on
    assert evaluation.robustness.inverted.accuracy == pytest.approx(evaluation.test.accuracy, abs=0.006)


def test_a_model_that_knows_nothing_scores_like_chance(bundled: Model, benchmark: Benchmark) -> None:
    rng = np.random.default_rng(0)
    guess = replace(
        bundled, temperature=1.0, predict=lambda glyphs: rng.normal(0, 3, (len(glyphs), 10)).astype(np.float32)
    )
    found = evaluate(guess, benchmark)
    assert found.test.accuracy == pytest.approx(0.1, abs=0.05)
    assert found.robustness.mean == pytest.approx(0.1, abs=0.02)
    assert found.outliers.mean == pytest.approx(0.5, abs=0.05)
    assert found.calibration.ece > 0.5
    assert all(mistake.confidence > 0.99 and mistake.truth != mistake.answer for mistake in found.sure_mistakes)


def test_a_score_that_knows_the_outliers_is_seen_to(bundled: Model, benchmark: Benchmark) -> None:
    """An eleventh logit that is told what it sees: it must reach what the table can show at best."""
    digits = {glyph.tobytes() for glyph in benchmark.digits}

    def predict(glyphs: np.ndarray) -> np.ndarray:
        none = [[-200.0 if glyph.tobytes() in digits else 200.0] for glyph in glyphs]
        return np.concatenate([bundled.predict(glyphs)[:, :10], np.array(none, np.float32)], axis=1)

    found = evaluate(replace(bundled, predict=predict, digit_score=DigitScore("outlier-class", 0.5)), benchmark)
    assert found.outliers.worst > 0.999
    assert found.outliers.mean_largest < found.outliers.worst
    assert found.outliers.refused == 0
    assert all(kind.accepted == 0 for kind in found.outliers.kinds.values())


def test_blank_glyphs_are_no_digits_whatever_the_model_says(bundled: Model) -> None:
    answers = answer(bundled, np.zeros((3, 28, 28, 1), np.uint8))
    assert not answers.digit_scores.any()
    assert not answers.largest.any()


def test_a_keras_model_and_its_export_agree(trained: Path, bundle: Bundle, benchmark: Benchmark) -> None:
    folder, file, exported = (open_model(path) for path in (trained, trained / "digits.keras", bundle.path))
    assert folder.format == file.format == "keras"
    assert exported.format == bundle.files[0].format
    keras, ours = answer(folder, benchmark.digits), answer(exported, benchmark.digits)
    assert np.mean(keras.values == ours.values) > 0.99
    assert np.corrcoef(keras.digit_scores, ours.digit_scores)[0, 1] > 0.9
    assert folder.temperature == pytest.approx(exported.temperature)
    assert folder.digit_score == exported.digit_score


@pytest.mark.parametrize("name", ["digits-int8.onnx", "digits-int8.tflite"])
def test_a_file_by_itself_says_how_it_is_read(name: str, bundled: Model, benchmark: Benchmark, tmp_path: Path) -> None:
    alone = tmp_path / name
    alone.write_bytes((BUNDLED / name).read_bytes())
    model = open_model(alone)
    assert (model.temperature, model.digit_score) == (bundled.temperature, bundled.digit_score)
    ours, theirs = answer(model, benchmark.digits), answer(bundled, benchmark.digits)
    assert np.mean(ours.values == theirs.values) > 0.99


def test_an_unreadable_model_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"holds neither manifest\.json nor digits\.keras"):
        open_model(tmp_path)
    (tmp_path / "digits.keras").write_bytes(b"no zip")
    with pytest.raises(InputError, match=r"metrics\.json cannot be read .* must lie beside digits\.keras"):
        open_model(tmp_path)
    (tmp_path / "metrics.json").write_text('{"temperature": 1}')
    with pytest.raises(InputError, match=r"metrics\.json is damaged"):
        open_model(tmp_path)
    metrics = {"temperature": 1, "digit_score": {"method": "outlier-class", "threshold": 0.5}, "normalisation": "old"}
    (tmp_path / "metrics.json").write_text(json.dumps(metrics))
    with pytest.raises(InputError, match="another glyph normalisation"):
        open_model(tmp_path / "digits.keras")
    with pytest.raises(InputError, match="cannot be read"):
        open_model(tmp_path / "gone.onnx")


def test_the_report_holds_every_kind_and_every_figure_is_from_the_record(
    evaluation: Evaluation, benchmark: Benchmark
) -> None:
    record = json.loads(json.dumps(make_record([evaluation], benchmark)))
    report = render_report(record)
    for corruption in CORRUPTIONS.values():
        assert f"| {corruption.title} | {corruption.severity} |" in report
    for outliers in benchmark.outliers:
        assert (
            f"| {outliers.title} | {'held out' if outliers.held_out else 'trained on'} | {len(outliers.glyphs)} |"
            in report
        )
    assert f"{100 * evaluation.robustness.mean:.2f} %" in report
    assert f"{100 * evaluation.calibration.ece:.2f} %" in report
    assert "Only a part of the test images" in report
    whole = {**record, "images": 10_000}
    assert "Only a part" not in render_report(whole)


def test_several_models_are_summed_up(evaluation: Evaluation, benchmark: Benchmark) -> None:
    worse = evaluate(
        replace(evaluation.model, predict=lambda glyphs: evaluation.model.predict(np.roll(glyphs, 4, axis=2))),
        benchmark,
    )
    record = make_record([evaluation, worse], benchmark, against=evaluation)
    accuracies = [evaluation.test.accuracy, worse.test.accuracy]
    assert record["summary"]["test_accuracy"]["mean"] == pytest.approx(np.mean(accuracies))
    assert record["summary"]["test_accuracy"]["deviation"] == pytest.approx(np.std(accuracies, ddof=1))
    same, other = record["against"]["paired"]
    assert (same["only_first"], same["only_second"], same["p"]) == (0, 0, 1)
    assert other["only_second"] - other["only_first"] == round((accuracies[0] - accuracies[1]) * IMAGES)
    assert f"{100 * np.mean(accuracies):.2f} ± {100 * np.std(accuracies, ddof=1):.2f} %" in render_report(record)


def test_the_command_leaves_a_report_with_its_pictures(benchmark: Benchmark, tmp_path: Path) -> None:
    card = tmp_path / "card.md"
    card.write_text("# Card\n\n<!-- evaluation: robustness -->\nstale\n<!-- end -->\n\n![](card-outliers.png)\n")
    folder = mnist_folder()
    assert folder is not None
    options = ["--images", "100", "--data", str(folder.parent), "--card", str(card), "--against", str(BUNDLED)]
    run = CliRunner().invoke(command, [*options, "--out", str(tmp_path / "out")])
    assert run.exit_code == 0, run.output
    assert "MNIST test accuracy" in run.stdout
    record = json.loads((tmp_path / "out" / "evaluation.json").read_text())
    assert record["images"] == 100
    assert record["against"]["paired"][0]["p"] == 1
    report = (tmp_path / "out" / "report.md").read_text()
    for name in ("robustness.png", "corruptions.png", "outliers.png", "outlier-kinds.png", "reliability.png"):
        assert f"({name})" in report
        assert cv2.imread(str(tmp_path / "out" / name)) is not None
    assert [path.name for path in tmp_path.glob("card-*.png")] == ["card-outliers.png"]
    text = card.read_text()
    assert "| impulse noise |" in text
    assert "stale" not in text
    assert text.startswith("# Card\n")
    assert text.endswith("<!-- end -->\n\n![](card-outliers.png)\n")


def test_without_the_files_the_command_says_what_is_left_out(benchmark: Benchmark, tmp_path: Path) -> None:
    folder = mnist_folder()
    assert folder is not None
    (tmp_path / "mnist").symlink_to(folder)
    run = CliRunner().invoke(command, ["--images", "100", "--data", str(tmp_path), "--out", str(tmp_path / "out")])
    assert run.exit_code == 0, run.output
    assert "omniglot_small1.npz is not there" in run.stderr
    assert (
        "Left out, because it was not there: nondigits/omniglot_small1.npz" in (tmp_path / "out/report.md").read_text()
    )


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["nowhere"], "nowhere cannot be read"),
        (["--images", "5"], "--images"),
        (["--data", "nowhere"], "--data"),
        (["--against", "nowhere"], "nowhere cannot be read"),
    ],
)
def test_wrong_input_ends_with_2_and_one_line(
    arguments: list[str], message: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as end:
        main(["evaluate", *arguments, "--out", str(tmp_path / "out")])
    assert end.value.code == 2
    said = capsys.readouterr().err
    assert message in said
    assert "Traceback" not in said
    assert not (tmp_path / "out").exists()


def test_a_card_without_marks_is_named(tmp_path: Path, evaluation: Evaluation, benchmark: Benchmark) -> None:
    record = make_record([evaluation], benchmark)
    card = tmp_path / "card.md"
    card.write_text("no marks")
    with pytest.raises(InputError, match=r"card\.md holds no marks"):
        update_card(card, record)
    card.write_text("<!-- evaluation: speed -->\n<!-- end -->")
    with pytest.raises(InputError, match="asks for 'speed'"):
        update_card(card, record)


def test_an_exported_model_is_measured_without_tensorflow(benchmark: Benchmark, tmp_path: Path) -> None:
    code = (
        "import sys; from edgedigits_train.evaluation.models import open_model; import edgedigits_train.evaluation.cli,"
    )
    code += "edgedigits_train.evaluation.evaluating; open_model(None); print('tensorflow' in sys.modules)"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=tmp_path)
    assert run.stdout.strip() == "False"
