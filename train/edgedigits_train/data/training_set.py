"""All that a model is fitted to: the dataset's digits, digits as photos show them, synthetic ones, and no digits."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import numpy.typing as npt
from tqdm import tqdm

from edgedigits.errors import EdgeDigitsError
from edgedigits.labelled.glyphs import LabelledGlyphs, join
from edgedigits.processes import usable_cores, work_in_order
from edgedigits_train.captured import (
    capture_digits,
    capture_outliers,
    capture_plainly,
    sever_digits,
    soil_digits,
)
from edgedigits_train.captured.outliers import Material
from edgedigits_train.data.nondigit_files import hash_nondigits, load_nondigits
from edgedigits_train.handwriting import render_characters, render_every_form, render_lookalikes
from edgedigits_train.recipes import Additions

NONE = 10
"""The label of what is no digit."""

_OWN_SHARE, _OWN_AT_MOST = 0.03, 100
"""Of the training glyphs, so many are the user's own, each repeated so often at most."""


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
        >>> from edgedigits_train.handwriting import render_glyphs
        >>> digits = LabelledGlyphs(*render_glyphs(100, seed=1))
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


def with_own(training: LabelledGlyphs, own: LabelledGlyphs) -> LabelledGlyphs:
    """Return the training glyphs and the user's own, so often that they count."""
    times = max(1, min(_OWN_AT_MOST, round(_OWN_SHARE * len(training) / len(own))))
    return join([training, *[own] * times])


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
    for kind in _MAKERS:
        count = getattr(additions, kind)
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
        return _MAKERS[task.kind](self.material, task.count, rng)


def _chosen(material: Material, count: int, rng: np.random.Generator) -> LabelledGlyphs:
    chosen = rng.choice(len(material.labels), count, replace=False)
    return LabelledGlyphs(material.glyphs[chosen], material.labels[chosen])


def _captured(material: Material, count: int, rng: np.random.Generator) -> LabelledGlyphs:
    digits = _chosen(material, count, rng)
    return LabelledGlyphs(capture_digits(digits.glyphs, digits.labels, rng), digits.labels)


def _soiled(material: Material, count: int, rng: np.random.Generator) -> LabelledGlyphs:
    digits = _chosen(material, count, rng)
    return LabelledGlyphs(soil_digits(digits.glyphs, rng), digits.labels)


def _severed(material: Material, count: int, rng: np.random.Generator) -> LabelledGlyphs:
    return LabelledGlyphs(*sever_digits(material.glyphs, material.labels, count, rng))


def _outliers(material: Material, count: int, rng: np.random.Generator) -> LabelledGlyphs:
    return _no_digits(capture_outliers(material, count, rng))


def _written(material: Material, count: int, rng: np.random.Generator) -> LabelledGlyphs:
    glyphs, labels = render_every_form(count, int(rng.integers(1 << 31)))
    return LabelledGlyphs(capture_digits(glyphs, labels, rng), labels)


def _lookalikes(material: Material, count: int, rng: np.random.Generator) -> LabelledGlyphs:
    glyphs, labels = render_lookalikes(count, int(rng.integers(1 << 31)))
    return LabelledGlyphs(capture_plainly(glyphs, rng), labels)


def _characters(material: Material, count: int, rng: np.random.Generator) -> LabelledGlyphs:
    return _no_digits(capture_plainly(render_characters(count, int(rng.integers(1 << 31))), rng))


def _no_digits(glyphs: npt.NDArray[np.uint8]) -> LabelledGlyphs:
    return LabelledGlyphs(glyphs, np.full(len(glyphs), NONE, np.uint8))


_MAKERS: Mapping[str, Callable[[Material, int, np.random.Generator], LabelledGlyphs]] = {
    "captured": _captured,
    "soiled": _soiled,
    "severed": _severed,
    "outliers": _outliers,
    "written": _written,
    "lookalikes": _lookalikes,
    "characters": _characters,
}
"""What makes each addition, by its name in `Additions`: those of doubtful labels first."""
