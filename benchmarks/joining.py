"""What counts when strokes and page network are weighed: `python -m benchmarks.joining [--pages N] [--bundle FOLDER]`.

Fits the weights of `edgedigits.finding.joining` to rendered pages of all kinds and of kinds full of words, with hands
and letters that the page network had not learnt from. Prints them, as a logistic regression gives them, and how many
mistakes on other pages those of the runtime and the fitted ones make.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path

import click
import cv2
import numpy as np
import numpy.typing as npt

from benchmarks.reading_check.outcomes import is_same_place, logistic_regression
from edgedigits import Reader
from edgedigits.bundle import Bundle
from edgedigits.errors import BundleError
from edgedigits.finding.finder import PageFinder
from edgedigits.finding.joining import tell, weigh
from edgedigits.processes import usable_cores
from edgedigits_train.captured.pages import RealDigits
from edgedigits_train.data.datasets import load_dataset
from edgedigits_train.handwriting import render_scene
from edgedigits_train.page_network.sampling import sample_scene
from edgedigits_train.page_network.training import foreign_characters

FULL_OF_WORDS = ("words", "letters", "notes", "line ends")
WORDY = 4
"""Of so many pages one is full of words, beyond those that are so among pages of all kinds."""
LEARNT_FROM, SCORED = 60_000_000, 61_000_000
"""First seeds of the pages, apart from those of the network's training."""
WRITTEN = 0.45
"""Share of pages with the synthesizer's own digits."""
WEIGHTS = 6


@dataclass(frozen=True, eq=False)
class Candidates:
    """What the strokes found on a page, or on several.

    Attributes:
        told: float64 (N, 6), what is weighed.
        doubtful: bool (N,), whether the page made it doubtful.
        there: bool (N,), whether it is a digit.
        mistakes: letters that the runtime reads as digits, and digits that it does not read, of those that are weighed.
    """

    told: npt.NDArray[np.float64]
    doubtful: npt.NDArray[np.bool_]
    there: npt.NDArray[np.bool_]
    mistakes: npt.NDArray[np.intp]

    @classmethod
    def joined(cls, pages: Sequence[Candidates]) -> Candidates:
        """Gather those of several pages."""
        return cls(
            np.concatenate([page.told for page in pages]),
            np.concatenate([page.doubtful for page in pages]),
            np.concatenate([page.there for page in pages]),
            np.sum([page.mistakes for page in pages], axis=0),
        )


@cache
def finder(bundle: Path | None) -> PageFinder:
    cv2.setNumThreads(1)
    found = Reader(bundle)._finder
    assert isinstance(found, PageFinder), "no engine here runs the page network"
    return found


@cache
def hands() -> RealDigits:
    held_out = load_dataset().held_out
    return RealDigits(held_out.glyphs, held_out.labels, foreign_characters("held_out"))


def look(seed: int, bundle: Path | None) -> Candidates:
    """Return what the strokes find on a page."""
    rng = np.random.default_rng(seed)
    if rng.integers(WORDY) == 0:
        kind = FULL_OF_WORDS[int(rng.integers(len(FULL_OF_WORDS)))]
        scene = render_scene(seed, kind, None, (640, 480), hands() if rng.random() >= WRITTEN else None)
    else:
        scene = sample_scene(seed, hands(), WRITTEN)
    page, peaks = finder(bundle).look(np.asarray(cv2.cvtColor(scene.image, cv2.COLOR_BGR2GRAY), np.uint8))
    told, doubtful, there, weighed = [], [], [], []
    for one in (*page.digits, *page.doubtful):
        # what the border cuts off may be read or not
        if any(is_same_place(one.box, part.box) for part in scene.fragments):
            continue
        if (numbers := tell(one, peaks)) is not None:
            told.append(numbers)
            doubtful.append(one in page.doubtful)
            there.append(any(is_same_place(one.box, digit.box) for digit in scene.digits))
            weighed.append(one.box)
    kept = {one.box for one in weigh(page.digits, page.doubtful, peaks)[0]}
    read = np.array([box in kept for box in weighed], bool)
    is_digit = np.array(there, bool)
    return Candidates(
        np.array(told, float).reshape(-1, WEIGHTS),
        np.array(doubtful, bool),
        is_digit,
        np.array([(read & ~is_digit).sum(), (is_digit & ~read).sum()]),
    )


def look_at(first: int, pages: int, bundle: Path | None) -> Candidates:
    """Return what the strokes find on pages, on all cores."""
    with (
        ProcessPoolExecutor(usable_cores()) as pool,
        click.progressbar(length=pages, file=sys.stderr, hidden=not sys.stderr.isatty()) as bar,
    ):
        found = []
        for one in pool.map(partial(look, bundle=bundle), range(first, first + pages), chunksize=8):
            found.append(one)
            bar.update(1)
    return Candidates.joined(found)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pages", type=int, default=600, help="pages to fit to, and as many to score (default: 600)")
    parser.add_argument("--bundle", type=Path, help="a bundle folder; the bundled model where none is named")
    arguments = parser.parse_args()
    if arguments.pages < 1:
        parser.error("--pages: one at least")
    try:
        Bundle.load(arguments.bundle)
    except BundleError as error:
        parser.error(str(error))
    fitted = look_at(LEARNT_FROM, arguments.pages, arguments.bundle)
    others = look_at(SCORED, arguments.pages, arguments.bundle)
    for name, which in (("digits", ~fitted.doubtful), ("doubtful", fitted.doubtful)):
        weights = logistic_regression(fitted.told[which], fitted.there[which])
        unseen = others.doubtful == (name == "doubtful")
        taken, there = others.told[unseen] @ weights > 0, others.there[unseen]
        print(f"{name:<9}", ", ".join(f"{weight:.2f}" for weight in weights), end="  ")
        print(f"of {len(there)} unseen, {(taken & ~there).sum()} letters read, {(there & ~taken).sum()} digits missed")
    letters, digits = others.mistakes.tolist()
    print(f"the runtime, with its own weights: {letters} letters read, {digits} digits missed")


if __name__ == "__main__":
    main()
