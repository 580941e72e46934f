"""Checkpoints: the state of a training that is not finished, so that an interruption loses nothing.

Keras' own BackupAndRestore does not do here: it overwrites its only file in place, so that a full disk takes the last
good state, too; it goes on at the beginning of an epoch only, and keeps neither the best weights nor the history.
"""

from __future__ import annotations

import hashlib
import io
import json
import logging
import os
import shutil
import time
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zipfile import BadZipFile

import numpy as np
import numpy.typing as npt

import edgedigits_train
from edgedigits import glyphs
from edgedigits.errors import EdgeDigitsError, InputError
from edgedigits_train.fit.interruption import Interruption
from edgedigits_train.recipes import Recipe

if TYPE_CHECKING:  # the command line imports this module for --help, and own_digits takes long
    from edgedigits_train.data.own_digits import OwnDigits

logger = logging.getLogger(__name__)

FOLDER = ".checkpoint"
"""Where in a training's folder its checkpoints lie."""

SAVED_EVERY = 120.0
"""Seconds after which a state is saved within an epoch; at an epoch's end one always is."""

_RUN = "run.json"
_STATE = "state.npz"


class CheckpointError(EdgeDigitsError):
    """A checkpoint that cannot be written."""


@dataclass(frozen=True)
class State:
    """Where a fit is, between two steps.

    Attributes:
        epoch: how many epochs are done.
        step: how many steps of the next one are done.
        history: the values of each epoch that is done, by name.
        best: the lowest held-out loss so far.
        arrays: groups of arrays, by name: all variables of the fit, and the averaged weights after the last epoch and
            after the one with the lowest loss.
    """

    epoch: int = 0
    step: int = 0
    history: Mapping[str, list[float]] = field(default_factory=dict)
    best: float = float("inf")
    arrays: Mapping[str, Sequence[npt.NDArray[Any]]] = field(default_factory=dict)


@dataclass(frozen=True)
class Run:
    """What a training is made of: all that must be the same for it to go on.

    Attributes:
        recipe: every field of the recipe, as JSON has it.
        seed: of weights, order and augmentation.
        data: SHA-256 by name, of what is trained on.
        extra: the folder of the user's own digits, where there are any.
        code: digest of the code that trains.
        sources: of the user's own data, which was trained on instead of MNIST or beside it.
        names: of the labels, as the user gave them.
        teacher: the foreign model that it learns from, where there is one.
    """

    recipe: Mapping[str, Any]
    seed: int
    data: Mapping[str, str]
    extra: str | None
    code: str
    sources: Sequence[str] = ()
    names: Sequence[str] | None = None
    teacher: str | None = None

    @classmethod
    def of(
        cls,
        recipe: Recipe,
        seed: int,
        data: Mapping[str, str],
        own: OwnDigits | None = None,
        sources: Sequence[str] = (),
        names: Sequence[str] | None = None,
        teacher: str | None = None,
    ) -> Run:
        """Return the run of a recipe on a dataset's files and a user's own digits, as the code is now."""
        hashes = {**data, "own digits": own.digest} if own else dict(data)
        extra = str(own.folder.resolve()) if own else None
        names = None if names is None else list(names)
        record = json.loads(json.dumps(asdict(recipe)))
        return cls(record, seed, hashes, extra, _code_digest(), list(sources), names, teacher)

    def __str__(self) -> str:
        return f"recipe {self.recipe['name']}, epochs {self.recipe['epochs']}, seed {self.seed}"


def _code_digest() -> str:
    """Return a digest of all code that has a part in training."""
    digest = hashlib.sha256()
    runtime = Path(glyphs.__file__).parent
    # some glyphs are cut by the stages of reading, and tiles are made of the ink that the finder sees
    made_with = [path for folder in ("stages", "finding") for path in (runtime / folder).rglob("*.py")]
    for path in sorted([*Path(edgedigits_train.__file__).parent.rglob("*.py"), Path(glyphs.__file__), *made_with]):
        digest.update(path.read_bytes())
    return digest.hexdigest()


class Stage:
    """One fit of a training: where it begins, where its state goes, and when it pauses. This one keeps nothing."""

    def load(self) -> State:
        """Return the state to go on from; where nothing was kept, the beginning.

        Raises:
            InputError: what was kept is damaged.
        """
        return State()

    def save(self, state: State) -> None:
        """Keep a state instead of the last one."""

    def keep_best(self, model: Any) -> Path | None:
        """Keep the best model of a fit that cannot go on, and return where."""
        return None

    def uninterrupted(self) -> AbstractContextManager[None]:
        """Let an interruption wait until `interrupted` is asked, for the length of a `with` block."""
        return nullcontext()

    @property
    def interrupted(self) -> bool:
        """Whether the fit is to stop, once its state is saved."""
        return False

    @property
    def due(self) -> bool:
        """Whether the fit is to pause at the end of this step and save its state."""
        return False


class Checkpoints:
    """The checkpoints of one training: a folder in its own, with a folder for each of its stages.

    Args:
        out: the training's folder.
        interruption: what may stop it.

    Example:
        >>> with Interruption() as interruption:
        ...     Checkpoints(Path("build/new"), interruption).folder.name
        '.checkpoint'
    """

    def __init__(self, out: Path, interruption: Interruption) -> None:
        self.folder = out / FOLDER
        self.interruption = interruption
        self._before = (0.0, 0.0)
        self._start = (time.perf_counter(), time.process_time())

    @property
    def run(self) -> Run | None:
        """The training that can go on; None where there is none."""
        if not any(self.folder.glob(f"*/{_STATE}")):
            return None
        try:
            return Run(**json.loads((self.folder / _RUN).read_text(encoding="utf-8")))
        except (OSError, ValueError, TypeError, RecursionError):
            return None

    def begin(self, run: Run) -> None:
        """Forget what was kept, and keep what belongs to this training from now on."""
        self.remove()
        write_whole(self.folder / _RUN, json.dumps(asdict(run), indent=2).encode())

    def go_on(self, run: Run) -> None:
        """Make sure that what was kept belongs to this training.

        Raises:
            InputError: it does not.
        """
        kept = self.run
        if kept is None:
            raise InputError(f"There is no interrupted training in {self.folder}.")
        if other := sorted({name for name, _ in kept.data.items() ^ run.data.items()}):
            raise InputError(
                f"The interrupted training in {self.folder} ({kept}) learns from other data than is here now"
                f" ({', '.join(other)}): put that back, or start anew with --restart."
            )
        for name in ("recipe", "seed"):
            if getattr(kept, name) != getattr(run, name):
                raise InputError(
                    f"The interrupted training in {self.folder} ({kept}) has another {name} than this one ({run}):"
                    f" go on with the same {name}, or start anew with --restart."
                )
        if kept.code != run.code:
            logger.warning(
                "The code has changed since this training was interrupted: the result may differ from an"
                " uninterrupted one."
            )

    def stage(self, name: str) -> Stage:
        """Return the stage of this name; each fit of a training has its own."""
        return _KeptStage(self, self.folder / name)

    @property
    def spent(self) -> tuple[float, float]:
        """Seconds and CPU seconds of the training so far, those before an interruption included."""
        return (
            self._before[0] + time.perf_counter() - self._start[0],
            self._before[1] + time.process_time() - self._start[1],
        )

    def count_spent(self, before: Sequence[float]) -> None:
        """Count what a stage had spent when it was saved."""
        self._before = max(self._before, (before[0], before[1]))

    def remove(self) -> None:
        """Forget everything."""
        shutil.rmtree(self.folder, ignore_errors=True)


class _KeptStage(Stage):
    def __init__(self, checkpoints: Checkpoints, folder: Path) -> None:
        self._checkpoints, self._folder = checkpoints, folder
        self._saved = time.monotonic()

    def load(self) -> State:
        path = self._folder / _STATE
        if not path.exists():
            return State()
        try:
            with np.load(path) as file:
                facts = json.loads(file["facts"].tobytes())
                groups: dict[str, list[npt.NDArray[Any]]] = {name: [] for name in facts.pop("groups")}
                for name in file.files:
                    if "/" in name:
                        groups[name.split("/")[0]].append(file[name])
            self._checkpoints.count_spent(facts.pop("spent"))
            return State(**facts, arrays=groups)
        except (OSError, ValueError, KeyError, TypeError, EOFError, RecursionError, BadZipFile) as error:
            raise InputError(f"{path} is damaged ({error}): start the training anew with --restart.") from error

    def save(self, state: State) -> None:
        facts = {
            "epoch": state.epoch,
            "step": state.step,
            "history": state.history,
            "best": state.best,
            "groups": list(state.arrays),
            "spent": self._checkpoints.spent,
        }
        named: dict[str, Any] = {
            f"{name}/{i:04}": array for name, group in state.arrays.items() for i, array in enumerate(group)
        }
        content = io.BytesIO()
        np.savez(content, facts=np.frombuffer(json.dumps(facts).encode(), np.uint8), **named)
        write_whole(self._folder / _STATE, content.getvalue())
        self._saved = time.monotonic()

    def keep_best(self, model: Any) -> Path | None:
        path = self._folder / "best.keras"
        path.parent.mkdir(parents=True, exist_ok=True)
        model.save(path)
        return path

    def uninterrupted(self) -> AbstractContextManager[None]:
        return self._checkpoints.interruption.deferred()

    @property
    def interrupted(self) -> bool:
        return self._checkpoints.interruption.number is not None

    @property
    def due(self) -> bool:
        return self.interrupted or time.monotonic() - self._saved > SAVED_EVERY


def write_whole(path: Path, content: bytes) -> None:
    """Write a file wholly or not at all: whatever happens, the old content or the new is there.

    Raises:
        CheckpointError: the disk is full, or the folder cannot be written to.
    """
    part = path.with_suffix(".part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with part.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
    except OSError as error:
        part.unlink(missing_ok=True)
        raise CheckpointError(f"Cannot save the state of the training in {path.parent} ({error.strerror})") from error
