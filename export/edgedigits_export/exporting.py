"""Export: converts, tries and publishes."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

from edgedigits.bundle import DIGITS, MANIFEST, Bundle, DigitScore
from edgedigits.errors import InputError
from edgedigits_export.cache import clear_cache, open_cache
from edgedigits_export.check.draws import try_draws
from edgedigits_export.check.evidence import find_engines
from edgedigits_export.check.gate import Reference, are_probabilities
from edgedigits_export.check.trial import CheckedFile
from edgedigits_export.convert.formats import FORMATS, Format
from edgedigits_export.convert.mixing import next_to_keep
from edgedigits_export.errors import ExportError, TrialError
from edgedigits_export.making import FileMaker, Progress, read_exact_layers
from edgedigits_export.options import ExportOptions
from edgedigits_export.page_files import add_page, keep_page
from edgedigits_export.publish.html_report import find_changed_digits, make_html_report
from edgedigits_export.publish.manifest import make_manifest, model_facts
from edgedigits_export.publish.quarantine import Failure, clear_quarantine, fill_quarantine, quarantine_of
from edgedigits_export.publish.report import make_report
from edgedigits_export.publish.signing import sign_bundle
from edgedigits_export.publish.staging import check_destination, staged, write_sums
from edgedigits_export.silence import silenced
from edgedigits_export.source import CALIBRATION, EVALUATION, METRICS, TrainedModel

REPORT = "report.md"
PAGE = "report.html"

USUALLY = ExportOptions()


def export_bundle(
    source: Path | TrainedModel,
    out: Path,
    options: ExportOptions = USUALLY,
    *,
    notice: Progress = lambda _: None,
    progress: Progress = lambda _: None,
) -> Bundle:
    """Export a trained model: convert it, score every file in every engine, and publish the bundle whole.

    Args:
        source: the folder that `edgedigits train` wrote, or a model that was read already (`foreign.adopt`).
        out: where the bundle shall lie; a bundle that is there already is replaced.
        options: what is made, and how.
        notice: is told what the user should know, such as that a kept result was damaged and is made anew.
        progress: is told what is being done.

    Returns:
        The published bundle.

    Raises:
        InputError: `source` or `out` cannot be used, an interpreter does not run, a layer of the model cannot run on
            the target, or a layer to be kept in float is not there; and what `ExportOptions.check` raises.
        ExportError: a format failed; the message has every one with its cause. What was at `out` is untouched, and
            the failed files are in quarantine beside it.

    Example:
        >>> export_bundle(Path("build/train"), Path("build/bundle")).files[0].format
        'onnx-int8'
    """
    check_destination(out)
    options.check()
    target = options.target
    trained = source if isinstance(source, TrainedModel) else _load(source, options.force, notice)
    if target:
        target.check_layers({layer.kind for layer in trained.layers}, options.formats)
    installed_engines = find_engines([Path(sys.executable), *options.interpreters], trained.cache)
    progress("scoring the Keras model")
    reference = make_reference(trained)
    facts = model_facts(trained, reference)
    exact_layers = read_exact_layers(trained) if any(format.read_layers for format in options.formats) else None
    options.check_kept(tuple(exact_layers or ()))
    with staged(out) as folder:
        maker = FileMaker(trained, facts, reference, installed_engines, exact_layers, target, folder, progress)
        files, failures = [], []
        for format in options.formats:
            try:
                files.append(_make_file(maker, format, options))
            except ExportError as error:
                path = folder / format.file_name
                failures.append(Failure(format, str(error), path if path.exists() else None))
        if failures:
            fill_quarantine(out, failures)
            raise ExportError(_describe(failures, out))
        manifest = make_manifest(facts, files, target, options.version)
        if options.page:
            manifest["page"] = add_page(folder, options.page, installed_engines, progress)
        elif options.keep_page and set(DIGITS) <= set(trained.labels):
            kept = keep_page(folder, out, options.formats)
            if kept is not None:
                manifest["page"] = kept
        (folder / MANIFEST).write_text(json.dumps(manifest, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
        (folder / REPORT).write_text(make_report(manifest), encoding="utf-8")
        if options.html:
            changed = find_changed_digits(files, trained.evaluation)
            (folder / PAGE).write_text(make_html_report(manifest, changed, trained.evaluation.glyphs), encoding="utf-8")
        for layout in options.layouts:
            layout.write(folder, FORMATS[layout.format].file_name, manifest)
        write_sums(folder)
        if options.key:
            sign_bundle(folder, options.key)
    clear_quarantine(out)
    return Bundle.load(out)


def _load(source: Path, force: bool, notice: Progress) -> TrainedModel:
    trained = TrainedModel.load(source)
    if force:
        clear_cache(source)
    return replace(trained, cache=open_cache(source, (source / METRICS).read_bytes(), notice))


def _make_file(maker: FileMaker, format: Format, options: ExportOptions) -> CheckedFile:
    """Make and try a file, and return it if it may be published."""
    file = options.mixture_of(format)(partial(maker.make, format))
    file.path.write_bytes(file.content)  # what was tried last need not be what was chosen
    admitted = _admit(file, format in options.allowed, maker.trained, options)
    if options.compare_draws and format.read_layers:
        maker.progress(f"calibrating {format.name} with other images")
        admitted = _with_draws(admitted, maker)
    return admitted


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


def _admit(file: CheckedFile, allowed: bool, trained: TrainedModel, options: ExportOptions) -> CheckedFile:
    if file.engines:
        return file
    if allowed and replace(file, allowed=True).engines:
        return replace(file, allowed=True)
    advice = "" if options.keeps_worst else _advise(file, trained)
    raise ExportError("; ".join(file.causes) + advice)


def _advise(file: CheckedFile, trained: TrainedModel) -> str:
    """Say what a layer in float would cost, where that can be had."""
    worst = next_to_keep(file.layers, file.kept_float) if file.format.with_float_layers else None
    if worst is None:
        return ""
    more = 3 * sum(layer.parameters for layer in trained.layers if layer.name == worst)
    cost = f", which makes it {more:,} bytes larger" if more else ""
    return f"; --keep-float auto would keep the noisiest layers in float, {worst} first{cost}"


def _with_draws(file: CheckedFile, maker: FileMaker) -> CheckedFile:
    best = (file.best.engine, file.best.version)
    installed = next(each for each in maker.installed_engines if (each.name, each.version) == best)
    try:
        return replace(file, draws=try_draws(file.format, maker.trained, installed, maker.reference))
    except TrialError as error:
        raise ExportError(f"calibrated with half of the images it gave no answers: {error}") from error


def _describe(failures: Sequence[Failure], out: Path) -> str:
    causes = " ".join(f"{failure.format.name} failed: {failure.cause}." for failure in failures)
    return f"{causes} Nothing was published; the reasons and remedies are in {quarantine_of(out)}."
