"""Training the page network: from nothing to the files that `edgedigits export` takes."""

from __future__ import annotations

import hashlib
import json
import platform
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from importlib import import_module
from pathlib import Path

import numpy as np
import numpy.typing as npt
from tqdm import tqdm

from edgedigits.errors import InputError
from edgedigits.finding.page import LABELS
from edgedigits_train.backend import keras
from edgedigits_train.captured.pages import RealDigits
from edgedigits_train.data.datasets import Dataset, load_dataset
from edgedigits_train.data.nondigit_files import Half, hash_nondigits, load_nondigits
from edgedigits_train.page_network.learning import fit_page
from edgedigits_train.page_network.network import build_page_network
from edgedigits_train.page_network.recipe import PageRecipe
from edgedigits_train.page_network.sampling import Tiles, sample_tiles
from edgedigits_train.page_network.truth import IGNORED, WORD, answer
from edgedigits_train.results import publish, staging

MODEL, METRICS = "page.keras", "metrics.json"
CALIBRATION, EVALUATION = "calibration.npz", "evaluation.npz"
_RENDERED, _WORK = "rendered.npz", ".page-training"
_PAGES_OF = {"learning": 0, "evaluation": 40_000_000}
"""First seeds of the pages of each part: so far apart that no page is in two."""
_SEEDS_APART = 1_000_000
_CALIBRATION_TILES, _EVALUATION_PAGES = 160, 40
_AT_ONCE = 32


@dataclass(frozen=True)
class PageMetrics:
    """The record of a training; its fields are those of metrics.json.

    Attributes:
        recipe: all that was chosen.
        seed: of weights, pages and order.
        data: SHA-256 of the files of the digits that were written on pages, by name.
        base: SHA-256 of the network that the training began with; None where it began with none.
        parameters: number of the network's parameters.
        precision, recall: of the digits on tiles of pages that were not learnt from, cell by cell, 0 to 1.
        seconds: wall time.
        versions: of Python and the libraries.
        files: SHA-256 of what was written, by name.
        kind: "page".
        schema: version of this record.
    """

    recipe: PageRecipe
    seed: int
    data: Mapping[str, str]
    base: str | None
    parameters: int
    precision: float
    recall: float
    seconds: float
    versions: Mapping[str, str]
    files: Mapping[str, str]
    kind: str = "page"
    schema: int = 1


def train_page(
    recipe: PageRecipe, out: Path, *, seed: int = 0, base: Path | None = None, progress: bool = False
) -> PageMetrics:
    """Train the page network and leave it, its metrics and the arrays that `edgedigits export` takes in a folder.

    An interrupted training goes on where it was when it is called again with the same arguments.

    Args:
        recipe: what is trained, and how.
        out: the folder.
        seed: of weights, pages and order.
        base: a page.keras of the same recipe's shape to begin with.
        progress: show bars on stderr.

    Raises:
        InputError: `out` cannot be written, or `base` is no page network of this shape.
    """
    begun = time.monotonic()
    dataset = load_dataset(progress=progress)
    work = out / _WORK
    with staging(out) as folder:
        work.mkdir(exist_ok=True)
        data = {**dataset.hashes, **hash_nondigits()}
        key = hashlib.sha256(json.dumps([asdict(recipe), seed, data]).encode()).hexdigest()[:16]
        digits = RealDigits(dataset.training.glyphs, dataset.training.labels, foreign_characters("training"))
        tiles = _remembered(work / f"{key}-{_RENDERED}", recipe, seed, digits, progress)
        keras.utils.set_random_seed(seed)
        model = build_page_network(recipe)
        if base:
            _take_weights(model, base)
        backup = keras.callbacks.BackupAndRestore(str(work / key))
        fitted = fit_page(model, recipe, tiles, seed=seed, progress=progress, callbacks=[backup])
        metrics = _results(folder, fitted.model, recipe, dataset, tiles, seed, base, begun, progress)
        publish(folder, out)
    _remove(work)
    return metrics


def _results(
    folder: Path,
    model: keras.Model,
    recipe: PageRecipe,
    dataset: Dataset,
    tiles: Tiles,
    seed: int,
    base: Path | None,
    begun: float,
    progress: bool,
) -> PageMetrics:
    """Score a fitted network, and write all files into a folder."""
    held_out = RealDigits(dataset.held_out.glyphs, dataset.held_out.labels, foreign_characters("held_out"))
    unseen = sample_tiles(_PAGES_OF["evaluation"] + seed * _SEEDS_APART, _EVALUATION_PAGES, held_out, recipe.written)
    names = np.array([answer(unseen.signs_of(i))[0] for i in range(len(unseen))])

    def answer_tiles(pictures: npt.NDArray[np.uint8]) -> npt.NDArray[np.float32]:
        batches = [pictures[i : i + _AT_ONCE] for i in range(0, len(pictures), _AT_ONCE)]
        return np.concatenate([np.asarray(model.predict_on_batch(batch), np.float32) for batch in batches])

    precision, recall = score_names(answer_tiles(unseen.pictures[..., np.newaxis]), names)
    model.save(folder / MODEL)
    chosen = np.random.default_rng(seed).choice(len(tiles), min(_CALIBRATION_TILES, len(tiles)), replace=False)
    np.savez_compressed(folder / CALIBRATION, tiles=tiles.pictures[np.sort(chosen)][..., np.newaxis])
    np.savez_compressed(folder / EVALUATION, tiles=unseen.pictures[..., np.newaxis], names=names)
    metrics = PageMetrics(
        recipe=recipe,
        seed=seed,
        data={**dataset.hashes, **hash_nondigits()},
        base=hashlib.sha256(base.read_bytes()).hexdigest() if base else None,
        parameters=model.count_params(),
        precision=precision,
        recall=recall,
        seconds=time.monotonic() - begun,
        versions={"python": platform.python_version()}
        | {name: str(import_module(name).__version__) for name in ("keras", "numpy", "cv2")},
        files={
            name: hashlib.sha256((folder / name).read_bytes()).hexdigest() for name in (MODEL, CALIBRATION, EVALUATION)
        },
    )
    (folder / METRICS).write_text(json.dumps(asdict(metrics), indent=2) + "\n", encoding="utf-8")
    return metrics


def foreign_characters(half: Half) -> list[npt.NDArray[np.uint8]]:
    """Return characters of foreign alphabets that cannot be read as digits."""
    return [drawings for kind, drawings in sorted(load_nondigits(half).items()) if kind.startswith("Omniglot")]


def score_names(maps: npt.NDArray[np.float32], names: npt.NDArray[np.int16]) -> tuple[float, float]:
    """Return precision and recall of the digits, cell by cell.

    Args:
        maps: float32 (N, rows, columns, outputs), what a network answers.
        names: int16 (N, rows, columns), what is there, as `truth.answer` says it.

    Example:
        >>> score_names(np.eye(27, dtype=np.float32)[[[[8, 0]]]], np.array([[[8, 0]]], np.int16))
        (1.0, 1.0)
    """
    told = maps[..., : len(LABELS)].argmax(axis=-1)
    counted = names != IGNORED
    digit, is_digit = (told >= 1) & (told <= 10) & counted, (names >= 1) & (names <= 10) & (names != WORD)
    right = int((digit & (told == names)).sum())
    return right / max(int(digit.sum()), 1), right / max(int(is_digit.sum()), 1)


def _remembered(path: Path, recipe: PageRecipe, seed: int, digits: RealDigits, progress: bool) -> Tiles:
    """Return the tiles that are learnt from: those that an interrupted training rendered, or new ones."""
    if path.exists():
        with np.load(path) as arrays:
            return Tiles(arrays["pictures"], arrays["signs"], arrays["first"])
    with tqdm(total=recipe.pages, desc="rendering pages", disable=not progress) as bar:
        first = _PAGES_OF["learning"] + seed * _SEEDS_APART
        tiles = sample_tiles(first, recipe.pages, digits, recipe.written, bar.update)
    with _whole(path) as beside:
        np.savez(beside, pictures=tiles.pictures, signs=tiles.signs, first=tiles.first)
    return tiles


@contextmanager
def _whole(path: Path) -> Iterator[Path]:
    """Give the path of a file beside another that takes its place when it is complete."""
    beside = path.with_name(f".{path.name}")
    yield beside
    beside.replace(path)


def _take_weights(model: keras.Model, base: Path) -> None:
    try:
        model.set_weights(keras.saving.load_model(base, compile=False).get_weights())
    except (OSError, ValueError, TypeError) as error:
        reason = str(error).strip().splitlines()[0]
        raise InputError(f"{base} is no page network of this recipe's shape ({reason}); leave it out.") from error


def _remove(work: Path) -> None:
    import shutil

    shutil.rmtree(work, ignore_errors=True)
