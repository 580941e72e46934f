"""Two draws of calibration images share none, and what they lead to is measured and reported."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from edgedigits.labelled.glyphs import LabelledGlyphs
from edgedigits_export.check.draws import split_calibration
from edgedigits_export.convert.formats import FORMATS
from edgedigits_export.exporting import export_bundle
from edgedigits_export.options import ExportOptions


def test_the_halves_are_disjoint_and_balanced() -> None:
    rng = np.random.default_rng(0)
    glyphs = rng.integers(0, 256, (200, 28, 28, 1)).astype(np.uint8)
    labels = np.repeat(np.arange(10), 20).astype(np.uint8)
    # an image that is there twice must not be in both halves
    doubled = LabelledGlyphs(np.concatenate([glyphs, glyphs[:7]]), np.concatenate([labels, labels[:7]]))
    first, second = split_calibration(doubled)
    digests = [{glyph.tobytes() for glyph in half.glyphs} for half in (first, second)]
    assert not digests[0] & digests[1]
    assert digests[0] | digests[1] == {glyph.tobytes() for glyph in glyphs}
    for half in (first, second):
        assert np.bincount(half.labels).tolist() == [10] * 10
        for glyph, label in zip(half.glyphs, half.labels, strict=True):
            assert label == labels[(glyphs == glyph).all(axis=(1, 2, 3))]


@pytest.mark.slow
def test_the_report_tells_how_much_the_halves_differ(trained: Path, tmp_path: Path) -> None:
    out = tmp_path / "bundle"
    formats = [FORMATS["onnx-int8"], FORMATS["onnx-float32"]]
    with_draws = export_bundle(trained, out, ExportOptions(formats, compare_draws=True))
    entry, floating = with_draws.manifest["files"]
    with np.load(trained / "calibration.npz") as arrays:
        images = len(np.unique(arrays["glyphs"].reshape(len(arrays["labels"]), -1), axis=0))
    assert sum(draw["images"] for draw in entry["draws"]) == images
    for draw in entry["draws"]:
        assert draw["agreement"] > 0.99
        assert f"{draw['accuracy']:.2%}" in (out / "report.md").read_text(encoding="utf-8")
    assert floating["draws"] == []

    without = export_bundle(trained, tmp_path / "plain", ExportOptions(formats))
    assert without.files[0].sha256 == with_draws.files[0].sha256
    assert without.manifest["files"][0]["draws"] == []
    assert "halves" not in (tmp_path / "plain" / "report.md").read_text(encoding="utf-8")
