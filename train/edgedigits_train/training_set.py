"""All that a model is fitted to: the dataset's digits, digits as photos show them, synthetic ones, and no digits."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from tqdm import tqdm

from edgedigits.errors import EdgeDigitsError
from edgedigits.processes import usable_cores, work_in_order
from edgedigits_train.captured import (
    capture_digits,
    capture_outliers,
    capture_plainly,
    sever_digits,
    soil_digits,
)
from edgedigits_train.captured.outliers import Material
from edgedigits_train.datasets import LabelledGlyphs, join
from edgedigits_train.handwriting import render_every_form, render_lookalikes
from edgedigits_train.nondigit_files import hash_nondigits, load_nondigits
from edgedigits_train.recipes import Additions

NONE = 10
"""The label of what is no digit."""


def assemble(digits: LabelledGlyphs, additions: Additions, *, seed: int = 0, progress: bool = False) -> LabelledGlyphs:
    """Return the digits, and after them all additions, labels 0 to 9 and `NONE`, those of doubtful labels first.

    The additions are made by as many processes as there are cores; they depend on the seed alone.

    Args:
        digits: the dataset's training part.
        additions: how many of each.
        seed: of the additions.
        progress: show a bar on stderr.

    Raises:
        EdgeDigitsError: a process that made them died, or there is no room for temporary files.

    Example:
        >>> set(assemble(digits, Additions(outliers=100)).labels.tolist()) == set(range(11))
        True
    """
    tasks = list(_tasks(additions))
    if not tasks:
        return digits
    parts = [digits]
    with (
        _stored(Material(digits.glyphs, digits.labels, load_nondigits("training"))) as folder,
        closing(work_in_order(_Workshop(folder, seed), tasks, usable_cores())) as made,
        tqdm(total=sum(task.count for task in tasks), desc="making glyphs", disable=not progress) as bar,
    ):
        for _, part in made:
            if part is None:
                raise EdgeDigitsError(
                    "A process that made glyphs died, perhaps for want of memory: end other programs and train again."
                )
            parts.append(part)
            bar.update(len(part))
    return join(parts)


def hash_sources(additions: Additions) -> dict[str, str]:
    """Return the SHA-256, by name, of the files that additions are made from besides the dataset's digits."""
    return hash_nondigits() if additions.outliers else {}


@dataclass(frozen=True)
class _Task:
    kind: str
    number: int
    count: int


_AT_ONCE = 500

_GLYPHS, _LABELS, _DOODLES = "glyphs.npy", "labels.npy", "doodles.npz"


def _tasks(additions: Additions) -> Iterator[_Task]:
    for kind, count in (
        ("captured", additions.captured),
        ("soiled", additions.soiled),
        ("severed", additions.severed),
        ("outliers", additions.outliers),
        ("written", additions.written),
        ("lookalikes", additions.lookalikes),
    ):
        for number, start in enumerate(range(0, count, _AT_ONCE)):
            yield _Task(kind, number, min(_AT_ONCE, count - start))


@contextmanager
def _stored(material: Material) -> Iterator[Path]:
    """Give a folder with files of the material, which all processes share."""
    with TemporaryDirectory(prefix="edgedigits-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        try:
            np.save(folder / _GLYPHS, material.glyphs)
            np.save(folder / _LABELS, material.labels)
            np.savez(folder / _DOODLES, allow_pickle=False, **material.doodles)
        except OSError as error:
            raise EdgeDigitsError(
                f"Cannot write to {folder.parent} ({error.strerror}): make room, or name another folder with TMPDIR."
            ) from None
        yield folder


@dataclass(frozen=True)
class _Workshop:
    """Makes, in each process, the function that makes the glyphs of a task from stored material."""

    folder: Path
    seed: int

    def __call__(self) -> Callable[[_Task], LabelledGlyphs]:
        glyphs = np.asarray(np.load(self.folder / _GLYPHS, mmap_mode="r"))
        with np.load(self.folder / _DOODLES) as doodles:
            material = Material(glyphs, np.load(self.folder / _LABELS), dict(doodles))
        return _Maker(material, self.seed)


@dataclass(frozen=True)
class _Maker:
    material: Material
    seed: int

    def __call__(self, task: _Task) -> LabelledGlyphs:
        rng = np.random.default_rng((self.seed, *task.kind.encode(), task.number))
        match task.kind:
            case "captured":
                digits = self._chosen(task.count, rng)
                return LabelledGlyphs(capture_digits(digits.glyphs, digits.labels, rng), digits.labels)
            case "soiled":
                digits = self._chosen(task.count, rng)
                return LabelledGlyphs(soil_digits(digits.glyphs, rng), digits.labels)
            case "severed":
                return LabelledGlyphs(*sever_digits(self.material.glyphs, self.material.labels, task.count, rng))
            case "written":
                glyphs, labels = render_every_form(task.count, int(rng.integers(1 << 31)))
                return LabelledGlyphs(capture_digits(glyphs, labels, rng), labels)
            case "lookalikes":
                glyphs, labels = render_lookalikes(task.count, int(rng.integers(1 << 31)))
                return LabelledGlyphs(capture_plainly(glyphs, rng), labels)
            case _:
                outliers = capture_outliers(self.material, task.count, rng)
                return LabelledGlyphs(outliers, np.full(task.count, NONE, np.uint8))

    def _chosen(self, count: int, rng: np.random.Generator) -> LabelledGlyphs:
        chosen = rng.choice(len(self.material.labels), count, replace=False)
        return LabelledGlyphs(self.material.glyphs[chosen], self.material.labels[chosen])
