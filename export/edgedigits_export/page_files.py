"""The page network's part of a bundle: its files are made, tried and judged, and the manifest says what came of it."""

from __future__ import annotations

import hashlib
import json
import shutil
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from edgedigits.bundle import MANIFEST, Bundle
from edgedigits.errors import BundleError
from edgedigits.finding.page import LABELS
from edgedigits.finding.tiles import TILE
from edgedigits_export.check.evidence import InstalledEngine, find_engines
from edgedigits_export.check.page_maps import TOLERANCE, judge_maps, named_right
from edgedigits_export.convert.formats import Format
from edgedigits_export.convert.page_network import PAGE_FORMATS, TrainedPage
from edgedigits_export.errors import ExportError, TrialError
from edgedigits_export.publish.staging import SUMS, staged, write_sums
from edgedigits_export.silence import silenced


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
    files = [_make_file(folder, format, trained, reference, installed_engines, progress) for format in PAGE_FORMATS]
    metrics = trained.metrics
    return {
        "input": {"name": "glyphs", "dtype": "uint8", "side": TILE, "paper": 0, "ink": 255},
        "output": {"name": "logits", "dtype": "float32", "shape": [None, *reference.shape[1:]]},
        "labels": list(LABELS),
        "reference": {
            "accuracy": named_right(reference, names),
            "tiles": len(tiles),
            "parameters": metrics["parameters"],
        },
        "provenance": {key: metrics[key] for key in ("recipe", "seed", "data", "versions")},
        "files": files,
    }


def keep_page(folder: Path, replaced: Path, formats: Sequence[Format]) -> dict[str, Any] | None:
    """Put the page network of the bundle that is replaced into a bundle's folder, else that of the runtime.

    Its files passed when they were made; their content is verified against the manifest that they come with.

    Args:
        folder: of the bundle that is being made.
        replaced: the folder of the bundle that it will replace, if there is one.
        formats: those of the bundle; files that none of their engines runs stay out.

    Returns:
        The manifest's section `page`; None where no file is left.

    Raises:
        BundleError: the runtime's own is damaged.
    """
    engines = {engine for format in formats for engine in format.engines}
    try:
        found = Bundle.load(replaced)
        contents = _read_page(found, engines)
    except BundleError:  # none is there, it is damaged, or of another version
        contents = {}
    if not contents:
        found = Bundle.load()
        contents = _read_page(found, engines)
    for name, content in contents.items():
        (folder / name).write_bytes(content)
    section = found.manifest["page"]
    kept = [entry for entry in section["files"] if entry["name"] in contents]
    return {**section, "files": kept} if kept else None


def _read_page(bundle: Bundle, engines: set[str]) -> dict[str, bytes]:
    """Return the content of a bundle's page network by file name, verified; none where it has none for the engines."""
    files = bundle.page.files if bundle.page else ()
    return {file.path.name: file.read_verified() for file in files if not engines.isdisjoint(file.engines)}


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
                answers.logits, answers.batched, reference, names, TOLERANCE
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
