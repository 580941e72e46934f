"""`edgedigits evaluate`: a thin shell over the package."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import click

from edgedigits.errors import InputError


@click.command()
@click.argument("models", nargs=-1, type=click.Path(path_type=Path), metavar="[MODEL]...")
@click.option(
    "--out",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path("build/evaluation"),
    show_default=True,
    help="Folder for report.md, evaluation.json and the pictures.",
)
@click.option(
    "--data",
    type=click.Path(file_okay=False, exists=True, path_type=Path),
    envvar="EDGEDIGITS_DATA",
    help="Folder that holds mnist/, nondigits/ and nondigit_photos/, each optional.  [env: EDGEDIGITS_DATA]",
)
@click.option("--seed", type=click.IntRange(min=0), default=0, show_default=True, help="Of corruptions and outliers.")
@click.option(
    "--images",
    type=click.IntRange(100, 10_000),
    default=10_000,
    show_default=True,
    help="How many of the test images; fewer are quicker, for a first look.",
)
@click.option(
    "--against", type=click.Path(path_type=Path), metavar="MODEL", help="Compare with this model, image by image."
)
@click.option(
    "--card",
    type=click.Path(dir_okay=False, exists=True, path_type=Path),
    help="Also write the tables, and the pictures beside it, of this model card anew.",
)
def evaluate(
    models: tuple[Path, ...],
    out: Path,
    data: Path | None,
    seed: int,
    images: int,
    against: Path | None,
    card: Path | None,
) -> None:
    """Measure how robust, how well calibrated and how wary of non-digits a model is.

    MODEL is a bundle, a training's folder or its digits.keras, or an exported .onnx or .tflite file; without one the
    bundled model is measured. Several, such as those of several seeds, are summed up as mean ± standard deviation.

    \b
    Examples:
      edgedigits evaluate
      edgedigits evaluate build/own --against build/train --images 1000
    """
    # matplotlib and the synthesizer take a second to import: not for --help
    from edgedigits_train.evaluation import benchmark, evaluating
    from edgedigits_train.evaluation.card import update_card
    from edgedigits_train.evaluation.models import open_model
    from edgedigits_train.evaluation.pictures import draw_all
    from edgedigits_train.evaluation.record import make_record, render_report, render_summary

    opened = [open_model(path) for path in models or (None,)]
    rival = open_model(against) if against else None
    _make_folder(out)
    steps = benchmark.STEPS + (len(opened) + (rival is not None)) * evaluating.STEPS
    with click.progressbar(length=steps, label="Evaluating", file=sys.stderr, hidden=not sys.stderr.isatty()) as bar:
        made = benchmark.build_benchmark(data, seed=seed, images=images, advance=lambda: bar.update(1))
        found = [evaluating.evaluate(model, made, lambda: bar.update(1)) for model in opened]
        compared = evaluating.evaluate(rival, made, lambda: bar.update(1)) if rival else None

    record = make_record(found, made, compared)
    try:
        (out / "evaluation.json").write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")
        (out / "report.md").write_text(render_report(record), encoding="utf-8")
        pictures = draw_all(found, made, out)
    except OSError as error:
        raise InputError(f"Cannot write to {out} ({error.strerror}): choose another folder with --out.") from error
    if card:
        update_card(card, record, pictures)

    click.echo(render_summary(record))
    for name in made.missing:
        click.echo(f"Left out, because {name} is not there: its kinds of outliers.", err=True)
    click.echo(f"Report: {out / 'report.md'}")


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(f"Cannot write to {folder} ({error.strerror}): choose another folder with --out.") from error
