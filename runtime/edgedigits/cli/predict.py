"""`edgedigits predict`: read images from files, folders, patterns and standard input."""

from __future__ import annotations

import csv
import glob
import io
import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import click

from edgedigits.cli.options import model_options
from edgedigits.errors import EdgeDigitsError, InputError
from edgedigits.images import SUFFIXES, UInt8Array, decode_image, load_image
from edgedigits.reader import Reader
from edgedigits.reading import Reading

STDIN = "-"
_MANY = 5


@click.command()
@click.argument("paths", nargs=-1, required=True, metavar="PATH...")
@model_options
@click.option(
    "--format",
    "form",
    type=click.Choice(["text", "jsonl", "csv"]),
    default="text",
    show_default=True,
    help="How the readings are printed.",
)
@click.option(
    "--save-dir",
    type=click.Path(file_okay=False, path_type=Path),
    help="Write each image with its reading drawn in to this folder.",
)
@click.option("--show", is_flag=True, help="Open each image with its reading drawn in.")
def predict(
    paths: tuple[str, ...],
    bundle: Path | None,
    engine: str | None,
    model: str | None,
    threads: int,
    form: str,
    save_dir: Path | None,
    show: bool,
) -> int:
    """Read the handwritten digits in images.

    PATH is an image (PNG, JPEG, BMP, TIFF, WebP), a folder, which is searched with all folders below it, a pattern
    such as 'scans/*.jpg', or - for an image on standard input.

    Exit codes: 0 all read, 3 some image held nothing readable, 2 some image could not be used, 1 anything else.
    """
    if show:
        from edgedigits.windows import require_screen

        require_screen()
    reader = Reader(bundle, engine=engine, format=model, threads=threads)
    images, unusable = _collect(paths)
    for reason in unusable:
        click.echo(f"Error: {reason}", err=True)
    failed, empty = len(unusable), 0

    write = _WRITERS[form]()
    pictures = _PictureFolder(save_dir) if save_dir else None
    with _progress(len(images)) as advance:
        for name in images:
            advance()
            try:
                pixels = _load(name)
                reading = reader.read(pixels)
            except EdgeDigitsError as error:
                click.echo(f"Error: {error}", err=True)
                failed += 1
                continue
            write(name, reading)
            empty += not reading.digits
            if pictures or show:
                _picture(name, pixels, reading, pictures, show)

    if failed and len(paths) + len(images) > 2:
        click.echo(f"{failed} of {len(images) + len(unusable)} inputs could not be used.", err=True)
    return 2 if failed else 3 if empty else 0


def _collect(paths: tuple[str, ...]) -> tuple[list[str], list[str]]:
    """Return the images that the arguments name, in order, each once, and why some arguments name none."""
    images: dict[str, None] = {}
    unusable = []
    for path in paths:
        if path != STDIN and Path(path).is_dir():
            found = sorted(str(f) for f in Path(path).rglob("*") if f.suffix.lower() in SUFFIXES and f.is_file())
            if not found:
                unusable.append(f"{path}: the folder holds no images; images end in {', '.join(sorted(SUFFIXES))}.")
        elif path != STDIN and not Path(path).exists() and glob.has_magic(path):
            found = sorted(f for f in glob.glob(path, recursive=True) if Path(f).is_file())  # noqa: PTH207 - absolute too
            if not found:
                unusable.append(f"{path}: no file matches the pattern.")
        else:
            found = [path]
        images.update(dict.fromkeys(found))
    return list(images), unusable


def _load(name: str) -> UInt8Array:
    if name != STDIN:
        return load_image(name)
    return decode_image(sys.stdin.buffer.read(), "standard input")


def _text_writer() -> Callable[[str, Reading], None]:
    return lambda name, reading: click.echo(
        f"{name}: {reading.text.replace(chr(10), ' | ') if reading.digits else 'no digit found'}"
    )


def _jsonl_writer() -> Callable[[str, Reading], None]:
    return lambda name, reading: click.echo(json.dumps({"path": name, **reading.as_dict()}, ensure_ascii=False))


def _csv_writer() -> Callable[[str, Reading], None]:
    def write_row(row: list[object]) -> None:
        buffer = io.StringIO()
        csv.writer(buffer, lineterminator="\n").writerow(row)
        click.echo(buffer.getvalue(), nl=False)

    write_row(["path", "text", "digits", "confidence"])

    def write(name: str, reading: Reading) -> None:
        least = f"{min(d.confidence for d in reading.digits):.4f}" if reading.digits else ""
        write_row([name, reading.text, len(reading.digits), least])

    return write


_WRITERS: dict[str, Callable[[], Callable[[str, Reading], None]]] = {
    "text": _text_writer,
    "jsonl": _jsonl_writer,
    "csv": _csv_writer,
}


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
    """A folder of pictures in which files of the same name do not overwrite each other."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._taken: set[str] = set()
        try:
            path.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise InputError(f"--save-dir {path} cannot be made ({error.strerror}); choose another.") from error

    def write(self, name: str, picture: UInt8Array) -> None:
        import cv2

        stem = "stdin" if name == STDIN else Path(name).stem
        free = stem
        number = 2
        while free in self._taken:
            free, number = f"{stem}-{number}", number + 1
        self._taken.add(free)
        path = self._path / f"{free}.png"
        try:
            path.write_bytes(cv2.imencode(".png", picture)[1].tobytes())
        except OSError as error:
            raise InputError(f"{path} cannot be written ({error.strerror}); choose another --save-dir.") from error


def _picture(name: str, pixels: UInt8Array, reading: Reading, pictures: _PictureFolder | None, show: bool) -> None:
    from edgedigits.drawing import draw_reading
    from edgedigits.windows import show_picture

    picture = draw_reading(pixels, reading)
    if pictures:
        pictures.write(name, picture)
    if show:
        show_picture(picture, name)
