"""The bundle: what it promises is checked before anything is read with it."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from edgedigits import BundleError, Reader
from edgedigits.bundle import BUNDLED, MANIFEST, Bundle
from edgedigits.engines import ENGINES
from edgedigits.glyphs import normalise_crops
from tests.conftest import LabelledGlyphs


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """A copy of the bundled model that a test may spoil."""
    return Path(shutil.copytree(BUNDLED, tmp_path / "bundle"))


def change_manifest(folder: Path, change: Callable[[dict[str, Any]], object]) -> None:
    path = folder / MANIFEST
    manifest = json.loads(path.read_text())
    change(manifest)
    path.write_text(json.dumps(manifest))


def test_the_bundled_model_is_whole_and_small() -> None:
    bundle = Bundle.load()
    bundle.verify()
    assert {"onnx-int8", "onnx-float32", "tflite-int8"} <= {file.format for file in bundle.files}
    assert bundle.labels[:10] == tuple("0123456789")
    assert sum(path.stat().st_size for path in BUNDLED.rglob("*") if path.is_file()) < 1_000_000


def test_a_missing_bundle_is_named(tmp_path: Path) -> None:
    with pytest.raises(BundleError, match="No bundle at .*nowhere.*edgedigits export"):
        Reader(tmp_path / "nowhere")


def test_a_damaged_manifest_is_named(copy: Path) -> None:
    manifest = copy / MANIFEST
    manifest.write_text(manifest.read_text()[:200])
    with pytest.raises(BundleError, match="damaged"):
        Bundle.load(copy)


@pytest.mark.parametrize("content", ["[]", "7", '"x"'])
def test_a_manifest_that_is_none_is_named(copy: Path, content: str) -> None:
    (copy / MANIFEST).write_text(content)
    with pytest.raises(BundleError, match="not a manifest"):
        Bundle.load(copy)


@pytest.mark.parametrize("field", ["files", "labels", "temperature", "digit_score"])
def test_a_manifest_without_a_field_is_named(copy: Path, field: str) -> None:
    change_manifest(copy, lambda manifest: manifest.pop(field))
    with pytest.raises(BundleError, match=field):
        Bundle.load(copy)


def test_a_changed_file_is_refused(copy: Path) -> None:
    for file in Bundle.load(copy).files:
        content = bytearray(file.path.read_bytes())
        content[len(content) // 2] ^= 1
        file.path.write_bytes(content)
        with pytest.raises(BundleError, match="does not match its SHA-256"):
            file.read_verified()
    with pytest.raises(BundleError, match="does not match its SHA-256"):
        Reader(copy)


def test_a_lost_file_is_named(copy: Path) -> None:
    for file in Bundle.load(copy).files:
        file.path.unlink()
    with pytest.raises(BundleError, match="cannot be read"):
        Reader(copy)


def test_another_normalisation_is_refused(copy: Path) -> None:
    change_manifest(copy, lambda manifest: manifest.update(normalisation="0" * 64))
    with pytest.raises(BundleError, match="normalisation"):
        Reader(copy)


def test_a_newer_schema_is_refused(copy: Path) -> None:
    change_manifest(copy, lambda manifest: manifest.update(schema=99))
    with pytest.raises(BundleError, match="schema 99"):
        Reader(copy)


@pytest.mark.parametrize("name", ["../../etc/passwd", "/etc/passwd", "a/b.onnx"])
def test_a_manifest_cannot_reach_outside_its_folder(copy: Path, name: str) -> None:
    change_manifest(copy, lambda manifest: manifest["files"][0].update(name=name))
    with pytest.raises(BundleError, match="outside the bundle"):
        Bundle.load(copy)


@pytest.mark.parametrize(
    ("name", "engine"), [(f.path.name, engine) for f in Bundle.load().files for engine in f.engines]
)
def test_the_recorded_accuracies_are_true(name: str, engine: str, mnist_test: LabelledGlyphs) -> None:
    if not ENGINES[engine].probe().available:
        pytest.skip(f"{ENGINES[engine].title} is not installed here: {ENGINES[engine].install}")
    file = next(file for file in Bundle.load().files if file.path.name == name)
    session = ENGINES[engine].open(file.read_verified(), 1)
    answers = session(normalise_crops(mnist_test.images))[:, :10].argmax(axis=1)
    # engines differ by single images of 10,000
    assert (answers == mnist_test.labels).mean() == pytest.approx(file.accuracy, abs=3e-4)
