"""A file on trial: every engine that it is offered to answers the evaluation images, and the gate judges."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from edgedigits.arrays import UInt8Array
from edgedigits.engines import ENGINES
from edgedigits_export.check.draws import Draw
from edgedigits_export.check.evidence import InstalledEngine
from edgedigits_export.check.gate import GateResult, Reference, judge, size_faults
from edgedigits_export.convert.facts import FileFacts
from edgedigits_export.convert.formats.base import Format
from edgedigits_export.convert.layers import (
    COMPARED_IMAGES,
    LayerComparison,
    LayerOutputs,
    clipping_faults,
    compare_layers,
)
from edgedigits_export.convert.mixing import Attempt
from edgedigits_export.errors import ExportError, TrialError
from edgedigits_export.silence import silenced


@dataclass(frozen=True)
class Trial:
    """How a file did in one version of one engine on one machine.

    Attributes:
        engine: its name in the runtime.
        version: of the engine.
        machine: the CPU, as the system there calls it.
        result: what the gate found; None where the engine gave nothing to judge.
        latency_us: median microseconds of a call with one glyph in one thread; None as `result`.
        faults: what is held against it; empty where it passed.
    """

    engine: str
    version: str
    machine: str
    result: GateResult | None
    latency_us: float | None
    faults: tuple[str, ...]


@dataclass(frozen=True)
class CheckedFile:
    """An exported file and its trials.

    Attributes:
        format: what it is.
        path: where it lies.
        content: of the file.
        facts: what it says of itself.
        faults: what is held against the file itself, whatever runs it.
        trials: its trials, engines in the runtime's order of preference.
        layers: how its layers compare with those in float, where activations are quantized.
        draws: how files from two other draws of calibration images did, where that was asked for.
        allowed: whether it is wanted in spite of the gate: then every engine that gives answers may use it.
        kept_float: names of the layers that stay in float in a file of 8 bits.
        attempts: what was tried until these were found.
    """

    format: Format
    path: Path
    content: bytes
    facts: FileFacts
    faults: tuple[str, ...]
    trials: tuple[Trial, ...]
    layers: tuple[LayerComparison, ...] = ()
    draws: tuple[Draw, ...] = ()
    allowed: bool = False
    kept_float: tuple[str, ...] = ()
    attempts: tuple[Attempt, ...] = ()

    @property
    def engines(self) -> dict[str, str]:
        """The engines in which the file may be used: those whose every version passed; the first version of each."""
        failed = {trial.engine for trial in self.trials if not self._usable_in(trial)}
        versions: dict[str, str] = {}
        for trial in self.trials:
            if trial.engine not in failed:
                versions.setdefault(trial.engine, trial.version)
        return versions

    def _usable_in(self, trial: Trial) -> bool:
        return trial.result is not None if self.allowed else not (self.faults or trial.faults)

    def _where(self, trial: Trial) -> str:
        """Name a trial's engine and version, and its machine where there are several."""
        several = len({each.machine for each in self.trials}) > 1
        return f"{trial.engine} {trial.version}" + (f" on {trial.machine}" if several else "")

    @property
    def causes(self) -> tuple[str, ...]:
        """All that is held against it, in words."""
        refused = [trial for trial in self.trials if trial.faults]
        return (
            *self.faults,
            *(f"in {self._where(trial)} {' and '.join(trial.faults)}" for trial in refused),
        )

    @property
    def attempt(self) -> Attempt:
        """What came of it, in short."""
        results = [trial.result for trial in self.trials]
        answered = [result for result in results if result is not None]
        complete = len(answered) == len(results)
        return Attempt(
            self.kept_float,
            min(result.settled_agreement for result in answered) if complete else 0.0,
            max(result.accuracy_drop for result in answered) if complete else 1.0,
            passed=not self.causes,
        )

    def after(self, attempts: tuple[Attempt, ...]) -> CheckedFile:
        """Return the same file with what was tried until it was found."""
        return replace(self, attempts=attempts)

    @property
    def best(self) -> Trial:
        """The trial in the most preferred engine of `engines`."""
        return next(trial for trial in self.trials if trial.engine in self.engines)

    @property
    def minimum(self) -> dict[str, str]:
        """For each of `engines` the oldest version: what the file says of itself, else the oldest that passed."""
        return {
            engine: self.facts.minimum.get(engine)
            or min((trial.version for trial in self.trials if trial.engine == engine), key=_version_key)
            for engine in self.engines
        }


def check_file(
    format: Format,
    path: Path,
    facts: FileFacts,
    installed_engines: Sequence[InstalledEngine],
    glyphs: UInt8Array,
    reference: Reference,
    weight_bytes: int,
    exact_layers: LayerOutputs | None = None,
    kept_float: tuple[str, ...] = (),
) -> CheckedFile:
    """Try a file in every engine that its format is offered to.

    Args:
        format: what the file is.
        path: where it lies.
        facts: what it says of itself.
        installed_engines: the engines that there are.
        glyphs: the evaluation images, uint8 (N, 28, 28, 1).
        reference: what Keras answers to them.
        weight_bytes: how many bytes the model's weights take in it.
        exact_layers: what the layers answer in float to the first `COMPARED_IMAGES` of the glyphs; None where
            layers are not to be compared.
        kept_float: names of the layers that are in float in a file of 8 bits.

    Raises:
        ExportError: none of the format's engines is here.
    """
    order = list(ENGINES)
    offered = sorted(
        (installed for installed in installed_engines if installed.name in format.engines),
        key=lambda installed: order.index(installed.name),
    )
    if not offered:
        raise ExportError(
            f"it was run in no engine, for none of {', '.join(format.engines)} is installed; install one of them"
        )
    layers = _compare_layers(format, path, glyphs, exact_layers) if exact_layers else ()
    content = path.read_bytes()
    return CheckedFile(
        format,
        path,
        content,
        facts,
        (*size_faults(len(content), weight_bytes), *clipping_faults(layers)),
        tuple(_try_in(installed, format, path, glyphs, reference) for installed in offered),
        layers,
        kept_float=kept_float,
    )


def _compare_layers(
    format: Format, path: Path, glyphs: UInt8Array, exact_layers: LayerOutputs
) -> tuple[LayerComparison, ...]:
    if format.read_layers is None:
        return ()
    try:
        with silenced():
            return compare_layers(exact_layers, format.read_layers(path.read_bytes(), glyphs[:COMPARED_IMAGES]))
    except Exception:  # what is wrong with a file that cannot be looked into, the engines tell
        return ()


def _try_in(installed: InstalledEngine, format: Format, path: Path, glyphs: UInt8Array, reference: Reference) -> Trial:
    where = (installed.name, installed.version, installed.machine)
    try:
        answers = installed.collect(path, glyphs)
        result = judge(answers, reference, format.tolerance)
    except TrialError as failure:
        return Trial(*where, None, None, (str(failure),))
    return Trial(*where, result, answers.latency_us, result.faults)


def _version_key(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split(".") if part.isdigit())
