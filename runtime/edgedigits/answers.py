"""Runs a model file in one engine and records what it answers: the evidence that export's gate judges.

It is a command, so that the evidence can come from another environment (another Python, another version of an
engine), and so that an engine that crashes takes nothing with it:

    python -m edgedigits.answers --engines
    python -m edgedigits.answers onnxruntime digits-int8.onnx evaluation.npz answers.npz
"""

from __future__ import annotations

import argparse
import contextlib
import hashlib
import json
import platform
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import numpy as np
import numpy.typing as npt

from edgedigits import engines
from edgedigits.engines import ENGINES, Session, get_engine
from edgedigits.machine import cpu_model

BATCH_SIZES = (1, 7, 64)
"""The batch sizes in which the first images are run, one after the other, in one session."""

BATCHED_IMAGES = 7 * 64
TIMED_CALLS = 300
WARM_UP_CALLS = 30


@dataclass(frozen=True)
class Answers:
    """What an engine answers with one model file, in one thread.

    Attributes:
        logits: float32, (N, C), of all N glyphs in batches of 64.
        batched: float32, (3, M, C), of the first M glyphs in each of `BATCH_SIZES`: engines exist that answer
            wrongly once the batch size changes.
        latency_us: median microseconds of a call with one glyph.
    """

    logits: npt.NDArray[np.float32]
    batched: npt.NDArray[np.float32]
    latency_us: float

    def save(self, path: Path) -> None:
        """Write the answers to an npz file."""
        with path.open("wb") as file:
            np.savez(file, logits=self.logits, batched=self.batched, latency_us=self.latency_us)

    @classmethod
    def load(cls, file: Path | BinaryIO) -> Answers:
        """Read what `save` wrote."""
        with np.load(file) as arrays:
            return cls(arrays["logits"], arrays["batched"], float(arrays["latency_us"]))


def collect_answers(session: Session, glyphs: npt.NDArray[np.uint8]) -> Answers:
    """Run glyphs through an open model file.

    Args:
        session: what an engine opened.
        glyphs: uint8, (N, 28, 28, 1), N ≥ 1; 0 is paper, 255 is ink.

    Example:
        >>> from edgedigits.bundle import Bundle
        >>> content = Bundle.load().files[0].read_verified()
        >>> collect_answers(get_engine("onnxruntime").open(content, 1), np.zeros((9, 28, 28, 1), np.uint8)).logits.shape
        (9, 11)
    """
    logits = _in_batches(session, glyphs, 64)
    batched = np.stack([_in_batches(session, glyphs[:BATCHED_IMAGES], size) for size in BATCH_SIZES])
    return Answers(logits, batched, _median_latency_us(session, glyphs))


def _in_batches(session: Session, glyphs: npt.NDArray[np.uint8], size: int) -> npt.NDArray[np.float32]:
    # copied, because an engine may hand out a view of memory that its next call overwrites
    return np.concatenate(
        [np.array(session(glyphs[start : start + size]), np.float32) for start in range(0, len(glyphs), size)]
    )


def _median_latency_us(session: Session, glyphs: npt.NDArray[np.uint8]) -> float:
    durations = []
    for call in range(WARM_UP_CALLS + TIMED_CALLS):
        index = call % len(glyphs)
        glyph = glyphs[index : index + 1]
        start = time.perf_counter_ns()
        session(glyph)
        durations.append(time.perf_counter_ns() - start)
    return float(np.median(durations[WARM_UP_CALLS:])) / 1000


class _ListEngines(argparse.Action):
    """Prints the engines that can be used here with their versions, the machine and a digest of the environment."""

    def __call__(self, parser: argparse.ArgumentParser, *_: object) -> None:
        probes = {name: engine.probe() for name, engine in ENGINES.items()}
        usable = {name: probe.detail for name, probe in probes.items() if probe.available}
        print(json.dumps({"engines": usable, "machine": cpu_model(), "environment": _digest_environment()}))
        parser.exit()


def _digest_environment() -> str:
    """Return a digest of what answers and latencies may hang on beside the engine: Python, numpy, CPU and this code."""
    facts = [platform.python_version(), np.__version__, platform.machine(), platform.processor()]
    with contextlib.suppress(OSError):
        cpu = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace").split("\n\n")[0]
        changing = (
            "cpu MHz",
            "bogomips",
            "BogoMIPS",
            "processor",
            "apicid",
            "initial apicid",
            "core id",
            "physical id",
        )
        facts += [line for line in cpu.splitlines() if not line.startswith(changing)]
    sources = [Path(__file__), *sorted(Path(engines.__file__).parent.glob("*.py"))]
    content = b"".join(hashlib.sha256(source.read_bytes()).digest() for source in sources)
    return hashlib.sha256("\n".join(facts).encode() + content).hexdigest()


def main(arguments: Sequence[str] | None = None) -> None:
    """Score one file in one engine, or list the engines."""
    parser = argparse.ArgumentParser(prog="python -m edgedigits.answers", description=__doc__)
    parser.add_argument("--engines", nargs=0, action=_ListEngines, help="list the usable engines, as JSON")
    parser.add_argument("engine", choices=list(ENGINES))
    parser.add_argument("file", type=Path, help="the model file")
    parser.add_argument("glyphs", type=Path, help="npz file with an array 'glyphs'")
    parser.add_argument("answers", type=Path, help="npz file to write")
    chosen = parser.parse_args(arguments)

    with np.load(chosen.glyphs) as arrays:
        glyphs = arrays["glyphs"]
    session = get_engine(chosen.engine).open(chosen.file.read_bytes(), 1)
    collect_answers(session, glyphs).save(chosen.answers)


if __name__ == "__main__":
    main()
