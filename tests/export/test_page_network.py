"""What a bundle promises of its page network: it names as Keras does, and a bundle without one reads all the same."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from edgedigits import Reader
from edgedigits.bundle import BUNDLED, Bundle
from edgedigits.errors import BundleError, InputError
from edgedigits.finding.page import LABELS
from edgedigits_export.check.page_maps import MapTolerance, judge_maps
from edgedigits_export.cli import export
from edgedigits_export.convert.formats import get_formats
from edgedigits_export.convert.page_network import TrainedPage
from edgedigits_export.exporting import export_bundle
from edgedigits_export.options import ExportOptions
from edgedigits_export.page_files import replace_page
from tests.runtime.samples import draw_text

TOLERANCE = MapTolerance(agreement=0.99, accuracy_drop=0.01, batches=0.01)


def maps(count: int = 4, seed: int = 0) -> np.ndarray:
    """Return maps that are sure of a name in every cell."""
    rng = np.random.default_rng(seed)
    told = rng.integers(0, len(LABELS), (count, 8, 8))
    return np.concatenate([np.eye(len(LABELS))[told] * 9, np.ones((count, 8, 8, 4))], axis=-1).astype(np.float32)


def test_the_same_answers_pass() -> None:
    reference = maps()
    names = reference[..., : len(LABELS)].argmax(axis=-1).astype(np.int16)
    assert judge_maps(reference, np.stack([reference] * 3), reference, names, TOLERANCE) == ([], 1.0, 1.0)


def test_other_answers_do_not_pass() -> None:
    reference, other = maps(), maps(seed=1)
    names = reference[..., : len(LABELS)].argmax(axis=-1).astype(np.int16)
    faults, agreement, _ = judge_maps(other, np.stack([other] * 3), reference, names, TOLERANCE)
    assert agreement < 0.5
    assert "of the cells as Keras does" in faults[0]
    assert "fewer right than Keras" in faults[1]


def test_answers_that_hang_on_the_batch_do_not_pass() -> None:
    reference = maps()
    names = np.zeros(reference.shape[:3], np.int16)
    faults, *_ = judge_maps(reference, np.stack([reference + 1] * 3), reference, names, TOLERANCE)
    assert any("between sizes of batches" in fault for fault in faults)


def test_what_keras_is_unsure_of_may_be_either() -> None:
    reference = maps()
    reference[..., : len(LABELS)] *= 0.05
    names = np.zeros(reference.shape[:3], np.int16)
    assert judge_maps(maps(seed=1), np.stack([maps(seed=1)] * 3), reference, names, TOLERANCE)[1] == 1.0


def test_the_bundled_page_network_passed_in_three_engines() -> None:
    page = Bundle.load().page
    assert page is not None
    assert {engine for file in page.files for engine in file.engines} == {"onnxruntime", "litert", "tflite_runtime"}
    assert all(file.agreement >= 0.99 for file in page.files)


def test_a_bundle_without_one_reads_pages_with_the_runtimes_own(tmp_path: Path) -> None:
    folder = shutil.copytree(BUNDLED, tmp_path / "bundle")
    manifest = json.loads((folder / "manifest.json").read_text())
    for entry in manifest.pop("page")["files"]:
        (folder / entry["name"]).unlink()
    (folder / "manifest.json").write_text(json.dumps(manifest))
    assert Reader(folder).read(draw_text("2 3 4 5", size=(400, 200), height=60)).text == "2345"


def test_a_page_network_that_was_changed_is_refused(tmp_path: Path) -> None:
    folder = shutil.copytree(BUNDLED, tmp_path / "bundle")
    (folder / "page-int8.onnx").write_bytes(b"other")
    with pytest.raises(BundleError, match=r"page-int8\.onnx does not match its SHA-256"):
        Bundle.load(folder).verify()


@pytest.mark.parametrize("content", ["{}", '{"kind": "digits"}', "["])
def test_a_folder_of_something_else_is_named(tmp_path: Path, content: str) -> None:
    (tmp_path / "metrics.json").write_text(content)
    with pytest.raises(InputError, match="page network"):
        TrainedPage.load(tmp_path)


def test_a_network_that_cannot_be_exported_leaves_the_bundle_as_it_was(tmp_path: Path) -> None:
    folder = shutil.copytree(BUNDLED, tmp_path / "bundle")
    before = sorted((path.name, path.read_bytes()) for path in folder.iterdir())
    with pytest.raises(InputError):
        replace_page(folder, tmp_path)
    assert sorted((path.name, path.read_bytes()) for path in folder.iterdir()) == before


def test_an_export_keeps_the_page_network_of_the_bundle_that_it_replaces(small_training: Path, tmp_path: Path) -> None:
    options = ExportOptions(get_formats(["onnx-int8", "tflite-int8"]), keep_page=True)
    made = export_bundle(small_training, tmp_path / "bundle", options)
    ours = Bundle.load()
    assert made.page is not None
    assert ours.page is not None
    assert [file.sha256 for file in made.page.files] == [file.sha256 for file in ours.page.files]
    made.verify()

    # another one, by another manifest: it stays where its bundle is replaced
    manifest = json.loads((made.path / "manifest.json").read_text())
    manifest["page"]["provenance"]["seed"] = 77
    (made.path / "manifest.json").write_text(json.dumps(manifest))
    again = export_bundle(small_training, tmp_path / "bundle", options)
    assert again.manifest["page"]["provenance"]["seed"] == 77

    # a damaged one does not
    (again.path / "page-int8.onnx").write_bytes(b"damaged")
    mended = export_bundle(small_training, tmp_path / "bundle", options)
    assert mended.manifest["page"]["provenance"]["seed"] != 77
    mended.verify()


def test_a_page_network_can_be_left_out(small_training: Path, tmp_path: Path) -> None:
    arguments = ["--from", str(small_training), "--out", str(tmp_path / "bundle"), "--formats", "onnx-int8"]
    run = CliRunner().invoke(export, [*arguments, "--no-page"], catch_exceptions=False)
    assert run.exit_code == 0
    assert Bundle.load(tmp_path / "bundle").page is None
    run = CliRunner().invoke(export, arguments, catch_exceptions=False)
    assert "Page network: the runtime's own, verified by SHA-256 (page-int8.onnx " in run.stderr
    page = Bundle.load(tmp_path / "bundle").page
    assert page is not None
    assert [file.path.name for file in page.files] == ["page-int8.onnx"]
    run = CliRunner().invoke(export, [*arguments, "--no-page", "--page", "build/page"])
    assert run.exit_code == 2
    assert "give one of them" in run.stderr
