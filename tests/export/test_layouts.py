"""The bundle's files in other forms are the same files."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from edgedigits.bundle import Bundle
from edgedigits_export.publish.layouts import LAYOUTS
from edgedigits_export.publish.layouts.c_header import HEADER

PROGRAM = """
#include <stdio.h>
#include <stdint.h>
#include "digits_int8.h"
int main(void) {
    if ((uintptr_t)edgedigits_digits_int8 % 16) return 1;
    return fwrite(edgedigits_digits_int8, 1, edgedigits_digits_int8_length, stdout) != edgedigits_digits_int8_length;
}
"""


@pytest.fixture
def laid_out(bundle: Bundle, tmp_path: Path) -> Path:
    """A copy of the bundle with every layout in it."""
    folder = Path(shutil.copytree(bundle.path, tmp_path / "bundle"))
    for layout in LAYOUTS.values():
        file = next(file for file in bundle.files if file.format == layout.format)
        layout.write(folder, file.path.name, bundle.manifest)
    return folder


@pytest.mark.parametrize("compiler", [["cc", "-std=c11"], ["c++", "-std=c++11"]])
def test_the_c_header_compiles_to_the_same_bytes(compiler: list[str], laid_out: Path, tmp_path: Path) -> None:
    if shutil.which(compiler[0]) is None:
        pytest.skip(f"no {compiler[0]} is here to compile with")
    source = tmp_path / ("main.c" if compiler[0] == "cc" else "main.cpp")
    source.write_text(PROGRAM)
    program = str(tmp_path / "main")
    command = [*compiler, "-Wall", "-Werror", "-pedantic", "-I", str(laid_out), str(source), "-o", program]
    subprocess.run(command, check=True)
    done = subprocess.run([program], capture_output=True, check=True)
    assert done.stdout == (laid_out / "digits-int8.tflite").read_bytes()


def test_the_c_header_says_what_it_holds(bundle: Bundle, laid_out: Path) -> None:
    file = next(file for file in bundle.files if file.format == "tflite-int8")
    text = (laid_out / HEADER).read_text()
    assert file.sha256 in text
    assert f"_length = {file.size}u;" in text


def test_the_triton_repository_has_the_form_that_triton_wants(bundle: Bundle, laid_out: Path) -> None:
    model = laid_out / "triton" / "digits"
    assert (model / "1" / "model.onnx").read_bytes() == (laid_out / "digits-float32.onnx").read_bytes()
    assert (model / "labels.txt").read_text().split() == list(bundle.labels)
    config = (model / "config.pbtxt").read_text()
    assert config.count("{") == config.count("}")
    # the batch dimension is Triton's own where max_batch_size is set
    for field in ('name: "digits"', "max_batch_size: 64", 'name: "glyphs"', "TYPE_UINT8", "dims: [ 28, 28, 1 ]"):
        assert field in config
    for field in ('name: "logits"', "TYPE_FP32", "dims: [ 11 ]", 'label_filename: "labels.txt"'):
        assert field in config
    assert re.search(r"SHA-256 [0-9a-f]{64}", config)
