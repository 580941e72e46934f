"""Golden glyphs through one engine, in a process of its own.

The glyphs are clear digits that any model in use reads; benchmarks/golden_glyphs.py makes them.
"""

from __future__ import annotations

import json
import statistics
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from edgedigits.bundle import Bundle, ModelFile
from edgedigits.engines import Engine, get_engine
from edgedigits.logits import interpret_logits
from edgedigits.proof.child import ask

GLYPHS = Path(__file__).with_name("glyphs.npz")
_TIMED_CALLS = 10


@dataclass(frozen=True)
class Replay:
    """What one engine answered with one file of a bundle.

    Attributes:
        engine: its name.
        version: of the engine; "" where it is not here.
        format: of the file; "" where the engine itself cannot be used.
        probabilities: of each glyph, those of the ten digits, 0 to 1.
        right: share of the glyphs that it reads right, 0 to 1.
        milliseconds: median for one glyph in one thread.
        missing: why the engine cannot be used here; "" where it can.
        failure: why an engine that can be used gave no answer; "" where it did.
    """

    engine: str
    version: str
    format: str
    probabilities: tuple[tuple[float, ...], ...] = ()
    right: float = 0.0
    milliseconds: float = 0.0
    missing: str = ""
    failure: str = ""


def replay_engine(engine: str, bundle: Path) -> tuple[Replay, ...]:
    """Replay the golden glyphs with every file of a bundle that an engine may run.

    Args:
        engine: its name.
        bundle: the folder.

    Returns:
        One result a file; one that says why, where the engine is missing or crashes.
    """
    answer = ask(["-m", "edgedigits.proof", engine, str(bundle)])
    if answer.failure:
        return (Replay(engine, "", "", failure=answer.failure),)
    rows = json.loads(answer.output)
    return tuple(Replay(**{**row, "probabilities": tuple(map(tuple, row["probabilities"]))}) for row in rows)


# What follows runs in the process of one engine.


def replay_here(engine_name: str, folder: Path) -> list[Replay]:
    """Replay the golden glyphs in this process; see `replay_engine`.

    Raises:
        BundleError: the bundle cannot be used.
    """
    engine = get_engine(engine_name)
    probe = engine.probe()
    if not probe.available:
        return [Replay(engine.name, "", "", missing=probe.detail)]
    bundle = Bundle.load(folder)
    replays = []
    for file in bundle.files:
        if engine.name not in file.engines:
            continue
        try:
            replays.append(_replay_file(engine, probe.detail, bundle, file))
        except Exception as error:  # an engine may raise anything
            reason = " ".join(str(error).split())[:200] or type(error).__name__
            replays.append(Replay(engine.name, probe.detail, file.format, failure=reason))
    return replays or [Replay(engine.name, probe.detail, "")]


def _replay_file(engine: Engine, version: str, bundle: Bundle, file: ModelFile) -> Replay:
    glyphs, labels = _golden_glyphs()
    session = engine.open(file.read_verified(), 1)
    durations = []
    for index in range(_TIMED_CALLS):
        start = time.perf_counter()
        session(glyphs[index : index + 1])
        durations.append(time.perf_counter() - start)
    logits = np.concatenate([session(glyphs[i : i + 20]) for i in range(0, len(glyphs), 20)])
    probabilities, _ = interpret_logits(logits, bundle.temperature, bundle.digit_score)
    return Replay(
        engine.name,
        version,
        file.format,
        tuple(tuple(round(float(value), 5) for value in row) for row in probabilities),
        float((probabilities.argmax(axis=1) == labels).mean()),
        statistics.median(durations) * 1000,
    )


def _golden_glyphs() -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.uint8]]:
    """Return the glyphs, uint8 (N, 28, 28, 1), and the digits that they show, uint8 (N,)."""
    with np.load(GLYPHS) as stored:
        return stored["glyphs"], stored["labels"]
