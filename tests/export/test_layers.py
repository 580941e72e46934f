"""Layers of 8-bit files beside the same layers in float: noise and saturation."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pytest

from edgedigits.bundle import Bundle
from edgedigits.labelled.glyphs import LabelledGlyphs
from edgedigits_export.convert.formats import FORMATS
from edgedigits_export.convert.layers import (
    LayerComparison,
    clipping_faults,
    compare_layers,
    read_onnx_layers,
    read_tflite_layers,
)
from edgedigits_export.errors import ExportError
from edgedigits_export.exporting import export_bundle
from edgedigits_export.options import ExportOptions
from edgedigits_export.source import TrainedModel

RNG = np.random.default_rng(0)
SIGNAL = RNG.uniform(-1, 1, (500, 10)).astype(np.float32)


@pytest.mark.parametrize("bits", [4, 6, 8])
def test_each_bit_gives_six_decibels(bits: int) -> None:
    step = 2 / 2**bits
    quantized = (np.round(SIGNAL / step) * step).astype(np.float32)
    (layer,) = compare_layers({"float": SIGNAL}, {"int": quantized})
    assert layer.decibels == pytest.approx(6.02 * bits, abs=0.5)
    assert layer.clipped == 0


def test_no_noise_at_all() -> None:
    assert compare_layers({"a": SIGNAL}, {"b": SIGNAL}) == (LayerComparison("a", 200.0, 0.0),)


def test_saturation_is_counted_on_both_sides() -> None:
    (layer,) = compare_layers({"a": SIGNAL}, {"b": SIGNAL.clip(-0.9, 0.8)})
    assert layer.clipped == pytest.approx((0.1 + 0.2) / 2, abs=0.03)
    (fault,) = clipping_faults([layer])
    assert fault.startswith("the 8-bit range of its layer a is too narrow for 1")


def test_what_has_other_layers_is_not_compared() -> None:
    assert compare_layers({"a": SIGNAL}, {}) == ()
    assert compare_layers({"a": SIGNAL}, {"b": SIGNAL[:, :5]}) == ()


def test_the_two_readers_see_the_same_layers(bundle: Bundle) -> None:
    contents = {file.format: file.read_verified() for file in bundle.files}
    glyphs = RNG.integers(0, 256, (50, 28, 28, 1)).astype(np.uint8)
    onnx = list(read_onnx_layers(contents["onnx-float32"], glyphs).values())
    tflite = list(read_tflite_layers(contents["tflite-float32"], glyphs).values())
    assert len(onnx) == len(tflite) >= 3
    for ours, theirs in zip(onnx, tflite, strict=True):
        np.testing.assert_allclose(ours, theirs, atol=1e-3)


def test_the_manifest_has_every_layer_of_the_eight_bit_files(bundle: Bundle) -> None:
    for entry in bundle.manifest["files"]:
        if FORMATS[entry["format"]].read_layers is None:
            assert entry["layers"] == []
            continue
        assert len(entry["layers"]) >= 3
        for layer in entry["layers"]:
            assert 15 < layer["decibels"] < 60
            assert layer["clipped"] < 0.01


@pytest.mark.parametrize("name", ["onnx-int8", "tflite-int8"])
def test_ranges_from_faint_images_are_refused(name: str, trained: Path, tmp_path: Path) -> None:
    """Calibrated on pale ink only, activations of real ink saturate, which the reason says."""

    def convert(trained: TrainedModel) -> bytes:
        glyphs = trained.calibration.glyphs // 3
        glyphs[:, 0, 0] = 255  # so that the pixels themselves keep their range
        return FORMATS[name].convert(dataclasses.replace(trained, calibration=LabelledGlyphs(glyphs, glyphs[:, 0, 0])))

    broken = dataclasses.replace(FORMATS[name], convert=convert)
    with pytest.raises(ExportError, match="the 8-bit range of its layer .* is too narrow for"):
        export_bundle(trained, tmp_path / "bundle", ExportOptions([broken]))
