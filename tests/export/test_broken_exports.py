"""Exports that are broken on purpose: the gate catches each, names the cause, and nothing is published."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

from edgedigits.bundle import Bundle
from edgedigits.labelled.glyphs import LabelledGlyphs
from edgedigits_export.cache import NO_CACHE
from edgedigits_export.convert.facts import FileFacts
from edgedigits_export.convert.formats import FORMATS, Format
from edgedigits_export.errors import ExportError
from edgedigits_export.exporting import export_bundle
from edgedigits_export.options import ExportOptions
from edgedigits_export.source import TrainedModel

CALIBRATED = ["onnx-int8", "tflite-int8"]

Glyphs = npt.NDArray[np.uint8]


def assert_refused(format: Format, trained: Path, out: Path, cause: str, converted: bool = True) -> None:
    """The export fails, names format and cause, publishes nothing, and keeps the file with its reason."""
    with pytest.raises(ExportError, match=cause) as refused:
        export_bundle(trained, out, ExportOptions([format]))
    assert f"{format.name} failed: " in str(refused.value)
    assert "\n" not in str(refused.value)
    assert not out.exists()
    (quarantine,) = out.parent.iterdir()
    reason = (quarantine / f"{format.name}.txt").read_text()
    assert re.search(f"Why it failed: .*({cause})", reason)
    assert "What can be done: " in reason
    assert (quarantine / format.file_name).exists() is converted


def with_calibration(format: Format, change: Callable[[Glyphs], Glyphs]) -> Format:
    def convert(trained: TrainedModel) -> bytes:
        calibration = LabelledGlyphs(change(trained.calibration.glyphs), trained.calibration.labels)
        return format.convert(dataclasses.replace(trained, calibration=calibration))

    return dataclasses.replace(format, convert=convert)


@pytest.mark.parametrize("name", CALIBRATED)
def test_calibration_that_was_normalised_twice(name: str, trained: Path, tmp_path: Path) -> None:
    broken = with_calibration(FORMATS[name], lambda glyphs: glyphs // 255)
    assert_refused(broken, trained, tmp_path / "bundle", "accuracy|not its quantized input")


@pytest.mark.parametrize("name", CALIBRATED)
def test_wrong_polarity(name: str, trained: Path, tmp_path: Path) -> None:
    def convert(trained: TrainedModel) -> bytes:
        import keras

        model = trained.keras_model
        pixels = keras.Input((28, 28, 1), dtype="uint8", name="glyphs")
        inverted = keras.layers.Rescaling(-1, 255)(pixels)
        for layer in model.layers[1:]:
            inverted = layer(inverted)
        broken = dataclasses.replace(trained, cache=NO_CACHE)
        broken.__dict__["keras_model"] = keras.Model(pixels, inverted)
        return FORMATS[name].convert(broken)

    broken = dataclasses.replace(FORMATS[name], convert=convert)
    assert_refused(broken, trained, tmp_path / "bundle", "accuracy [0-9.]+% lies [0-9.]+ points under Keras'")


@pytest.mark.parametrize("name", CALIBRATED)
def test_swapped_labels(name: str, trained: Path, tmp_path: Path) -> None:
    def convert(trained: TrainedModel) -> bytes:
        broken = dataclasses.replace(trained, cache=NO_CACHE)
        model = broken.keras_model
        order = np.arange(model.output_shape[1])
        order[[1, 7]] = 7, 1
        model.layers[-1].set_weights([weights[..., order] for weights in model.layers[-1].get_weights()])
        return FORMATS[name].convert(broken)

    broken = dataclasses.replace(FORMATS[name], convert=convert)
    assert_refused(broken, trained, tmp_path / "bundle", "accuracy [0-9.]+% lies [0-9.]+ points under Keras'")


def test_one_channels_scale_ruined(trained: Path, bundle: Bundle, tmp_path: Path) -> None:
    import onnx

    file = next(file for file in bundle.files if file.format == "onnx-int8")

    def convert(_: TrainedModel) -> bytes:
        proto = onnx.load_from_string(file.read_verified())
        scales = next(
            tensor for tensor in proto.graph.initializer if tensor.dims and tensor.data_type == onnx.TensorProto.FLOAT
        )
        values = onnx.numpy_helper.to_array(scales).copy()
        values[np.argmax(values)] *= 4
        scales.CopyFrom(onnx.numpy_helper.from_array(values, scales.name))
        return proto.SerializeToString()

    broken = dataclasses.replace(FORMATS["onnx-int8"], convert=convert)
    assert_refused(broken, trained, tmp_path / "bundle", "accuracy|answers as Keras on")


def test_a_converter_that_breaks_off_is_named_with_its_cause(trained: Path, tmp_path: Path) -> None:
    def convert(_: TrainedModel) -> bytes:
        raise RuntimeError("first line\nthe operator is not supported")

    broken = dataclasses.replace(FORMATS["tflite-int8"], convert=convert)
    cause = "the conversion broke off: RuntimeError: the operator is not supported"
    assert_refused(broken, trained, tmp_path / "bundle", cause, converted=False)


def test_weights_that_were_lost_are_noticed(trained: Path, tmp_path: Path) -> None:
    broken = dataclasses.replace(FORMATS["onnx-float32"], weight_bytes=16)
    assert_refused(broken, trained, tmp_path / "bundle", "bytes where")


def test_an_engine_that_cannot_read_the_file_is_named(trained: Path, tmp_path: Path) -> None:
    broken = dataclasses.replace(
        FORMATS["tflite-float32"],
        convert=lambda _: b"\0" * 150_000,
        read_facts=lambda _: FileFacts(None, None, {}),
    )
    cause = r"in litert [0-9.]+ ValueError: The model is not a valid Flatbuffer"
    assert_refused(broken, trained, tmp_path / "bundle", cause)


def test_a_failure_leaves_the_last_bundle_as_it_was(trained: Path, bundle: Bundle, tmp_path: Path) -> None:
    import shutil

    out = Path(shutil.copytree(bundle.path, tmp_path / "bundle"))
    before = {path.name: path.read_bytes() for path in out.iterdir()}
    broken = with_calibration(FORMATS["onnx-int8"], lambda glyphs: glyphs // 255)
    with pytest.raises(ExportError, match="Nothing was published"):
        export_bundle(trained, out, ExportOptions([FORMATS["onnx-float32"], broken]))
    assert {path.name: path.read_bytes() for path in out.iterdir()} == before
    assert {path.name for path in tmp_path.iterdir()} == {"bundle", "bundle-quarantine"}

    export_bundle(trained, out, ExportOptions([FORMATS["onnx-float32"]]))
    assert [path.name for path in tmp_path.iterdir()] == ["bundle"], "the quarantine is cleared by the next success"
    assert Bundle.load(out).manifest["files"][0]["allowed"] == []


def test_what_is_allowed_is_published_and_recorded(trained: Path, tmp_path: Path) -> None:
    out = tmp_path / "bundle"
    broken = with_calibration(FORMATS["onnx-int8"], lambda glyphs: glyphs // 255)
    made = export_bundle(trained, out, ExportOptions([broken], allowed=[broken]))
    (entry,) = made.manifest["files"]
    assert any("accuracy" in cause for cause in entry["allowed"])
    assert any("too narrow" in cause for cause in entry["allowed"])
    assert entry["accuracy"] < made.manifest["reference"]["accuracy"] - 0.001
    assert list(entry["engines"]) == ["onnxruntime"]
    assert "published on demand" in (out / "report.md").read_text()


def test_what_gives_no_answers_cannot_be_allowed(trained: Path, tmp_path: Path) -> None:
    format = FORMATS["tflite-float32"]
    broken = dataclasses.replace(
        format, convert=lambda model: format.convert(model)[:-9000], embed=lambda content, _: content
    )
    with pytest.raises(ExportError, match="tflite-float32 failed"):
        export_bundle(trained, tmp_path / "bundle", ExportOptions([broken], allowed=[broken]))
