"""The command `edgedigits export`: a thin shell over `edgedigits_export.exporting`."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path

import click


def _list_formats(context: click.Context, _: click.Parameter, value: bool) -> None:
    if not value or context.resilient_parsing:
        return
    from edgedigits_export.formats import FORMATS
    from edgedigits_export.layouts import LAYOUTS
    from edgedigits_export.targets import TARGETS

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
    "--out",
    type=click.Path(path_type=Path),
    default=Path("build/bundle"),
    show_default=True,
    help="Folder for the bundle; one that is there already is replaced.",
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
@click.option("--force", is_flag=True, help="Convert and score anew what has not changed since an earlier export.")
@click.option(
    "--list",
    is_flag=True,
    is_eager=True,
    expose_value=False,
    callback=_list_formats,
    help="List formats and layouts, where they run, and the targets.",
)
def export(
    source: Path,
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
    force: bool,
) -> None:
    """Turn the trained model into TFLite and ONNX files that are proved equal to it.

    Every file is scored on all evaluation images in every inference engine that is installed. The bundle appears at
    --out only when all of them passed, with a manifest, a report and SHA256SUMS; else the failed files are kept beside
    it in quarantine, with reasons and remedies.

    \b
    Examples:
      edgedigits export
      edgedigits export --formats onnx-int8,tflite-int8 --target pi-zero-2
      edgedigits export --from build/own --out build/own-bundle
    """
    from edgedigits_export.exporting import export_bundle
    from edgedigits_export.formats import USUAL, get_formats
    from edgedigits_export.layouts import get_layouts
    from edgedigits_export.report import format_table
    from edgedigits_export.targets import get_target

    device = get_target(target) if target else None
    usual = tuple(format for format in USUAL if device is None or device.readers(format))
    try:
        bundle = export_bundle(
            source,
            out,
            usual if formats is None else get_formats(formats.split(",")),
            interpreters=interpreters,
            layouts=get_layouts(layouts),
            allowed=get_formats(allowed) if allowed else (),
            target=device,
            compare_draws=compare_draws,
            keep_float=tuple(keep_float.split(",")) if keep_float else (),
            force=force,
            key=key,
            version=version,
            progress=_show_progress,
        )
    finally:
        _show_progress("")
    click.echo(format_table(bundle.manifest))
    for entry in bundle.manifest["files"]:
        if entry["allowed"]:
            click.echo(f"{entry['name']} did not pass and was published on demand.", err=True)
    _show_next(out)


def _show_next(out: Path) -> None:
    # beside the table, which scripts read
    click.echo(f"Next: edgedigits predict --bundle {shlex.quote(str(out))} PHOTO", err=True)
    everywhere = f"export EDGEDIGITS_BUNDLE={shlex.quote(str(out.resolve()))}"
    click.echo(f"      {everywhere}  # makes it the model of every command", err=True)


def _show_progress(step: str) -> None:
    if sys.stderr.isatty():
        click.echo(f"\r\x1b[K{step}" + ("…" if step else ""), nl=False, err=True)
