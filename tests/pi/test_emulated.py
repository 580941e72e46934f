"""The runtime's wheel and its bundle on CPUs that are not here: an emulated Raspberry Pi 4 and an x86 without VNNI.

8-bit kernels may round a value the other way, so that logits are compared within steps of 8 bits. What a wrong kernel
or an overflow does is far beyond that, which one test shows on purpose.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

from edgedigits.bundle import Bundle, ModelFile
from edgedigits.engines import ENGINES
from edgedigits_export.check.evidence import InstalledEngine, find_engines
from tests.conftest import ROOT, LabelledGlyphs
from tests.pi.emulation import MACHINES, UnavailableError

pytestmark = pytest.mark.slow

DIGITS = 300
PAIRS = [
    (file.format, engine)
    for file in Bundle.load().files
    for engine in file.engines
    # float takes qemu minutes on x86, where it computes every fused multiply-add in software; tflite-runtime is of
    # another environment
    if file.precision == "int8" and engine in ("onnxruntime", "litert")
]

Logits = npt.NDArray[np.float32]


@pytest.fixture(scope="module", params=list(MACHINES))
def python(request: pytest.FixtureRequest) -> Path:
    """The Python of an emulated machine."""
    return make(request.param)


def make(machine: str) -> Path:
    try:
        return MACHINES[machine]()
    except UnavailableError as error:
        pytest.skip(f"{machine} cannot be emulated here: {error}")


@pytest.fixture(scope="module")
def installed_engines(python: Path) -> dict[str, InstalledEngine]:
    """The engines of the emulated machine by name."""
    return {installed.name: installed for installed in find_engines([python])}


@pytest.fixture(scope="module")
def glyphs(mnist_test: LabelledGlyphs) -> npt.NDArray[np.uint8]:
    return mnist_test.images[:DIGITS, ..., np.newaxis]


def step_of_8_bits(logits: Logits) -> float:
    """The step of a scale that has 256 values from the least to the greatest logit."""
    return float(logits.max() - logits.min()) / 255


def answer_here(file: ModelFile, engine: str, glyphs: npt.NDArray[np.uint8]) -> Logits:
    session = ENGINES[engine].open(file.read_verified(), 1)
    return np.concatenate([np.array(session(glyphs[i : i + 50])) for i in range(0, len(glyphs), 50)])


@pytest.mark.parametrize(("format", "engine"), PAIRS)
def test_a_file_answers_there_as_here(
    format: str,
    engine: str,
    installed_engines: dict[str, InstalledEngine],
    glyphs: npt.NDArray[np.uint8],
    mnist_test: LabelledGlyphs,
) -> None:
    file = next(file for file in Bundle.load().files if file.format == format)
    here, there = answer_here(file, engine, glyphs), installed_engines[engine].collect(file.path, glyphs)
    band = 1.01 * step_of_8_bits(here)
    np.testing.assert_allclose(there.logits, here, atol=band, rtol=0)
    for batched in there.batched:
        np.testing.assert_allclose(batched, here[: len(batched)], atol=band, rtol=0)
    hits = [int((logits[:, :10].argmax(1) == mnist_test.labels[:DIGITS]).sum()) for logits in (here, there.logits)]
    assert hits[1] >= 0.98 * DIGITS
    assert abs(hits[1] - hits[0]) <= 1


def test_it_reads_a_photo_from_the_wheel(python: Path) -> None:
    image = next((ROOT / "Images").glob("*.png"))
    command = ["-m", "edgedigits", "predict", str(image), "--format", "jsonl"]
    here = subprocess.run([sys.executable, *command], capture_output=True, text=True, check=True)
    there = subprocess.run([str(python), *command], capture_output=True, text=True, check=True, timeout=300)
    assert json.loads(there.stdout)["text"] == json.loads(here.stdout)["text"]


def test_an_emulated_x86_shows_what_eight_bit_weights_do_there(
    glyphs: npt.NDArray[np.uint8], trained: Path, tmp_path: Path
) -> None:
    """The same model quantized to 8-bit weights overflows without VNNI: the evidence is no empty ceremony."""
    import onnx
    from onnxruntime.quantization import CalibrationDataReader, QuantFormat, QuantType, quantize_static

    from edgedigits_export.source import TrainedModel

    model = TrainedModel.load(trained)
    batches = iter(np.split(model.calibration.glyphs, 10))

    class Batches(CalibrationDataReader):
        def get_next(self) -> dict[str, npt.NDArray[np.uint8]] | None:
            batch = next(batches, None)
            return None if batch is None else {"glyphs": batch}

    path = tmp_path / "eight-bit-weights.onnx"
    quantize_static(
        onnx.load_from_string(model.float_onnx),
        str(path),
        Batches(),
        quant_format=QuantFormat.QDQ,
        activation_type=QuantType.QUInt8,
        weight_type=QuantType.QInt8,
        per_channel=True,
    )
    (haswell,) = (lab for lab in find_engines([make("haswell")]) if lab.engine == "onnxruntime")
    reference = ENGINES["onnxruntime"].open(model.float_onnx, 1)(glyphs)
    there = haswell.collect(path, glyphs).logits
    assert np.abs(there - reference).max() > 5 * step_of_8_bits(reference)
