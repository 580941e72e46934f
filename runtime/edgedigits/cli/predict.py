"""`edgedigits predict`: read images from files, folders, patterns and standard input."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import click

from edgedigits.cli.inputs import STDIN, collect_images
from edgedigits.cli.options import NewFolder, Number, expectation, model_options, reading_options
from edgedigits.cli.output import WRITERS
from edgedigits.cli.work import Task, Work
from edgedigits.errors import InputError
from edgedigits.images import MAX_PIXELS, load_image
from edgedigits.processes import usable_cores, work_in_order
from edgedigits.reading import Reading

_MANY = 5


@click.command()
@click.argument("paths", nargs=-1, required=True, metavar="PATH...")
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
    bundle: Path | None,
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
    show: bool,
    jobs: int | None,
    max_megapixels: float,
) -> int:
    """Read the handwritten digits in images.

    PATH is an image (PNG, JPEG, BMP, TIFF, WebP), a folder, which is searched with all folders below it, a pattern
    such as 'scans/*.jpg', or - for an image on standard input.

    --expect, --length, --range and --checksum choose, for each line, the likeliest digits that are as you know them to
    be; what is not readable that way is said to be not as expected.

    Exit codes: 0 all read, 3 some image held nothing readable or was not as expected, 2 some image could not be used,
    1 anything else.
    """
    if show:
        from edgedigits.windows import require_screen

        require_screen()
    expected = expectation(expect, length, bounds, checksum)
    work = Work(bundle, engine, model, threads, round(max_megapixels * 1e6), threshold, expected)
    folders = [folder for folder in (save_dir, explain_dir) if folder is not None]
    images, unusable = collect_images(paths, folders, work.max_pixels)
    for reason in unusable:
        click.echo(f"Error: {reason}", err=True)
    failed, unread = len(unusable), 0

    pictures = _PictureFolder(save_dir, "--save-dir", images)
    explanations = pictures if explain_dir == save_dir else _PictureFolder(explain_dir, "--explain", images)
    tasks = [
        Task(name, source, pictures.path_for(name), explanations.path_for(name)) for name, source in images.items()
    ]
    write = WRITERS[form]()
    outcomes = work_in_order(work, tasks, jobs or usable_cores())
    with closing(outcomes), _progress(len(images)) as advance:
        for task, outcome in outcomes:
            advance()
            if outcome is None or outcome.reading is None:
                click.echo(f"Error: {outcome.error if outcome else _died(task)}", err=True)
                failed += 1
                continue
            write(task.name, outcome.reading, outcome.hints)
            for hint in outcome.hints or ():
                click.echo(f"Hint: {task.name}: {hint.advice}", err=True)
            unread += not outcome.reading.digits or outcome.reading.expected is False
            if show:
                _show(task, outcome.reading, work.max_pixels)

    if failed and len(paths) + len(images) > 2:
        click.echo(f"{failed} of {len(images) + len(unusable)} inputs could not be used.", err=True)
    return 2 if failed else 3 if unread else 0


def _died(task: Task) -> str:
    return f"{task.name}: the process that read it died, perhaps for want of memory; shrink the image, or use --jobs 1."


@contextmanager
def _progress(count: int) -> Iterator[Callable[[], None]]:
    """Show a progress bar on a terminal's stderr when many images are read; give what is called before each."""
    if count < _MANY or not sys.stderr.isatty():
        yield lambda: None
        return
    with click.progressbar(length=count, label="Reading", file=sys.stderr) as bar:

        def advance() -> None:
            if sys.stdout.isatty():
                # results and bar share the screen: take the bar away before the next line is written
                click.echo("\r\033[K", nl=False, err=True)
            bar.update(1)

        yield advance


class _PictureFolder:
    """A folder of pictures that overwrite neither each other nor the images; none where `path` is None."""

    def __init__(self, path: Path | None, option: str, images: Iterable[str]) -> None:
        self._path = path
        if path is None:
            return
        self._taken = {Path(name).stem for name in images if Path(name).parent.resolve() == path.resolve()}
        try:
            path.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise InputError(f"{option} {path} cannot be made ({error.strerror}); choose another folder.") from error

    def path_for(self, name: str) -> Path | None:
        """Return where the picture of an image goes."""
        if self._path is None:
            return None
        stem = "stdin" if name == STDIN else Path(name).stem
        free = stem
        number = 2
        while free in self._taken:
            free, number = f"{stem}-{number}", number + 1
        self._taken.add(free)
        return self._path / f"{free}.png"


def _show(task: Task, reading: Reading, max_pixels: int) -> None:
    from edgedigits.drawing import draw_reading
    from edgedigits.windows import show_picture

    show_picture(draw_reading(load_image(task.source, max_pixels=max_pixels), reading), task.name)
