"""All that a model is fitted to: the dataset's digits, digits as photos show them, synthetic ones, and no digits."""

from __future__ import annotations

import multiprocessing
import os
import signal
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial

import numpy as np
from tqdm import tqdm

from edgedigits_train.captured import capture_digits, capture_outliers, soil_digits
from edgedigits_train.captured.outliers import Material
from edgedigits_train.datasets import LabelledGlyphs, join
from edgedigits_train.handwriting import render_glyphs
from edgedigits_train.nondigit_files import load_nondigits
from edgedigits_train.recipes import Additions

NONE = 10
"""The label of what is no digit."""


def assemble(digits: LabelledGlyphs, additions: Additions, *, seed: int = 0, progress: bool = False) -> LabelledGlyphs:
    """Return the digits and all additions, labels 0 to 9 and `NONE`, in no order.

    The additions are made by as many processes as there are cores; they depend on the seed alone.

    Args:
        digits: the dataset's training part.
        additions: how many of each.
        seed: of the additions.
        progress: show a bar on stderr.

    Example:
        >>> set(assemble(digits, Additions(outliers=100)).labels.tolist()) == set(range(11))
        True
    """
    tasks = list(_tasks(additions))
    if not tasks:
        return digits
    material = Material(digits.glyphs, digits.labels, load_nondigits("training"))
    # forked from a process with TensorFlow's threads a worker may hang
    context = multiprocessing.get_context("spawn")
    with (
        ProcessPoolExecutor(min(len(tasks), count_workers()), context, initializer=_keep, initargs=(material,)) as pool,
        tqdm(total=sum(task.count for task in tasks), desc="making glyphs", disable=not progress) as bar,
    ):
        parts = [digits]
        for part in pool.map(partial(_make, seed=seed), tasks):
            parts.append(part)
            bar.update(len(part))
    return join(parts)


def count_workers() -> int:
    """Return how many cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


@dataclass(frozen=True)
class _Task:
    kind: str
    number: int
    count: int


_AT_ONCE = 500


def _tasks(additions: Additions) -> Iterator[_Task]:
    for kind, count in (
        ("captured", additions.captured),
        ("soiled", additions.soiled),
        ("written", additions.written),
        ("outliers", additions.outliers),
    ):
        for number, start in enumerate(range(0, count, _AT_ONCE)):
            yield _Task(kind, number, min(_AT_ONCE, count - start))


_kept: list[Material] = []
"""In a worker: what it makes its glyphs from, which is sent once, not with every task."""


def _keep(material: Material) -> None:
    import cv2

    # Ctrl-C reaches the whole process group; it is for the main process, which ends the workers
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    cv2.setNumThreads(1)
    _kept.append(material)


def _make(task: _Task, seed: int) -> LabelledGlyphs:
    (material,) = _kept
    rng = np.random.default_rng((seed, *task.kind.encode(), task.number))
    if task.kind == "outliers":
        return LabelledGlyphs(capture_outliers(material, task.count, rng), np.full(task.count, NONE, np.uint8))
    if task.kind == "written":
        glyphs, labels = render_glyphs(task.count, int(rng.integers(1 << 31)))
    else:
        chosen = rng.choice(len(material.labels), task.count, replace=False)
        glyphs, labels = material.glyphs[chosen], material.labels[chosen]
    if task.kind == "soiled":
        return LabelledGlyphs(soil_digits(glyphs, rng), labels)
    return LabelledGlyphs(capture_digits(glyphs, labels, rng), labels)
