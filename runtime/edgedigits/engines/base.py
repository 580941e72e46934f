"""What an engine is: a name, a probe, and a way to open a model file."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt

from edgedigits.offers import advise


class Session(Protocol):
    """A model file that an engine has opened."""

    def __call__(self, glyphs: npt.NDArray[np.uint8]) -> npt.NDArray[np.float32]:
        """Run the model: uint8 (N, 28, 28, 1), N ≥ 1, to float32 logits (N, C)."""
        ...


@dataclass(frozen=True)
class Probe:
    """Whether an engine can be used here.

    Attributes:
        available: whether it can.
        detail: its version where it can, else the reason and what to do.
    """

    available: bool
    detail: str


@dataclass(frozen=True)
class Engine:
    """One inference engine.

    Attributes:
        name: how users and manifests call it.
        title: its name as its makers write it.
        suffix: the ending of the files that it runs, with the dot.
        package: the distribution that brings it.
        probe: tells whether it can be used here, without raising.
        load: opens a model file's content with a number of threads, for one caller at a time; what the engine itself
            raises passes through.
        shares: whether several threads may run what it loaded at the same time.
    """

    name: str
    title: str
    suffix: str
    package: str
    probe: Callable[[], Probe]
    load: Callable[[bytes, int], Session]
    shares: bool = False

    @property
    def install(self) -> str:
        """The command that installs it here, or why none does."""
        return advise(self.package)

    def open(self, content: bytes, threads: int) -> Session:
        """Open a model file's content; what the engine itself raises passes through."""
        return _SharedSession(self, content, threads)


class _SharedSession:
    """A model file that any thread may run, that can be pickled, and that a forked process opens anew.

    An engine's own threads and locks do not come along when a process forks.
    """

    def __init__(self, engine: Engine, content: bytes, threads: int) -> None:
        self._origin = (engine, content, threads)
        self._opened = self._open()
        self._inherited: list[object] = []

    def __call__(self, glyphs: npt.NDArray[np.uint8]) -> npt.NDArray[np.float32]:
        if self._opened[2] != os.getpid():
            # what came along is kept: other threads may have been at work with it, and ending it would crash
            self._inherited.append(self._opened)
            self._opened = self._open()
        session, turn, _ = self._opened
        if self._origin[0].shares:
            return session(glyphs)
        with turn:
            return session(glyphs)

    def __reduce__(self) -> tuple[type[_SharedSession], tuple[Engine, bytes, int]]:
        return _SharedSession, self._origin

    def _open(self) -> tuple[Session, threading.Lock, int]:
        engine, content, threads = self._origin
        return engine.load(content, threads), threading.Lock(), os.getpid()
