"""Measures a bundle on this machine: every file in every engine that it may be used in, and which of them to take.

Each pair runs in processes of its own, so that start and memory are those of a process that does nothing else, that
engines which crash take nothing with them, and that threads are what was asked for. The processes run this module:

    python -m edgedigits.timing onnxruntime digits-int8.onnx 1 0.5
"""

from __future__ import annotations

import argparse
import contextlib
import json
import platform
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from importlib.metadata import PackageNotFoundError, distribution, packages_distributions
from pathlib import Path
from typing import Any

import numpy as np

from edgedigits.bundle import Bundle, ModelFile, read_verified
from edgedigits.engines import ENGINES, Engine, Session, get_engine
from edgedigits.errors import EngineError, InputError
from edgedigits.machine import cpu_model
from edgedigits.processes import usable_cores

BATCH_SIZES = (1, 8, 64)
"""Glyphs a call in which throughput is measured."""

STARTS = 3
"""Processes that are started for one figure of the cold start, which is their median."""

PATIENCE = 120
"""Seconds after which an engine that does not answer is given up, on top of those that it is measured for."""

_WARM_UP_CALLS = 20
_FEWEST_CALLS = 30
_ALIKE = 1.1
"""Latencies within this factor are called equal: two runs of one pair differ by as much on a busy machine."""

Progress = Callable[[str], None]
"""Is told what is being measured, in a few words."""


@dataclass(frozen=True)
class Timing:
    """How fast a file is in an engine with a number of threads.

    Attributes:
        threads: that the engine was given.
        p50_us: median microseconds of a call with one glyph.
        p95_us: microseconds that 95 % of these calls take at most.
        throughput: glyphs a second, by the size of the batch.
    """

    threads: int
    p50_us: float
    p95_us: float
    throughput: Mapping[int, float]


@dataclass(frozen=True)
class Measurement:
    """How a file does in an engine on this machine.

    Attributes:
        file: its name.
        format: such as "onnx-int8".
        precision: such as "int8".
        engine: the engine's name in the runtime.
        version: of the engine here.
        timings: with one thread, then with all, if there are more.
        cold_start_s: median seconds from the start of a Python process to its first answer.
        peak_memory: bytes of RAM that this process has used at most by then; None where the system does not tell.
        file_bytes: size of the file.
        installed_bytes: size of the installed packages that this process has loaded; None where they are not known.
        accuracy: share of the evaluation images answered right, 0 to 1, from the manifest.
    """

    file: str
    format: str
    precision: str
    engine: str
    version: str
    timings: tuple[Timing, ...]
    cold_start_s: float
    peak_memory: int | None
    file_bytes: int
    installed_bytes: int | None
    accuracy: float

    @property
    def latency_us(self) -> float:
        """Median microseconds for one glyph in one thread."""
        return self.timings[0].p50_us


@dataclass(frozen=True)
class Failure:
    """A pair that gave no answer here, and why."""

    file: str
    engine: str
    reason: str


@dataclass(frozen=True)
class Benchmark:
    """What was measured, and what follows from it.

    Attributes:
        machine: what it was measured on, in words.
        measurements: of the pairs that ran, in the bundle's order of preference.
        failures: the pairs that did not.
        recommended: the one to take on this machine.
        remarks: what its user should know, such as that int8 is slower than float here.
    """

    machine: str
    measurements: tuple[Measurement, ...]
    failures: tuple[Failure, ...]
    recommended: Measurement
    remarks: tuple[str, ...]

    def as_dict(self) -> dict[str, Any]:
        """Return everything as plain values, for JSON."""
        return asdict(self)


def run_benchmark(
    bundle: Bundle,
    *,
    engine: str | None = None,
    format: str | None = None,
    seconds: float = 0.5,
    progress: Progress = lambda _: None,
) -> Benchmark:
    """Measure a bundle's files in the engines of this machine.

    Args:
        bundle: what is measured.
        engine: measure in this one only.
        format: measure this format only, such as "onnx-int8".
        seconds: how long each latency and each throughput is measured.
        progress: is told what is being measured.

    Raises:
        BundleError: a file is missing or was changed.
        EngineError: no file of the bundle can be measured here; the message says why.
        InputError: the bundle has no such format.

    Example:
        >>> run_benchmark(Bundle.load(), engine="opencv", seconds=0.01).recommended.format
        'onnx-float32'
    """
    measurements, failures = [], []
    for file, chosen in _pairs(bundle, engine, format):
        file.read_verified()
        progress(f"measuring {file.path.name} in {chosen.title}")
        try:
            measurements.append(_measure(file, chosen, seconds))
        except _NoAnswerError as error:
            failures.append(Failure(file.path.name, chosen.name, str(error)))
    if not measurements:
        reasons = "; ".join(f"{failure.file} in {failure.engine}: {failure.reason}" for failure in failures)
        raise EngineError(f"No file of the bundle answers here ({reasons}); install another engine.")
    allowed = {entry["format"] for entry in bundle.manifest["files"] if entry.get("allowed")}
    return Benchmark(
        machine=_describe_machine(),
        measurements=tuple(measurements),
        failures=tuple(failures),
        recommended=recommend([m for m in measurements if m.format not in allowed] or measurements),
        remarks=tuple(make_remarks(measurements)),
    )


def recommend(measurements: Sequence[Measurement]) -> Measurement:
    """Return the fastest for one glyph in one thread; among those that are as fast, the one with the least memory.

    Args:
        measurements: at least one.
    """
    fastest = min(measurement.latency_us for measurement in measurements)
    alike = [measurement for measurement in measurements if measurement.latency_us <= _ALIKE * fastest]
    return min(alike, key=lambda measurement: (measurement.peak_memory or 0, measurement.latency_us))


def make_remarks(measurements: Sequence[Measurement]) -> Iterable[str]:
    """Yield what a user should know: for each engine whether int8 is slower than float32 in it."""
    # the slowest first, so that the fastest of a kind stays
    ordered = sorted(measurements, key=lambda measurement: -measurement.latency_us)
    by_kind = {(measurement.engine, measurement.precision): measurement for measurement in ordered}
    for engine in ENGINES.values():
        int8, float32 = by_kind.get((engine.name, "int8")), by_kind.get((engine.name, "float32"))
        if int8 and float32 and int8.latency_us > _ALIKE * float32.latency_us:
            yield (
                f"int8 is slower than float32 in {engine.title} on this machine ({int8.latency_us:.0f} µs against"
                f" {float32.latency_us:.0f} µs): it saves memory here, not time."
            )


def _pairs(bundle: Bundle, engine: str | None, format: str | None) -> list[tuple[ModelFile, Engine]]:
    files = [file for file in bundle.files if format in (None, file.format)]
    if not files:
        raise InputError(
            f"The bundle has no format {format!r}; choose from {', '.join(file.format for file in bundle.files)}."
        )
    engines = [get_engine(engine)] if engine else list(ENGINES.values())
    probes = {candidate.name: candidate.probe() for candidate in engines}
    pairs = [
        (file, candidate)
        for file in files
        for candidate in engines
        if candidate.name in file.engines and probes[candidate.name].available
    ]
    if not pairs:
        reasons = "; ".join(
            f"{candidate.title}: "
            + ("passed with none of these files" if probes[candidate.name].available else probes[candidate.name].detail)
            for candidate in engines
        )
        raise EngineError(f"Nothing can be measured here ({reasons}); `edgedigits doctor` says what to install.")
    return pairs


class _NoAnswerError(Exception):
    """A process that ended without an answer; the message says how."""


def _measure(file: ModelFile, engine: Engine, seconds: float) -> Measurement:
    starts, spent = zip(*(_run(engine, file, 1, 0) for _ in range(STARTS)), strict=True)
    timings = []
    for threads in sorted({1, usable_cores()}):
        _, timing = _run(engine, file, threads, seconds)
        throughput = {int(size): rate for size, rate in timing["throughput"].items()}
        timings.append(Timing(threads, timing["p50_us"], timing["p95_us"], throughput))
    return Measurement(
        file=file.path.name,
        format=file.format,
        precision=file.precision,
        engine=engine.name,
        version=engine.probe().detail,
        timings=tuple(timings),
        cold_start_s=statistics.median(starts),
        peak_memory=spent[-1]["peak_memory"],
        file_bytes=file.size,
        installed_bytes=spent[-1]["installed_bytes"],
        accuracy=file.accuracy,
    )


def _run(engine: Engine, file: ModelFile, threads: int, seconds: float) -> tuple[float, dict[str, Any]]:
    """Run a pair in a process; return the seconds to its first answer, and what it says then."""
    command = [sys.executable, "-m", "edgedigits.timing", engine.name, str(file.path.absolute())]
    command += [str(file.size), file.sha256, str(threads)]
    expired = threading.Event()
    start = time.perf_counter()
    with subprocess.Popen([*command, str(seconds)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as child:
        assert child.stdout is not None

        def give_up() -> None:
            expired.set()
            child.kill()

        patience = threading.Timer(PATIENCE + 20 * seconds, give_up)
        patience.start()
        child.stdout.readline()
        duration = time.perf_counter() - start
        rest, complaints = child.communicate()
        patience.cancel()
    if expired.is_set():
        raise _NoAnswerError(f"no answer within {PATIENCE} seconds")
    if child.returncode < 0:
        raise _NoAnswerError(f"it crashed (signal {-child.returncode})")
    if child.returncode:
        lines = complaints.strip().splitlines() or [f"exit code {child.returncode}"]
        raise _NoAnswerError(lines[-1])
    return duration, json.loads(rest)


def _describe_machine() -> str:
    cores = usable_cores()
    return f"{cpu_model()}, {cores} {'core' if cores == 1 else 'cores'}, {platform.system()} {platform.machine()}"


# What follows runs in the process of one pair.


def _answer(engine: str, content: bytes, threads: int, seconds: float) -> None:
    """Print a line at the first answer, and then what it took; the timing instead, where seconds are given."""
    session = get_engine(engine).open(content, threads)
    session(np.zeros((1, 28, 28, 1), np.uint8))
    print("answered", flush=True)
    if seconds:
        print(json.dumps(_time(session, seconds)))
    else:
        print(json.dumps({"peak_memory": _peak_memory(), "installed_bytes": _installed_bytes()}))


def _time(session: Session, seconds: float) -> dict[str, Any]:
    glyphs = np.random.default_rng(0).integers(0, 256, (max(BATCH_SIZES), 28, 28, 1)).astype(np.uint8)
    durations = {size: _durations(session, glyphs[:size], seconds) for size in BATCH_SIZES}
    p50, p95 = np.percentile(durations[1], (50, 95)) / 1000
    # by the median call: one that the system interrupted says nothing about the engine
    throughput = {size: size * 1e9 / float(np.median(durations[size])) for size in BATCH_SIZES}
    return {"p50_us": float(p50), "p95_us": float(p95), "throughput": throughput}


def _durations(session: Session, glyphs: np.ndarray[Any, np.dtype[np.uint8]], seconds: float) -> list[int]:
    """Return the nanoseconds of calls with these glyphs, after some that do not count."""
    for _ in range(_WARM_UP_CALLS):
        session(glyphs)
    durations: list[int] = []
    end = time.perf_counter_ns() + int(seconds * 1e9)
    while len(durations) < _FEWEST_CALLS or time.perf_counter_ns() < end:
        start = time.perf_counter_ns()
        session(glyphs)
        durations.append(time.perf_counter_ns() - start)
    return durations


def _peak_memory() -> int | None:
    """Return the most bytes of RAM that this process has used.

    Linux keeps it in VmHWM; getrusage's ru_maxrss would there count the parent as it was when it started this process.
    """
    with contextlib.suppress(OSError):
        for line in Path("/proc/self/status").read_text(encoding="ascii", errors="replace").splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * 1024
    try:
        import resource
    except ImportError:
        return None
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024


def _installed_bytes() -> int | None:
    """Return the size of the installed packages that this process has loaded, without edgedigits itself."""
    owners = packages_distributions()
    loaded = {name for module in sys.modules for name in owners.get(module, ())} - {"edgedigits"}
    total = 0
    for name in loaded:
        try:
            files = distribution(name).files
        except PackageNotFoundError:
            return None
        if files is None:
            return None
        for file in files:
            with contextlib.suppress(OSError):
                total += Path(str(file.locate())).stat().st_size
    return total or None


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure one pair in this process."""
    parser = argparse.ArgumentParser(prog="python -m edgedigits.timing", description=__doc__)
    parser.add_argument("engine", choices=list(ENGINES))
    parser.add_argument("file", type=Path, help="the model file")
    parser.add_argument("size", type=int, help="bytes that it has to have")
    parser.add_argument("sha256", help="that it has to have")
    parser.add_argument("threads", type=int, help="for the engine")
    parser.add_argument("seconds", type=float, help="for each figure; 0 for what the first answer takes")
    chosen = parser.parse_args(arguments)
    content = read_verified(chosen.file, chosen.size, chosen.sha256)
    _answer(chosen.engine, content, chosen.threads, chosen.seconds)


if __name__ == "__main__":
    main()
