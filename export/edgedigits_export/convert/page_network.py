"""The page network's part of a bundle: converted to the formats that pages are read with, tried and judged."""

from __future__ import annotations

import hashlib
import json
import shutil
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from edgedigits.bundle import MANIFEST, Bundle
from edgedigits.errors import InputError
from edgedigits.finding.page import LABELS
from edgedigits.finding.tiles import TILE
from edgedigits_export.cache import open_cache
from edgedigits_export.check.evidence import InstalledEngine, find_engines
from edgedigits_export.convert.formats import FORMATS, Format
from edgedigits_export.convert.formats.onnx_int8 import convert_quantized
from edgedigits_export.errors import ExportError, TrialError
from edgedigits_export.publish.staging import SUMS, staged, write_sums
from edgedigits_export.silence import silenced
from edgedigits_export.source import LabelledGlyphs, TrainedModel

MODEL, CALIBRATION, EVALUATION, METRICS = "page.keras", "calibration.npz", "evaluation.npz", "metrics.json"
_IGNORED, _WORD = -1, 100
"""Codes of cells in the evaluation that do not count, and of those that may be nothing or other writing."""
_NOTHING = 0

_OPERATORS = ["Conv", "Relu", "Add", "Resize", "Concat"]
"""What is quantized: between all of these, values stay in eight bits."""

_FORMATS: tuple[Format, ...] = (
    replace(
        FORMATS["onnx-int8"],
        file_name="page-int8.onnx",
        convert=lambda trained: convert_quantized(trained, _OPERATORS),
        with_float_layers=None,
    ),
    replace(FORMATS["tflite-int8"], file_name="page-int8.tflite", with_float_layers=None),
)
"""The formats of the page network. OpenCV's DNN has no operator that repeats pixels: there, strokes alone are read."""


@dataclass(frozen=True)
class MapTolerance:
    """How far a file's maps may lie from the Keras model's.

    Attributes:
        agreement: the least share of cells that are named as Keras names them, of those with something on them of
            which Keras is sure, 0 to 1.
        accuracy_drop: the most that may be lost of those that Keras names right, 0 to 1.
        batches: the largest difference of a logit between sizes of batches.
    """

    agreement: float
    accuracy_drop: float
    batches: float


_TOLERANCE = MapTolerance(agreement=0.99, accuracy_drop=0.01, batches=0.01)
_SURE = 1.0
"""Difference of Keras' two best logits from which it is sure of a cell's name; where it is not, either will do."""


@dataclass(frozen=True, eq=False)
class TrainedPage(TrainedModel):
    """A folder that the recipe `page` of `edgedigits train` wrote. `load` makes one.

    Its `calibration` and `evaluation` hold tiles.

    Attributes:
        names: int16 (N, rows, columns), what each cell of the evaluation's tiles is.
    """

    names: npt.NDArray[np.int16] = field(default_factory=lambda: np.zeros((0, 1, 1), np.int16))

    @classmethod
    def load(cls, folder: Path) -> TrainedPage:
        """Read the folder's metrics and arrays.

        Raises:
            InputError: a file is missing or damaged.
        """
        try:
            metrics = json.loads((folder / METRICS).read_text(encoding="utf-8"))
            with np.load(folder / CALIBRATION) as arrays:
                calibration = arrays["tiles"]
            with np.load(folder / EVALUATION) as arrays:
                tiles, names = arrays["tiles"], arrays["names"]
            is_page = metrics["kind"] == "page"
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise InputError(
                f"{folder} holds no trained page network ({error}); run `edgedigits train --recipe page` first."
            ) from error
        if not is_page:
            raise InputError(f"{folder} holds another training than of a page network; leave --page out.")
        return cls(
            folder=folder,
            metrics=metrics,
            calibration=LabelledGlyphs(calibration, np.zeros(len(calibration), np.uint8)),
            evaluation=LabelledGlyphs(tiles, np.zeros(len(tiles), np.uint8)),
            names=names,
            cache=open_cache(folder, (folder / METRICS).read_bytes()),
        )

    @cached_property
    def keras_model(self) -> Any:
        """The Keras model: tiles, uint8 (N, 128, 128, 1), to maps, float32 (N, 32, 32, labels + 4)."""
        import keras

        path = self.folder / MODEL
        try:
            model = keras.saving.load_model(path, compile=False)
        except (OSError, ValueError, TypeError, KeyError) as error:
            reason = str(error).strip().splitlines()[0]
            raise InputError(f"{path} cannot be loaded ({reason}); run `edgedigits train` again.") from error
        if model.input_shape != (None, TILE, TILE, 1) or model.output_shape[-1] != len(LABELS) + 4:
            raise InputError(f"{path} is no page network of this version; run `edgedigits train` again.")
        return model


def add_page(
    folder: Path,
    source: Path,
    installed_engines: Sequence[InstalledEngine],
    progress: Callable[[str], None] = lambda _: None,
) -> dict[str, Any]:
    """Put a page network's files into a bundle's folder, and return what the manifest says of it.

    Args:
        folder: of the bundle.
        source: the folder that the training left.
        installed_engines: the engines that the files are tried in.
        progress: is told what is being done.

    Returns:
        The manifest's section `page`.

    Raises:
        InputError: the source holds no page network.
        ExportError: a file does not answer as the Keras model does.
    """
    trained = TrainedPage.load(source)
    progress("scoring the page network")
    tiles, names = trained.evaluation.glyphs, trained.names
    with silenced():
        reference = np.asarray(trained.keras_model.predict(tiles, batch_size=32, verbose=0), np.float32)
    files = [_make_file(folder, format, trained, reference, installed_engines, progress) for format in _FORMATS]
    metrics = trained.metrics
    return {
        "input": {"name": "glyphs", "dtype": "uint8", "side": TILE, "paper": 0, "ink": 255},
        "output": {"name": "logits", "dtype": "float32", "shape": [None, *reference.shape[1:]]},
        "labels": list(LABELS),
        "reference": {
            "accuracy": _named_right(reference, names),
            "tiles": len(tiles),
            "parameters": metrics["parameters"],
        },
        "provenance": {key: metrics[key] for key in ("recipe", "seed", "data", "versions")},
        "files": files,
    }


def replace_page(
    bundle: Path, source: Path, interpreters: Sequence[Path] = (), progress: Callable[[str], None] = lambda _: None
) -> Bundle:
    """Put a page network into a bundle that is there already, in place of the one that it may have.

    Args:
        bundle: the bundle's folder.
        source: the folder that the training left.
        interpreters: Python interpreters of other environments with edgedigits, whose engines are to be tried too.
        progress: is told what is being done.

    Raises:
        BundleError, InputError: there is no such bundle, or no page network in the source.
        ExportError: a file does not answer as the Keras model does; the bundle stays as it was.
    """
    before = Bundle.load(bundle)
    before.verify()
    installed_engines = find_engines([Path(sys.executable), *interpreters])
    with staged(bundle) as folder:
        gone = {file.path.name for file in before.page.files} if before.page else set()
        for path in bundle.iterdir():
            if path.is_file() and path.name not in {*gone, SUMS}:
                shutil.copy2(path, folder / path.name)
        manifest = {**before.manifest, "page": add_page(folder, source, installed_engines, progress)}
        (folder / MANIFEST).write_text(json.dumps(manifest, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
        write_sums(folder)
    return Bundle.load(bundle)


def _make_file(
    folder: Path,
    format: Format,
    trained: TrainedPage,
    reference: npt.NDArray[np.float32],
    installed_engines: Sequence[InstalledEngine],
    progress: Callable[[str], None],
) -> dict[str, Any]:
    progress(f"converting the page network to {format.name}")
    with silenced():
        content = trained.cache.remember(format.file_name, lambda: format.convert(trained))
    facts = format.read_facts(content)
    path = folder / format.file_name
    path.write_bytes(content)
    tiles, names = trained.evaluation.glyphs, trained.names
    engines: dict[str, str] = {}
    causes = []
    agreement = accuracy = 1.0
    for installed in installed_engines:
        if installed.name not in format.engines:
            continue
        progress(f"trying {format.file_name} in {installed.name} {installed.version}")
        try:
            answers = installed.collect(path, tiles)
            faults, own_agreement, own_accuracy = judge_maps(
                answers.logits, answers.batched, reference, names, _TOLERANCE
            )
        except TrialError as error:
            faults, own_agreement, own_accuracy = [str(error)], 0.0, 0.0
        if faults:
            causes.append(f"in {installed.name} {installed.version} {' and '.join(faults)}")
        else:
            engines.setdefault(installed.name, installed.version)
            agreement, accuracy = min(agreement, own_agreement), min(accuracy, own_accuracy)
    failed = {cause.split()[1] for cause in causes}
    engines = {engine: version for engine, version in engines.items() if engine not in failed}
    if not engines:
        raise ExportError(f"{format.file_name} failed: {'; '.join(causes) or 'none of its engines is installed'}.")
    return {
        "name": format.file_name,
        "format": format.name,
        "precision": format.precision,
        "sha256": hashlib.sha256(content).hexdigest(),
        "bytes": len(content),
        "opset": facts.opset,
        "ir": facts.ir,
        "accuracy": accuracy,
        "agreement": agreement,
        "engines": engines,
        "minimum": {engine: facts.minimum.get(engine, version) for engine, version in engines.items()},
        "refused": causes,
    }


def judge_maps(
    maps: npt.NDArray[np.float32],
    batched: npt.NDArray[np.float32],
    reference: npt.NDArray[np.float32],
    names: npt.NDArray[np.int16],
    tolerance: MapTolerance,
) -> tuple[list[str], float, float]:
    """Compare a file's maps with the Keras model's.

    Args:
        maps: float32 (N, rows, columns, outputs).
        batched: float32 (sizes, M, rows, columns, outputs), of the first M tiles in batches of several sizes.
        reference: as `maps`, of the Keras model.
        names: int16 (N, rows, columns), what is there.
        tolerance: how far they may lie apart.

    Returns:
        What is held against the file; agreement and accuracy, 0 to 1.

    Raises:
        TrialError: they cannot be compared at all.
    """
    if maps.shape != reference.shape or not np.isfinite(maps).all():
        raise TrialError(f"it answers with shape {maps.shape} or no finite values, Keras with {reference.shape}")
    told, theirs = (answers[..., : len(LABELS)].argmax(axis=-1) for answers in (maps, reference))
    best = np.sort(reference[..., : len(LABELS)], axis=-1)[..., -2:]
    telling = ((told != _NOTHING) | (theirs != _NOTHING)) & (best[..., 1] - best[..., 0] >= _SURE)
    agreement = float((told == theirs)[telling].mean()) if telling.any() else 1.0
    accuracy = _named_right(maps, names)
    lost = _named_right(reference, names) - accuracy
    apart = float(np.abs(batched - maps[: batched.shape[1]]).max(initial=0.0))
    faults = []
    if agreement < tolerance.agreement:
        faults.append(f"it names {agreement:.2%} of the cells as Keras does (at least {tolerance.agreement:.2%})")
    if lost > tolerance.accuracy_drop:
        faults.append(
            f"it names {100 * lost:.2f} points fewer right than Keras (at most {tolerance.accuracy_drop:.2%})"
        )
    if not apart <= tolerance.batches:
        faults.append(f"an answer differs by {apart:.2g} between sizes of batches")
    return faults, agreement, accuracy


def _named_right(maps: npt.NDArray[np.float32], names: npt.NDArray[np.int16]) -> float:
    """Return the share of the cells with a sign on them, or named as one, that are named right."""
    told = maps[..., : len(LABELS)].argmax(axis=-1)
    there = (names > 0) & (names != _WORD)
    counted = there | ((told != _NOTHING) & (names == 0))
    return float((told == names)[counted].mean()) if counted.any() else 1.0


__all__ = ["MapTolerance", "TrainedPage", "add_page", "judge_maps", "replace_page"]
