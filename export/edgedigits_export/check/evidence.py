"""Evidence: a file's answers in every engine of every environment that there is."""

from __future__ import annotations

import io
import json
import subprocess
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from edgedigits.answers import Answers
from edgedigits.arrays import UInt8Array
from edgedigits.errors import InputError
from edgedigits_export.cache import NO_CACHE, Cache, digest
from edgedigits_export.errors import TrialError

PATIENCE = 900
"""Seconds after which an engine that does not answer is given up."""


@dataclass(frozen=True)
class InstalledEngine:
    """An engine in one version on one machine, and the Python environment that has it.

    Attributes:
        name: its name in the runtime.
        version: of the engine.
        python: the environment's interpreter.
        machine: the CPU that it runs on, or believes to run on.
        environment: digest of what else its answers may hang on, as it tells itself.
        cache: keeps its answers.
    """

    name: str
    version: str
    python: Path
    machine: str = ""
    environment: str = ""
    cache: Cache = NO_CACHE

    def collect(self, file: Path, glyphs: UInt8Array) -> Answers:
        """Return what it answers with a model file.

        It runs in a process of its own, because an engine may crash; not at all where it is known what the same engine
        answered to the same with the same file.

        Args:
            file: the model file.
            glyphs: uint8, (N, 28, 28, 1).

        Raises:
            TrialError: the engine refused the file, crashed or hung; the message says which.
        """
        identity = json.dumps([self.name, self.version, str(self.python), self.environment]).encode()
        entry = f"answers-{digest(identity, file.read_bytes(), glyphs.tobytes())[:32]}.npz"
        return Answers.load(io.BytesIO(self.cache.remember(entry, lambda: self._run(file, glyphs))))

    def _run(self, file: Path, glyphs: UInt8Array) -> bytes:
        with tempfile.TemporaryDirectory(prefix="edgedigits-") as folder:
            questions, answers = Path(folder) / "glyphs.npz", Path(folder) / "answers.npz"
            np.savez(questions, glyphs=glyphs)
            _run_scoring(self.python, self.name, str(file.absolute()), str(questions), str(answers))
            return answers.read_bytes()


def find_engines(interpreters: Sequence[Path], cache: Cache = NO_CACHE) -> tuple[InstalledEngine, ...]:
    """Return every engine that the environments have, each version once for each machine, first environments first.

    Args:
        interpreters: Pythons of the environments.
        cache: keeps the answers.

    Raises:
        InputError: an interpreter does not run, or edgedigits is not installed there.
    """
    found: dict[tuple[str, str, str], InstalledEngine] = {}
    for python in interpreters:
        try:
            told = json.loads(_run_scoring(python, "--engines"))
            engines, machine, environment = dict(told["engines"]), str(told["machine"]), str(told["environment"])
        except (OSError, ValueError, KeyError, TrialError) as error:
            raise InputError(
                f"{python} cannot tell which engines it has ({error}); name the Python of an environment in which"
                " this version of edgedigits is installed."
            ) from error
        for engine, version in engines.items():
            installed = InstalledEngine(engine, version, python, machine, environment, cache)
            found.setdefault((engine, version, machine), installed)
    return tuple(found.values())


def _run_scoring(python: Path, *arguments: str) -> str:
    try:
        finished = subprocess.run(
            [str(python), "-m", "edgedigits.answers", *arguments],
            capture_output=True,
            text=True,
            errors="replace",
            timeout=PATIENCE,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise TrialError(f"no answer within {PATIENCE} seconds") from error
    if finished.returncode < 0:
        raise TrialError(f"it crashed (signal {-finished.returncode})")
    if finished.returncode:
        lines = finished.stderr.strip().splitlines() or [f"exit code {finished.returncode}"]
        raise TrialError(lines[-1])
    return finished.stdout
