"""Parity: every format in every engine answers as the Keras model does, over all evaluation images.

Nothing of export's own judgement is used here: the thresholds and the arithmetic are those of the promise.
"""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

from edgedigits import Reader
from edgedigits.answers import Answers
from edgedigits.bundle import Bundle
from edgedigits.engines import ENGINES
from edgedigits_export.check.evidence import InstalledEngine, find_engines
from edgedigits_export.convert.formats import FORMATS
from tests.conftest import mnist_folder

PAIRS = [
    # 16-bit activations take 2 ms an image
    pytest.param(format.name, engine, marks=[pytest.mark.slow] if format.precision == "int16x8" else [])
    for format in FORMATS.values()
    for engine in format.engines
]


class Evaluation:
    """The evaluation images, what they show, and what Keras answers."""

    def __init__(self, trained: Path) -> None:
        import keras

        with np.load(trained / "evaluation.npz") as arrays:
            self.glyphs, self.labels = arrays["glyphs"], arrays["labels"]
        model = keras.saving.load_model(trained / "digits.keras", compile=False)
        self.logits = np.asarray(model.predict(self.glyphs, batch_size=500, verbose=0))


def softmax(logits: npt.NDArray[np.float32]) -> npt.NDArray[np.float64]:
    exponentials = np.exp(logits.astype(np.float64) - logits.max(axis=1, keepdims=True))
    return exponentials / exponentials.sum(axis=1, keepdims=True)


def digits(logits: npt.NDArray[np.float32]) -> npt.NDArray[np.intp]:
    """The answers: an eleventh logit is that of 'no digit'."""
    return np.asarray(logits[:, :10].argmax(axis=1))


def hits(logits: npt.NDArray[np.float32], labels: npt.NDArray[np.uint8]) -> int:
    return int((digits(logits) == labels).sum())


@pytest.fixture(scope="session")
def evaluation(trained: Path) -> Evaluation:
    return Evaluation(trained)


@pytest.fixture(scope="session")
def installed_engines(request: pytest.FixtureRequest) -> dict[str, InstalledEngine]:
    """The engines of this environment by name."""
    import sys

    return {installed.name: installed for installed in find_engines([Path(sys.executable)])}


@pytest.fixture
def installed(request: pytest.FixtureRequest, installed_engines: dict[str, InstalledEngine]) -> InstalledEngine:
    """The engine of the test's `engine`; tflite-runtime comes from an environment of its own."""
    engine = request.getfixturevalue("engine")
    if engine in installed_engines:
        return installed_engines[engine]
    if engine == "tflite_runtime":
        found = find_engines([request.getfixturevalue("tflite_python")])
        return next(installed for installed in found if installed.name == engine)
    raise pytest.skip.Exception(f"{ENGINES[engine].title} is not installed here: {ENGINES[engine].install}")


def check_parity(format: str, answers: Answers, evaluation: Evaluation) -> None:
    images = len(evaluation.labels)
    agreement = float((digits(answers.logits) == digits(evaluation.logits)).mean())
    lost = hits(evaluation.logits, evaluation.labels) - hits(answers.logits, evaluation.labels)
    difference = np.abs(softmax(answers.logits) - softmax(evaluation.logits)).max()
    match FORMATS[format].precision:
        case "float32":
            assert difference <= 1e-3
            assert agreement >= 0.9999
        case "float16":
            assert difference <= 1e-2
            assert agreement >= 0.9995
        case "int8" | "int16x8" | "dynamic":
            assert abs(lost) <= 0.001 * images
            assert agreement >= 0.998
        case unknown:
            raise AssertionError(f"no promise is written down for {unknown}")
    for batched in answers.batched:
        same = digits(batched) == digits(answers.logits[: len(batched)])
        assert same.all()


@pytest.mark.skipif(mnist_folder() is None, reason="MNIST is not here: set EDGEDIGITS_DATA; synthetic digits stand in")
@pytest.mark.parametrize(("format", "engine"), PAIRS)
def test_parity_on_the_mnist_test_images(
    format: str, engine: str, installed: InstalledEngine, bundle: Bundle, evaluation: Evaluation
) -> None:
    assert len(evaluation.labels) == 10_000
    file = next(file for file in bundle.files if file.format == format)
    check_parity(format, installed.collect(file.path, evaluation.glyphs), evaluation)


@pytest.mark.skipif(mnist_folder() is not None, reason="MNIST is here, which is the better test")
@pytest.mark.parametrize(("format", "engine"), PAIRS)
def test_parity_on_synthetic_digits(
    format: str, engine: str, installed: InstalledEngine, bundle: Bundle, evaluation: Evaluation
) -> None:
    file = next(file for file in bundle.files if file.format == format)
    check_parity(format, installed.collect(file.path, evaluation.glyphs), evaluation)


def test_the_manifest_tells_the_truth(bundle: Bundle, evaluation: Evaluation) -> None:
    for file in bundle.files:
        if file.precision == "int16x8":
            continue  # 2 ms an image: its own test, above, is a slow one
        engine, version = next(iter(file.engines.items()))
        assert ENGINES[engine].probe().detail == version
        logits = ENGINES[engine].open(file.read_verified(), 1)(evaluation.glyphs)
        assert file.accuracy == pytest.approx(hits(logits, evaluation.labels) / len(logits), abs=2e-4)
        assert file.agreement == pytest.approx(float((digits(logits) == digits(evaluation.logits)).mean()), abs=2e-4)
        assert file.size == file.path.stat().st_size
    reference = bundle.manifest["reference"]
    assert reference["accuracy"] == hits(evaluation.logits, evaluation.labels) / reference["images"]


@pytest.mark.parametrize("name", [format.name for format in FORMATS.values() if format.name.startswith("onnx")])
def test_onnx_input_and_output_are_those_of_the_contract(name: str, bundle: Bundle) -> None:
    import onnxruntime

    file = next(file for file in bundle.files if file.format == name)
    session = onnxruntime.InferenceSession(file.path)
    (glyphs,), (logits,) = session.get_inputs(), session.get_outputs()
    assert (glyphs.name, glyphs.type, glyphs.shape) == ("glyphs", "tensor(uint8)", ["N", 28, 28, 1])
    assert (logits.name, logits.type, logits.shape) == ("logits", "tensor(float)", ["N", 11])


@pytest.mark.parametrize("name", [format.name for format in FORMATS.values() if format.name.startswith("tflite")])
def test_tflite_input_and_output_are_those_of_the_contract(name: str, bundle: Bundle) -> None:
    from ai_edge_litert.interpreter import Interpreter

    file = next(file for file in bundle.files if file.format == name)
    interpreter = Interpreter(str(file.path))
    assert interpreter.get_signature_list() == {"serving_default": {"inputs": ["glyphs"], "outputs": ["logits"]}}
    glyphs, logits = interpreter.get_input_details()[0], interpreter.get_output_details()[0]
    assert glyphs["dtype"] == np.uint8
    assert glyphs["shape_signature"].tolist() == [-1, 28, 28, 1]
    assert logits["shape_signature"].tolist() == [-1, 11]
    if name == "tflite-int8":
        assert glyphs["quantization"] == (1.0, 0), "raw pixels are the quantized input"
        assert logits["dtype"] == np.int8
        kinds = {tensor["dtype"] for tensor in interpreter.get_tensor_details()}
        assert not kinds & {np.float32, np.float16}


def test_the_reader_takes_every_file_of_the_bundle(bundle: Bundle, evaluation: Evaluation) -> None:
    crops = list(evaluation.glyphs[:50, ..., 0])
    for file in bundle.files:
        for engine in file.engines:
            probabilities, _ = Reader(bundle.path, engine=engine, format=file.format).classify(crops)
            assert (probabilities.argmax(axis=1) == digits(evaluation.logits[:50])).mean() >= 0.98


def test_tflite_runtime_is_offered_where_it_passed(
    trained: Path, bundle: Bundle, tflite_python: Path, tmp_path: Path
) -> None:
    from edgedigits_export.convert.formats import get_formats
    from edgedigits_export.exporting import export_bundle
    from edgedigits_export.options import ExportOptions

    made = export_bundle(trained, tmp_path / "bundle", ExportOptions(get_formats(["tflite-int8"]), [tflite_python]))
    (file,) = made.files
    assert file.engines["tflite_runtime"] == "2.14.0"
    assert json.loads((tmp_path / "bundle" / "manifest.json").read_text())["files"][0]["minimum"]["tflite_runtime"]
    assert "tflite_runtime" not in next(f for f in bundle.files if f.format == "tflite-int8").engines
