"""Export: converts, tries and publishes."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

from edgedigits.bundle import MANIFEST, Bundle, DigitScore
from edgedigits.errors import InputError
from edgedigits.manifest import parse_version
from edgedigits_export.cache import clear_cache, open_cache
from edgedigits_export.check.draws import try_draws
from edgedigits_export.check.evidence import InstalledEngine, find_engines
from edgedigits_export.check.gate import Reference, are_probabilities
from edgedigits_export.check.targets import Target
from edgedigits_export.check.trial import CheckedFile
from edgedigits_export.convert.formats import FORMATS, USUAL, Format
from edgedigits_export.convert.mixing import AUTO, Mixture, check_layers, keep_layers, keep_worst, next_to_keep
from edgedigits_export.convert.page_network import add_page
from edgedigits_export.errors import ExportError, TrialError
from edgedigits_export.making import FileMaker, Progress, read_exact_layers
from edgedigits_export.publish.html_report import find_changed_digits, make_html_report
from edgedigits_export.publish.layouts import Layout
from edgedigits_export.publish.manifest import make_manifest, model_facts
from edgedigits_export.publish.quarantine import Failure, clear_quarantine, fill_quarantine, quarantine_of
from edgedigits_export.publish.report import make_report
from edgedigits_export.publish.signing import check_key, sign_bundle
from edgedigits_export.publish.staging import check_destination, staged, write_sums
from edgedigits_export.silence import silenced
from edgedigits_export.source import CALIBRATION, EVALUATION, METRICS, TrainedModel

REPORT = "report.md"
PAGE = "report.html"


def export_bundle(
    source: Path | TrainedModel,
    out: Path,
    formats: Sequence[Format] = USUAL,
    interpreters: Sequence[Path] = (),
    layouts: Sequence[Layout] = (),
    allowed: Sequence[Format] = (),
    target: Target | None = None,
    compare_draws: bool = False,
    keep_float: Sequence[str] = (),
    force: bool = False,
    key: Path | None = None,
    version: str | None = None,
    notice: Progress = lambda _: None,
    page: Path | None = None,
    progress: Progress = lambda _: None,
) -> Bundle:
    """Export a trained model: convert it, score every file in every engine, and publish the bundle whole.

    Args:
        source: the folder that `edgedigits train` wrote, or a model that was read already (`foreign.adopt`).
        out: where the bundle shall lie; a bundle that is there already is replaced.
        formats: what to make, the preferred ones first.
        interpreters: Python interpreters of other environments with edgedigits, whose engines are to be tried too.
        layouts: in which other forms files are to be laid into the bundle.
        allowed: formats that are published even if the gate holds something against them, which the manifest records.
        target: the device that the bundle is for; what cannot run there is refused, as far as possible before
            anything is converted. None for any device.
        compare_draws: make the 8-bit formats twice more, from halves of the calibration images, to tell how much they
            hang on these; what is published stays the same.
        keep_float: names of layers that stay in float in the 8-bit formats which can mix; or "auto" alone, for the
            worst layers of each file that is not good without (`mixing.keep_worst`).
        force: convert and score everything anew, though nothing has changed since an earlier export.
        key: file of a private key (PEM) that the bundle is signed with; None to leave it unsigned.
        version: of the bundle, such as "1.4", by which devices refuse older ones; None for none.
        notice: is told what the user should know, such as that a kept result was damaged and is made anew.
        page: folder of a trained page network that joins the bundle; None to read pages with the runtime's own.
        progress: is told what is being done.

    Returns:
        The published bundle.

    Raises:
        InputError: `source`, `out` or `version` cannot be used, an interpreter does not run, a layout needs a
            format that is not made, a format or a layer of the model cannot run on the target, or a layer to be kept
            in float is not there, or the key cannot sign.
        ExportError: a format failed; the message has every one with its cause. What was at `out` is untouched, and
            the failed files are in quarantine beside it.

    Example:
        >>> export_bundle(Path("build/train"), Path("build/bundle")).files[0].format
        'onnx-int8'
    """
    check_destination(out)
    if version is not None and parse_version(version) is None:
        raise InputError(f"{version!r} is no version of a bundle; write numbers with dots between them, such as 1.4.")
    _check_layouts(layouts, formats)
    if target:
        target.check_formats(formats)
    if key:
        check_key(key)
    trained = source if isinstance(source, TrainedModel) else _load(source, force, notice)
    if target:
        target.check_layers({layer.kind for layer in trained.layers}, formats)
    installed_engines = find_engines([Path(sys.executable), *interpreters], trained.cache)
    progress("scoring the Keras model")
    reference = make_reference(trained)
    facts = model_facts(trained, reference)
    exact_layers = read_exact_layers(trained) if any(format.read_layers for format in formats) else None
    _check_kept(keep_float, formats, tuple(exact_layers or ()))
    with staged(out) as folder:
        maker = FileMaker(trained, facts, reference, installed_engines, exact_layers, target, folder, progress)
        files, failures = [], []
        for format in formats:
            try:
                mixture = _mixture(keep_float if format.with_float_layers else ())
                tried = mixture(partial(maker.make, format))
                tried.path.write_bytes(tried.content)  # what was tried last need not be what was chosen
                admitted = _admit(tried, format in allowed, trained, keep_float)
                if compare_draws and format.read_layers:
                    progress(f"calibrating {format.name} with other images")
                    admitted = _with_draws(admitted, trained, installed_engines, reference)
                files.append(admitted)
            except ExportError as error:
                path = folder / format.file_name
                failures.append(Failure(format, str(error), path if path.exists() else None))
        if failures:
            fill_quarantine(out, failures)
            raise ExportError(_describe(failures, out))
        manifest = make_manifest(facts, files, target, version)
        if page:
            manifest["page"] = add_page(folder, page, installed_engines, progress)
        (folder / MANIFEST).write_text(json.dumps(manifest, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
        (folder / REPORT).write_text(make_report(manifest), encoding="utf-8")
        sheet = make_html_report(manifest, find_changed_digits(files, trained.evaluation), trained.evaluation.glyphs)
        (folder / PAGE).write_text(sheet, encoding="utf-8")
        for layout in layouts:
            layout.write(folder, FORMATS[layout.format].file_name, manifest)
        write_sums(folder)
        if key:
            sign_bundle(folder, key)
    clear_quarantine(out)
    return Bundle.load(out)


def _load(source: Path, force: bool, notice: Progress) -> TrainedModel:
    trained = TrainedModel.load(source)
    if force:
        clear_cache(source)
    return replace(trained, cache=open_cache(source, (source / METRICS).read_bytes(), notice))


def make_reference(trained: TrainedModel) -> Reference:
    """Return what the Keras model answers on the evaluation images, which all files are compared with.

    Raises:
        InputError: it is not the model that the training's metrics describe, its answers are no logits, or images
            are of classes that it does not tell.
    """
    with silenced():
        logits = trained.reference_logits()
    labels = trained.evaluation.labels
    score = trained.metrics["digit_score"]
    reference = Reference(
        logits,
        labels,
        float(trained.metrics["temperature"]),
        DigitScore(str(score["method"]), float(score["threshold"])),
    )
    claimed = trained.metrics["test"]["accuracy"]
    accuracy = reference.hits / len(labels)
    # another order of summation may move an image or two, another model moves more
    if abs(accuracy - claimed) > 2 / len(labels) + 1e-9:
        raise InputError(
            f"The model in {trained.folder} answers {accuracy:.2%} of its evaluation images right, its metrics.json"
            f" says {claimed:.2%}: they are not of one training; run `edgedigits train` again."
        )
    for name, known in ((CALIBRATION, trained.calibration.labels), (EVALUATION, labels)):
        if known.max() >= logits.shape[1]:
            raise InputError(
                f"{trained.folder / name} has images of class {known.max()}, and the model has {logits.shape[1]}"
                " outputs, for the classes from 0 on; train the model with these labels, or leave the images out."
            )
    if are_probabilities(logits):
        raise InputError(
            f"The model in {trained.folder} answers with probabilities (its last layer is a softmax or a sigmoid), and"
            " a training has to answer with logits, from which the runtime tells that there is no digit; leave that"
            " layer out (the weights stay the same), or export the model alone with --model."
        )
    return reference


def _check_layouts(layouts: Sequence[Layout], formats: Sequence[Format]) -> None:
    made = {format.name for format in formats}
    for layout in layouts:
        if layout.format not in made:
            raise InputError(f"The layout {layout.name} needs the format {layout.format}; add it to --formats.")


def _check_kept(keep_float: Sequence[str], formats: Sequence[Format], layers: Sequence[str]) -> None:
    if not keep_float:
        return
    if not any(format.with_float_layers for format in formats):
        able = ", ".join(format.name for format in FORMATS.values() if format.with_float_layers)
        raise InputError(f"--keep-float is for {able}, and none of them is made; add one to --formats.")
    if tuple(keep_float) != (AUTO,):
        check_layers(keep_float, layers)


def _mixture(keep_float: Sequence[str]) -> Mixture:
    return keep_worst if tuple(keep_float) == (AUTO,) else keep_layers(keep_float)


def _admit(tried: CheckedFile, allowed: bool, trained: TrainedModel, keep_float: Sequence[str]) -> CheckedFile:
    if tried.engines:
        return tried
    if allowed and replace(tried, allowed=True).engines:
        return replace(tried, allowed=True)
    advice = "" if tuple(keep_float) == (AUTO,) else _advise(tried, trained)
    raise ExportError("; ".join(tried.causes) + advice)


def _advise(tried: CheckedFile, trained: TrainedModel) -> str:
    """Say what a layer in float would cost, where that can be had."""
    worst = next_to_keep(tried.layers, tried.kept_float) if tried.format.with_float_layers else None
    if worst is None:
        return ""
    more = 3 * sum(layer.parameters for layer in trained.layers if layer.name == worst)
    cost = f", which makes it {more:,} bytes larger" if more else ""
    return f"; --keep-float auto would keep the noisiest layers in float, {worst} first{cost}"


def _with_draws(
    tried: CheckedFile, trained: TrainedModel, installed_engines: Sequence[InstalledEngine], reference: Reference
) -> CheckedFile:
    best = tried.best
    installed = next(each for each in installed_engines if (each.name, each.version) == (best.engine, best.version))
    try:
        return replace(tried, draws=try_draws(tried.format, trained, installed, reference))
    except TrialError as error:
        raise ExportError(f"calibrated with half of the images it gave no answers: {error}") from error


def _describe(failures: Sequence[Failure], out: Path) -> str:
    causes = " ".join(f"{failure.format.name} failed: {failure.cause}." for failure in failures)
    return f"{causes} Nothing was published; the reasons and remedies are in {quarantine_of(out)}."
