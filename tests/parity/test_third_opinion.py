"""A third opinion: the reference implementations of ONNX and TFLite on the same files.

Where an engine and the reference differ, a kernel is wrong; where both differ from Keras, the conversion is. 8-bit
kernels may round a value the other way, so that they are compared within steps of 8 bits, not for equality.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

from edgedigits.bundle import Bundle, ModelFile
from edgedigits.engines import ENGINES
from edgedigits_export.convert.formats import FORMATS

EVALUATED = 500
"""Images for onnx's ReferenceEvaluator, which is written in Python and takes some milliseconds for each."""

INTERPRETED = 2000
"""Images for TFLite's reference kernels."""

Logits = npt.NDArray[np.float32]


@pytest.fixture(scope="module")
def glyphs(trained: Path) -> npt.NDArray[np.uint8]:
    with np.load(trained / "evaluation.npz") as arrays:
        return np.asarray(arrays["glyphs"])


def by_format(bundle: Bundle, name: str) -> ModelFile:
    return next(file for file in bundle.files if file.format == name)


def step_of_8_bits(logits: Logits) -> float:
    """The step of a scale that has 256 values from the least to the greatest logit."""
    return float(logits.max() - logits.min()) / 255


def answers(file: ModelFile, engine: str, glyphs: npt.NDArray[np.uint8]) -> Logits:
    session = ENGINES[engine].open(file.read_verified(), 1)
    return np.concatenate([np.array(session(glyphs[i : i + 50])) for i in range(0, len(glyphs), 50)])


@pytest.mark.parametrize("name", [name for name in FORMATS if name.startswith("onnx")])
def test_onnx_files_in_the_reference_evaluator(name: str, bundle: Bundle, glyphs: npt.NDArray[np.uint8]) -> None:
    import onnx
    from onnx.reference import ReferenceEvaluator

    file = by_format(bundle, name)
    proto = onnx.load_from_string(file.read_verified())
    # the evaluator has these operators from opset 19 on; what they compute here has been the same since opset 13
    proto.opset_import[0].version = 19
    evaluator = ReferenceEvaluator(proto)
    reference = np.asarray(evaluator.run(None, {"glyphs": glyphs[:EVALUATED]})[0])
    for engine in (name for name in file.engines if ENGINES[name].probe().available):
        logits = answers(file, engine, glyphs[:EVALUATED])
        band = step_of_8_bits(reference) if file.precision == "int8" else 1e-3
        np.testing.assert_allclose(logits, reference, atol=band, rtol=0)
        sure = np.diff(np.sort(reference[:, :10], axis=1)[:, -2:], axis=1)[:, 0] > 2 * band
        assert sure.mean() > 0.9
        assert (logits[:, :10].argmax(axis=1) == reference[:, :10].argmax(axis=1))[sure].all()


@pytest.mark.parametrize("name", [name for name in FORMATS if name.startswith("tflite")])
def test_tflite_files_in_the_reference_kernels(name: str, bundle: Bundle, glyphs: npt.NDArray[np.uint8]) -> None:
    from ai_edge_litert.interpreter import Interpreter, OpResolverType

    file = by_format(bundle, name)
    interpreter = Interpreter(
        model_content=file.read_verified(), experimental_op_resolver_type=OpResolverType.BUILTIN_REF
    )
    place = interpreter.get_input_details()[0]["index"]
    output = interpreter.get_output_details()[0]
    scale, zero_point = output["quantization"]
    interpreter.resize_tensor_input(place, glyphs[:INTERPRETED].shape)
    interpreter.allocate_tensors()
    interpreter.set_tensor(place, glyphs[:INTERPRETED])
    interpreter.invoke()
    values = interpreter.get_tensor(output["index"]).astype(np.float32)
    reference = (values - zero_point) * scale if scale else values
    band = BANDS[name] * (scale or step_of_8_bits(reference))
    for engine in (name for name in file.engines if ENGINES[name].probe().available):
        logits = answers(file, engine, glyphs[:INTERPRETED])
        np.testing.assert_allclose(logits, reference, atol=band + 1e-4, rtol=0)
        assert (np.abs(logits - reference) <= band / 2 + 1e-4).mean() > 0.999
        sure = np.diff(np.sort(reference[:, :10], axis=1)[:, -2:], axis=1)[:, 0] > 2 * band
        assert sure.mean() > 0.9
        assert (logits[:, :10].argmax(axis=1) == reference[:, :10].argmax(axis=1))[sure].all()


BANDS = {"tflite-int8": 2, "tflite-int16x8": 0.01, "tflite-dynamic": 1, "tflite-float32": 0, "tflite-float16": 0}
"""Steps of 8 bits by which a kernel's logits may lie beside the reference kernel's, and nearly all by half as much.

A value that lies half-way between two steps is rounded up by one kernel and down by the other in every layer: a fifth
of the logits of an int8 file end one step apart, a few in 10,000 two.
"""
