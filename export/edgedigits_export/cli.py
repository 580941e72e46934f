"""The command `edgedigits export`: a thin shell over `edgedigits_export.exporting`."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from click.core import ParameterSource

if TYPE_CHECKING:
    from edgedigits.bundle import Bundle

_OUT = Path("build/bundle")

_FOREIGN_ONLY = ("evaluation", "calibration", "labels", "scale", "run_code")


def _list_formats(context: click.Context, _: click.Parameter, value: bool) -> None:
    if not value or context.resilient_parsing:
        return
    from edgedigits_export.check.targets import TARGETS
    from edgedigits_export.convert.formats import FORMATS
    from edgedigits_export.publish.layouts import LAYOUTS

    summaries = {
        "Formats:": {name: format.summary for name, format in FORMATS.items()},
        "Layouts:": {name: layout.summary for name, layout in LAYOUTS.items()},
        "Targets:": {name: target.summary for name, target in TARGETS.items()},
    }
    width = max(len(name) for entries in summaries.values() for name in entries)
    for heading, entries in summaries.items():
        click.echo(heading)
        for name, summary in entries.items():
            click.echo(f"  {name:{width}}  {summary}")
    context.exit()


@click.command()
@click.option(
    "--from",
    "source",
    type=click.Path(path_type=Path),
    default=Path("build/train"),
    show_default=True,
    help="Folder that `edgedigits train` wrote.",
)
@click.option(
    "--model",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Export this model instead, which something else made: a .keras or .h5 file, or the folder of a SavedModel.",
)
@click.option(
    "--evaluation",
    type=click.Path(path_type=Path),
    metavar="DATA",
    help="With --model: labelled images that it has not seen, as `edgedigits train --data` reads them."
    "  [default: MNIST's test images]",
)
@click.option(
    "--calibration",
    type=click.Path(path_type=Path),
    metavar="DATA",
    help="With --model: labelled images that the 8-bit ranges are taken from.  [default: MNIST's training images]",
)
@click.option(
    "--labels",
    metavar="A,B,C…",
    help="With --model: what its outputs stand for, in their order, 'none' last for what is none of them."
    "  [default: 0 to 9, or the labels of --evaluation]",
)
@click.option(
    "--scale",
    type=click.Choice(["0-255", "0-1", "-1-1", "rows", "standard"]),
    help="With --model: what numbers it takes; rows: normalised along axis 1.  [default: found out]",
)
@click.option(
    "--run-code", is_flag=True, help="With --model: run the Python code of its Lambda layers; only if you trust it."
)
@click.option(
    "--images",
    type=click.Path(path_type=Path),
    metavar="FOLDER",
    help="With --model: photos with a labels.csv that the bundle is tried on.  [default: Images, if it is there]",
)
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    default=_OUT,
    help="Folder for the bundle; one that is there already is replaced."
    "  [default: build/bundle for build/train, else build/bundle-NAME]",
)
@click.option(
    "--formats",
    metavar="NAME,NAME…",
    help="Formats to make, or all.  [default: int8 and float32 of ONNX and TFLite, as far as the target runs them]",
)
@click.option(
    "--target",
    metavar="NAME",
    help="Device that the bundle is for: what cannot run there is refused before it is converted.",
)
@click.option(
    "--engines-of",
    "interpreters",
    type=click.Path(path_type=Path),
    metavar="PYTHON",
    multiple=True,
    help="Python of another environment with edgedigits, whose engines are tried as well. May be repeated.",
)
@click.option(
    "--layout",
    "layouts",
    metavar="NAME",
    multiple=True,
    help="Lay a file into the bundle in another form as well: c-header or triton. May be repeated.",
)
@click.option(
    "--compare-draws",
    is_flag=True,
    help="Calibrate the 8-bit formats with two halves of the images as well, and report how much they differ.",
)
@click.option(
    "--keep-float",
    metavar="auto|LAYER,LAYER…",
    help="Layers that stay in float in onnx-int8 and tflite-int8; auto: the worst ones of a file that is not good.",
)
@click.option(
    "--allow",
    "allowed",
    metavar="FORMAT",
    multiple=True,
    help="Publish this format even if it does not pass; the manifest records it. May be repeated.",
)
@click.option(
    "--sign",
    "key",
    type=click.Path(path_type=Path),
    metavar="KEY",
    help="Sign the bundle with this private key, an elliptic one in PEM form.",
)
@click.option(
    "--bundle-version",
    "version",
    metavar="VERSION",
    help="Number the bundle, as in 1.4: readers with --at-least refuse older ones.",
)
@click.option(
    "--page",
    type=click.Path(path_type=Path),
    metavar="FOLDER",
    help="Add the page network of `edgedigits train --recipe page`."
    "  [default: that of the bundle which is replaced, else the runtime's]",
)
@click.option("--no-page", is_flag=True, help="Add no page network; the runtime's own then reads pages.")
@click.option(
    "--into",
    type=click.Path(path_type=Path),
    metavar="BUNDLE",
    help="With --page: put the page network into this bundle, which is there already, and export nothing else.",
)
@click.option("--no-html", is_flag=True, help="Leave out report.html, which shows images of the evaluation.")
@click.option("--force", is_flag=True, help="Convert and score anew what has not changed since an earlier export.")
@click.option(
    "--list",
    is_flag=True,
    is_eager=True,
    expose_value=False,
    callback=_list_formats,
    help="List formats and layouts, where they run, and the targets.",
)
@click.pass_context
def export(
    ctx: click.Context,
    /,
    source: Path,
    model: Path | None,
    evaluation: Path | None,
    calibration: Path | None,
    labels: str | None,
    scale: Any,
    run_code: bool,
    images: Path | None,
    out: Path,
    formats: str | None,
    target: str | None,
    interpreters: tuple[Path, ...],
    layouts: tuple[str, ...],
    compare_draws: bool,
    keep_float: str | None,
    allowed: tuple[str, ...],
    key: Path | None,
    version: str | None,
    page: Path | None,
    no_page: bool,
    into: Path | None,
    no_html: bool,
    force: bool,
) -> None:
    """Turn a trained model into TFLite and ONNX files that are proved equal to it.

    Every file is scored on all evaluation images in every inference engine that is installed. The bundle appears at
    --out only when all of them passed, with a manifest, a report and SHA256SUMS; else the failed files are kept beside
    it in quarantine, with reasons and remedies.

    With --model a model that something else made is exported: what images it takes, and what it answers, is found out
    on labelled images, and layers stay in float where 8 bits are too few for it.

    \b
    Examples:
      edgedigits export
      edgedigits export --formats onnx-int8,tflite-int8 --target pi-zero2
      edgedigits export --from build/own
      edgedigits export --model my.keras
      edgedigits export --page build/page --into build/bundle
    """
    from edgedigits_export.check.targets import get_target
    from edgedigits_export.convert.formats import USUAL, get_formats
    from edgedigits_export.exporting import export_bundle
    from edgedigits_export.options import ExportOptions
    from edgedigits_export.publish.layouts import get_layouts
    from edgedigits_export.publish.report import format_table

    device = get_target(target) if target else None
    usual = tuple(format for format in USUAL if device is None or device.readers(format))
    _check_combination(ctx)
    if into is not None:
        _put_page(into, page, interpreters)
        return
    if _default(ctx, "out"):
        out = default_out(model or source)
    notes: list[str] = []
    try:
        chosen = usual if formats is None else get_formats(formats.split(","))
        made: Any = source
        if model is not None:
            made = _adopted(model, evaluation, calibration, labels, scale, run_code)
            if keep_float is None and any(format.with_float_layers for format in chosen):
                keep_float = "auto"
        options = ExportOptions(
            formats=chosen,
            interpreters=interpreters,
            layouts=get_layouts(layouts),
            allowed=get_formats(allowed) if allowed else (),
            target=device,
            compare_draws=compare_draws,
            keep_float=tuple(keep_float.split(",")) if keep_float else (),
            force=force,
            key=key,
            version=version,
            page=page,
            keep_page=not no_page and (device is None or device.reads_pages),
            html=not no_html,
        )
        bundle = export_bundle(made, out, options, notice=notes.append, progress=_show_progress)
    finally:
        _show_progress("")
        for note in notes:
            click.echo(f"Note: {note}", err=True)
    click.echo(format_table(bundle.manifest))
    for entry in bundle.manifest["files"]:
        if entry["allowed"]:
            click.echo(f"{entry['name']} did not pass and was published on demand.", err=True)
        if entry["kept_float"]:
            click.echo(f"{entry['name']} keeps {', '.join(entry['kept_float'])} in float: 8 bits were too few for it.")
    if model is not None:
        _tell_photos(out, images, model)
    if page is None:
        _tell_page(bundle)
    _show_next(out, bundle.classes)


def _check_combination(ctx: click.Context) -> None:
    """Say what to do where options do not go together."""
    if ctx.params["no_page"] and (ctx.params["page"] or ctx.params["into"]):
        raise click.UsageError("--no-page leaves the page network out, --page and --into put one in: give one of them.")
    if ctx.params["model"] is not None:
        if not _default(ctx, "source"):
            raise click.UsageError("--from names a training of `edgedigits train`, --model anything else: give one.")
        return
    for name in (*_FOREIGN_ONLY, "images"):
        if not _default(ctx, name):
            raise click.UsageError(
                f"--{name.replace('_', '-')} goes with --model; a training of `edgedigits train` brings its own."
            )


def _default(ctx: click.Context, name: str) -> bool:
    return ctx.get_parameter_source(name) is ParameterSource.DEFAULT


def default_out(source: Path) -> Path:
    """Return where the bundle of a model goes: not over that of another."""
    if source == Path("build/train"):
        return _OUT
    name = source.resolve().name
    for ending in (".keras", ".h5", ".hdf5"):
        name = name.removesuffix(ending)
    return _OUT.with_name(f"{_OUT.name}-{name}")


def _adopted(
    model: Path, evaluation: Path | None, calibration: Path | None, labels: str | None, scale: Any, run_code: bool
) -> Any:
    from edgedigits.labelled import split_names
    from edgedigits_export.foreign import adopt

    adopted = adopt(
        model,
        evaluation=evaluation,
        calibration=calibration,
        labels=split_names(labels) if labels is not None else None,
        scale=scale,
        run_code=run_code,
        progress=_show_progress,
    )
    _show_progress("")
    for line in adopted.lines:
        click.echo(line)
    return adopted.model


def _tell_photos(out: Path, images: Path | None, model: Path) -> None:
    """Say how the bundle reads photos, and how it learns what it lacks."""
    from edgedigits.labelled.photos import read_singles

    folder = images or Path("Images")
    if images is None and not (folder / "labels.csv").is_file():
        return
    read = read_singles(out, folder, _show_progress)
    _show_progress("")
    if read is None:
        return
    option = "--teacher" if model.is_dir() else "--from"
    missing = f"; it has no class for what is no digit: edgedigits train {option} {shlex.quote(str(model))} adds one"
    click.echo(f"{read}{'' if read.outliers else missing}.")


def _tell_page(bundle: Bundle) -> None:
    """Say where the page network came from, if there is one."""
    from edgedigits.bundle import Bundle

    ours = Bundle.load().page
    if bundle.page is None or ours is None:
        return
    files = {file.path.name: file.sha256 for file in bundle.page.files}
    same = set(files.values()) <= {file.sha256 for file in ours.files}
    origin = "the runtime's own" if same else "that of the bundle which was replaced"
    digests = ", ".join(f"{name} {digest[:12]}…" for name, digest in files.items())
    click.echo(f"Page network: {origin}, verified by SHA-256 ({digests})", err=True)


def _show_next(out: Path, classes: tuple[str, ...]) -> None:
    # beside the table, which scripts read
    crops = "" if set("0123456789") <= set(classes) else "--crops "
    click.echo(f"Next: edgedigits predict {crops}--bundle {shlex.quote(str(out))} PHOTO", err=True)
    everywhere = f"export EDGEDIGITS_BUNDLE={shlex.quote(str(out.resolve()))}"
    click.echo(f"      {everywhere}  # makes it the model of every command", err=True)
    if not crops:
        installed = f"edgedigits models install {shlex.quote(str(out))}"
        click.echo(f"      {installed}  # on the device, where the folder is copied to", err=True)


def _show_progress(step: str) -> None:
    if sys.stderr.isatty():
        click.echo(f"\r\x1b[K{step}" + ("…" if step else ""), nl=False, err=True)


def _put_page(bundle: Path, page: Path | None, interpreters: tuple[Path, ...]) -> None:
    """Put a page network into a bundle that is there, and print what came of it."""
    from edgedigits_export.page_files import replace_page

    if page is None:
        raise click.UsageError("--into puts a page network into a bundle: name the network's folder with --page.")
    try:
        changed = replace_page(bundle, page, interpreters, _show_progress)
    finally:
        _show_progress("")
    for file in changed.page.files if changed.page else ():
        names = ", ".join(file.engines)
        click.echo(f"{file.path.name}  {file.size:,} bytes  agreement {file.agreement:.2%}  passed in {names}")
