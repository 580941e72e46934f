"""`edgedigits predict`: read images from files, folders, patterns, the web and standard input."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from contextlib import closing, nullcontext
from pathlib import Path

import click

from edgedigits.cli.inputs import Input, collect_inputs, pixels_or_path
from edgedigits.cli.options import (
    ChosenBundle,
    NewFolder,
    Number,
    expectation,
    model_options,
    reading_options,
)
from edgedigits.cli.output import WRITERS, Row, Write
from edgedigits.cli.pictures import PictureFolder
from edgedigits.cli.terminal import Progress, complain, printable, progress, remark
from edgedigits.cli.work import Outcome, Task, Work
from edgedigits.hints import Hint
from edgedigits.images import MAX_PIXELS, load_image
from edgedigits.processes import usable_cores, work_in_order
from edgedigits.reader import Reader
from edgedigits.reading import Reading

_MANY = 5
"""Images for which progress is shown."""
_HEADINGS = ("text", "digits", "confidence", "expected")


@click.command()
@click.argument("paths", nargs=-1, required=True, metavar="PATH...", type=click.Path())
@model_options
@reading_options
@click.option(
    "--format",
    "form",
    type=click.Choice(list(WRITERS)),
    default="text",
    show_default=True,
    help="How the readings are printed.",
)
@click.option(
    "--save-dir",
    type=NewFolder(),
    metavar="DIR",
    help="Write each image with its reading drawn in to this folder.",
)
@click.option(
    "--explain",
    "explain_dir",
    type=NewFolder(),
    metavar="DIR",
    help="Write a picture of how each image was read to this folder, and give hints on what may be wrong with it.",
)
@click.option("--overwrite", is_flag=True, help="Let these pictures replace files of the same name.")
@click.option(
    "--crops",
    is_flag=True,
    help="Every image is one digit, or one of whatever labels the bundle has, and is not searched for others.",
)
@click.option(
    "--numbers", is_flag=True, help="Print numbers as they are written, with their signs: 9,5 and 12:30 and 3/4."
)
@click.option("--show", is_flag=True, help="Open each image with its reading drawn in.")
@click.option(
    "--jobs",
    type=click.IntRange(1, 256),
    metavar="N",
    help="How many processes may read, where there are many images. [default: one for each core]",
)
@click.option(
    "--max-megapixels",
    type=Number(0.01, 10_000),
    default=MAX_PIXELS / 1e6,
    show_default=True,
    help="Larger images are refused before they are decoded.",
)
def predict(
    paths: tuple[str, ...],
    bundle: ChosenBundle,
    engine: str | None,
    model: str | None,
    threads: int,
    threshold: float | None,
    expect: str | None,
    length: int | None,
    bounds: str | None,
    checksum: str | None,
    form: str,
    save_dir: Path | None,
    explain_dir: Path | None,
    overwrite: bool,
    crops: bool,
    numbers: bool,
    show: bool,
    jobs: int | None,
    max_megapixels: float,
) -> int:
    """Read the handwritten digits in images.

    PATH is an image (PNG, JPEG, BMP, TIFF, WebP, AVIF, HEIC), a PDF document, a folder, which is searched with all
    folders below it, a pattern such as 'scans/*.jpg', an address (https://…), or - for an image on standard input.

    --expect, --length, --range and --checksum choose, for each line, the likeliest digits that are as you know them to
    be; what is not readable that way is said to be not as expected.

    With --crops each image is told as a whole: with a bundle of letters this is what there is.

    Exit codes: 0 all read, 3 some image held nothing readable, is damaged or was not as expected, 2 some image could
    not be used, 1 anything else.

    \b
    Examples:
      edgedigits predict photo.jpg
      edgedigits predict receipt.jpg --numbers
      edgedigits predict scans/ --format csv > readings.csv
      edgedigits predict meter.jpg --length 5 --save-dir out
      edgedigits predict 'scans/*.png' --explain why --overwrite
      edgedigits predict letter.pdf https://example.org/photo.jpg
    """
    if show:
        from edgedigits.windows import require_screen

        require_screen("use --save-dir to write them")
    expected = expectation(expect, length, bounds, checksum)
    limit = round(max_megapixels * 1e6)
    chosen = bundle.load()
    work = Work(chosen, engine, model, threads, limit, threshold, expected, explain_dir is not None, overwrite)

    folders = [folder for folder in (save_dir, explain_dir) if folder is not None]
    inputs, unusable = collect_inputs(paths, folders, limit)
    for found in unusable:
        complain(found.reason)
    if crops:
        if expected or save_dir or explain_dir or show or numbers or threshold is not None:
            raise click.UsageError(
                "--crops tells what an image shows as a whole: leave --expect and its like, --threshold, --numbers,"
                " --save-dir, --explain and --show away."
            )
        from edgedigits.cli.crops import read_crops

        reader = Reader(chosen, engine=engine, format=model, threads=threads, max_pixels=limit)
        failed, unread = read_crops(reader, inputs, form)
        return 2 if failed or unusable else 3 if unread else 0
    chosen.check_digits()
    pictures = PictureFolder(save_dir, "--save-dir", inputs, overwrite)
    same = explain_dir == save_dir
    explanations = pictures if same else PictureFolder(explain_dir, "--explain", inputs, overwrite)
    tasks = [Task(image, pictures.place_for(image), explanations.place_for(image)) for image in inputs]
    kept = [place for folder in dict.fromkeys((pictures, explanations)) for place in folder.occupied]
    if kept:
        complain(_kept(kept))

    failed, unread = sum(found.count for found in unusable), 0
    written: Counter[Path] = Counter()
    outcomes = work_in_order(work, tasks, jobs or usable_cores())
    bar_or_none = progress("Reading", len(tasks)) if len(tasks) >= _MANY else nullcontext(Progress())
    with closing(outcomes), WRITERS[form](_HEADINGS) as write, bar_or_none as bar:
        for task, outcome in outcomes:
            bar.clear()
            known = outcome or Outcome(None, errors=(_died(task),))
            _print(task.image.name, known, write, numbers)
            failed += bool(known.errors)
            unread += known.reading is not None and _in_doubt(known.reading)
            written.update(path.parent for path in known.written)
            if show and known.reading is not None:
                _show(task.image, known.reading, limit)
            bar.advance()

    for folder, count in written.items():
        click.echo(f"{count} picture{'' if count == 1 else 's'} written to {printable(folder)}/", err=True)
    total = len(inputs) + sum(found.count for found in unusable)
    if failed and total > 1:
        click.echo(f"{failed} of {total} inputs could not be used.", err=True)
    return 2 if failed or kept else 3 if unread else 0


def _print(name: str, outcome: Outcome, write: Write, numbers: bool) -> None:
    if outcome.reading is not None:
        write(_row(name, outcome.reading, outcome.hints, numbers))
    for error in outcome.errors:
        complain(error)
    for hint in outcome.hints or ():
        remark("Hint", f"{name}: {hint.advice}")


def _row(name: str, reading: Reading, hints: tuple[Hint, ...] | None, numbers: bool) -> Row:
    fields = reading.as_dict()
    if hints is not None:
        fields["hints"] = [hint.as_dict() for hint in hints]
    least = f"{min(digit.confidence for digit in reading.digits):.4f}" if reading.digits else ""
    expected = "" if reading.expected is None else str(reading.expected).lower()
    cells = (reading.text, len(reading.digits), least, expected)
    return Row(name, reading.in_one_line(numbers) or "no digit found", _in_doubt(reading), fields, cells)


def _in_doubt(reading: Reading) -> bool:
    """Tell whether an image held nothing readable, is damaged or was not as expected."""
    return not reading.digits or reading.damaged or reading.expected is False


def _died(task: Task) -> str:
    return (
        f"{task.image.name}: the process that read it died, perhaps for want of memory; shrink the image, or use"
        " --jobs 1."
    )


def _kept(places: Sequence[Path]) -> str:
    others = f" and {len(places) - 1} more are" if len(places) > 1 else " is"
    return f"{places[0]}{others} there already, and kept: name another folder, or replace with --overwrite."


def _show(image: Input, reading: Reading, max_pixels: int) -> None:
    from edgedigits.drawing import draw_reading
    from edgedigits.windows import show_picture

    pixels = load_image(pixels_or_path(image.source), max_pixels=max_pixels)
    show_picture(draw_reading(pixels, reading), image.name)
