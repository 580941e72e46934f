"""A file tells what it is, without its bundle and without any library of its format."""

from __future__ import annotations

import json
import subprocess
import sys
import zipfile
from pathlib import Path

import onnx
import pytest

from edgedigits.bundle import Bundle
from edgedigits.errors import InputError
from edgedigits.glyphs import CONTRACT
from edgedigits.inspecting import TFLITE_MEMBER, inspect_file


def test_every_file_tells_what_its_manifest_tells(bundle: Bundle) -> None:
    for file, entry in zip(bundle.files, bundle.manifest["files"], strict=True):
        found = inspect_file(file.path)
        assert found.facts is not None
        assert (found.facts["format"], found.facts["precision"]) == (file.format, file.precision)
        assert (found.sha256, found.size) == (file.sha256, file.size)
        assert (found.opset, found.ir) == (entry["opset"], entry["ir"])
        for field in ("labels", "input", "output", "temperature", "digit_score", "normalisation", "reference"):
            assert found.facts[field] == bundle.manifest[field]
        assert found.facts["normalisation"] == CONTRACT.digest
        assert found.facts["provenance"]["data"] == bundle.manifest["provenance"]["data"]


def test_the_libraries_of_the_formats_find_the_facts_too(bundle: Bundle) -> None:
    for file in bundle.files:
        facts = inspect_file(file.path).facts
        if file.path.suffix == ".onnx":
            (entry,) = onnx.load(file.path).metadata_props
            assert json.loads(entry.value) == facts
        else:
            with zipfile.ZipFile(file.path) as archive:
                assert json.loads(archive.read(TFLITE_MEMBER)) == facts


def test_it_needs_no_library_of_a_format(bundle: Bundle) -> None:
    code = "import sys; from edgedigits.inspecting import inspect_file\n"
    code += "for path in sys.argv[1:]: assert inspect_file(path).facts\n"
    code += "print({'onnx', 'onnxruntime', 'tensorflow', 'ai_edge_litert', 'cv2'} & set(sys.modules))"
    done = subprocess.run(
        [sys.executable, "-c", code, *(str(file.path) for file in bundle.files)],
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.strip() == "set()"


def test_a_file_that_others_made_has_no_facts(bundle: Bundle, tmp_path: Path) -> None:
    path = tmp_path / "other.onnx"
    model = onnx.load(next(file.path for file in bundle.files if file.path.suffix == ".onnx"))
    del model.metadata_props[:]
    onnx.save(model, path)
    found = inspect_file(path)
    assert (found.kind, found.opset, found.facts) == ("ONNX", 13, None)


@pytest.mark.parametrize("content", [b"", b"\x89PNG\r\n\x1a\n", b"\x08\x07", b"\x00" * 100, b"\xff" * 100])
def test_what_is_no_model_is_named(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "file.onnx"
    path.write_bytes(content)
    with pytest.raises(InputError, match=r"file\.onnx is neither an ONNX nor a TFLite file"):
        inspect_file(path)


def test_a_half_file_is_named(bundle: Bundle, tmp_path: Path) -> None:
    file = next(file for file in bundle.files if file.path.suffix == ".onnx")
    path = tmp_path / "half.onnx"
    path.write_bytes(file.path.read_bytes()[: file.size // 2])
    with pytest.raises(InputError, match="damaged"):
        inspect_file(path)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"nowhere\.onnx cannot be read"):
        inspect_file(tmp_path / "nowhere.onnx")
