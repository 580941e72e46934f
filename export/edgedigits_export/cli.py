"""The command `edgedigits export`: a thin shell over `edgedigits_export.exporting`."""

from __future__ import annotations

import sys
from pathlib import Path

import click


def _list_formats(context: click.Context, _: click.Parameter, value: bool) -> None:
    if not value or context.resilient_parsing:
        return
    from edgedigits_export.formats import FORMATS

    width = max(map(len, FORMATS))
    for name, format in FORMATS.items():
        click.echo(f"{name:{width}}  {format.summary}")
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
    help="Formats to make, or all.  [default: int8 and float32 of ONNX and TFLite]",
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
    "--list",
    is_flag=True,
    is_eager=True,
    expose_value=False,
    callback=_list_formats,
    help="List the formats and where they run.",
)
def export(source: Path, out: Path, formats: str | None, interpreters: tuple[Path, ...]) -> None:
    """Turn the trained model into TFLite and ONNX files that are proved equal to it.

    Every file is scored on all evaluation images in every inference engine that is installed. The bundle appears at
    --out only when all of them passed, with a manifest, a report and SHA256SUMS.
    """
    from edgedigits_export.exporting import export_bundle
    from edgedigits_export.formats import USUAL, get_formats
    from edgedigits_export.report import format_table

    chosen = USUAL if formats is None else get_formats(formats.split(","))
    bundle = export_bundle(source, out, chosen, interpreters, _show_progress)
    _show_progress("")
    click.echo(format_table(bundle.manifest))


def _show_progress(step: str) -> None:
    if sys.stderr.isatty():
        click.echo(f"\r\x1b[K{step}" + ("…" if step else ""), nl=False, err=True)
