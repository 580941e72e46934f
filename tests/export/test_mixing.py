"""Layers that quantize badly stay in float: those that are named, or those that are found to be to blame."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from edgedigits.errors import InputError
from edgedigits.inspecting import inspect_file
from edgedigits_export.convert.formats import FORMATS
from edgedigits_export.convert.layers import LayerComparison, rank_by_noise
from edgedigits_export.errors import ExportError
from edgedigits_export.exporting import export_bundle
from edgedigits_export.options import ExportOptions
from tests.export.conftest import load
from tests.export.trainings import write_training

MIXABLE = ["onnx-int8", "tflite-int8"]


def ruin_weights(model: Any) -> None:
    """Give conv3 weights so large that one scale of 8 bits leaves nothing of the others.

    They multiply a channel that is always zero, so that the float model answers as before.
    """
    kernel, bias = model.get_layer("conv2").get_weights()
    bias[0] = -100
    model.get_layer("conv2").set_weights([kernel, bias])
    kernel, bias = model.get_layer("conv3").get_weights()
    kernel[:, :, 0, :] = 1000
    model.get_layer("conv3").set_weights([kernel, bias])


def ruin_activations(model: Any) -> None:
    """Make one channel of conv2 a thousand times as large as the others, and let conv3 take it back."""
    kernel, bias = model.get_layer("conv2").get_weights()
    kernel[..., 0] *= 1000
    bias[0] *= 1000
    model.get_layer("conv2").set_weights([kernel, bias])
    kernel, bias = model.get_layer("conv3").get_weights()
    kernel[:, :, 0, :] /= 1000
    model.get_layer("conv3").set_weights([kernel, bias])


@pytest.fixture(scope="module")
def ruined(small_model: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A training whose model has one layer that does not quantize."""
    model = load(small_model)
    ruin_weights(model)
    return write_training(tmp_path_factory.mktemp("ruined") / "train", model)


@pytest.mark.parametrize("name", MIXABLE)
def test_auto_finds_the_layer_that_is_to_blame(name: str, ruined: Path, tmp_path: Path) -> None:
    out = tmp_path / "bundle"
    with pytest.raises(ExportError, match=f"{name} failed"):
        export_bundle(ruined, out, ExportOptions([FORMATS[name]]))

    made = export_bundle(ruined, out, ExportOptions([FORMATS[name]], keep_float=["auto"]))
    (entry,) = made.manifest["files"]
    assert entry["kept_float"] == ["conv3"]
    assert entry["agreement"] >= 0.999
    before, after = entry["attempts"]
    assert (before["kept_float"], before["passed"]) == ([], False)
    assert (after["kept_float"], after["passed"]) == (["conv3"], True)
    assert before["agreement"] < 0.9
    assert after["agreement"] >= 0.999
    facts = inspect_file(made.files[0].path).facts
    assert facts is not None
    assert facts["kept_float"] == ["conv3"]
    report = (out / "report.md").read_text(encoding="utf-8")
    row = [cell.strip() for cell in next(line for line in report.splitlines() if "| conv3 " in line).split("|")]
    assert row[1:3] == [FORMATS[name].file_name, "conv3"]
    assert row[-2] == "passed, published"


@pytest.mark.parametrize("name", MIXABLE)
def test_auto_keeps_as_many_layers_as_it_takes(name: str, small_model: Path, tmp_path: Path) -> None:
    """What lies between two layers is in float only if both are."""
    model = load(small_model)
    ruin_activations(model)
    training = write_training(tmp_path / "train", model)
    made = export_bundle(training, tmp_path / "bundle", ExportOptions([FORMATS[name]], keep_float=["auto"]))
    (entry,) = made.manifest["files"]
    assert entry["kept_float"] == ["conv2", "conv3"]
    assert [attempt["kept_float"] for attempt in entry["attempts"]] == [[], ["conv2"], ["conv2", "conv3"]]
    assert entry["agreement"] >= 0.999


def test_auto_leaves_a_good_file_as_it_is(small_training: Path, tmp_path: Path) -> None:
    formats = [FORMATS[name] for name in ("onnx-int8", "onnx-float32")]
    plain = export_bundle(small_training, tmp_path / "plain", ExportOptions(formats))
    auto = export_bundle(small_training, tmp_path / "auto", ExportOptions(formats, keep_float=["auto"]))
    assert [file.sha256 for file in auto.files] == [file.sha256 for file in plain.files]
    assert [entry["kept_float"] for entry in auto.manifest["files"]] == [[], []]
    assert [entry["attempts"] for entry in auto.manifest["files"]] == [[], []]


@pytest.mark.parametrize("name", MIXABLE)
@pytest.mark.parametrize("layers", [["conv1"], ["conv2", "logits"]])
def test_named_layers_compute_in_float(name: str, layers: list[str], small_training: Path, tmp_path: Path) -> None:
    made = export_bundle(small_training, tmp_path / "bundle", ExportOptions([FORMATS[name]], keep_float=layers))
    (entry,) = made.manifest["files"]
    assert entry["kept_float"] == layers
    assert float_layers(made.files[0].read_verified(), name) == len(layers)


def float_layers(content: bytes, name: str) -> int:
    """Count the layers whose weights are float."""
    if name.startswith("onnx"):
        import onnx

        graph = onnx.load_from_string(content).graph
        floats = {tensor.name for tensor in graph.initializer if tensor.data_type == onnx.TensorProto.FLOAT}
        return sum(node.op_type in ("Conv", "Gemm") and node.input[1] in floats for node in graph.node)
    from ai_edge_litert.interpreter import Interpreter, OpResolverType

    interpreter = Interpreter(
        model_content=content, experimental_op_resolver_type=OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES
    )
    details = {tensor["index"]: tensor for tensor in interpreter.get_tensor_details()}
    layers = [op for op in interpreter._get_ops_details() if op["op_name"].endswith(("CONV_2D", "FULLY_CONNECTED"))]
    return sum(details[op["inputs"][1]]["dtype"] == np.float32 for op in layers)


@pytest.mark.parametrize(
    ("layers", "formats", "message"),
    [
        (["conv9"], ["onnx-int8"], "no layer 'conv9' .* choose from conv1, conv2, conv3, pool, logits"),
        (["conv1", "conv2", "conv3", "pool", "logits"], ["onnx-int8"], "take a float32 format instead"),
        (["auto"], ["onnx-float32"], "--keep-float is for onnx-int8, tflite-int8, and none of them is made"),
    ],
)
def test_what_cannot_be_kept_is_told(
    layers: list[str], formats: list[str], message: str, small_training: Path, tmp_path: Path
) -> None:
    with pytest.raises(InputError, match=message):
        export_bundle(
            small_training, tmp_path / "bundle", ExportOptions([FORMATS[name] for name in formats], keep_float=layers)
        )


def test_the_layer_that_adds_the_noise_is_to_blame_not_those_that_pass_it_on() -> None:
    layers = [LayerComparison("first", 40, 0), LayerComparison("second", 12, 0), LayerComparison("third", 11.9, 0)]
    assert rank_by_noise(layers) == ["second", "third", "first"]
