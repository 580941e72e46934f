"""The synthesizer on the command line: ``python -m edgedigits_train.handwriting images Images``."""

from __future__ import annotations

import sys
from pathlib import Path

import click
import cv2


@click.group()
def handwriting() -> None:
    """Render handwriting."""


@handwriting.command()
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path))
def images(folder: Path) -> None:
    """Render the project's sample images and labels.csv into FOLDER."""
    from edgedigits_train.handwriting.images import COUNT, write_images

    total = 0
    samples = write_images(folder)
    with click.progressbar(samples, COUNT, "Rendering", file=sys.stderr, hidden=not sys.stderr.isatty()) as bar:
        for sample in bar:
            total += len(sample.data)
    click.echo(f"{COUNT} images, {total / 1e6:.1f} MB, and labels.csv are in {folder}")


@handwriting.command()
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@click.option("--seed", default=1, show_default=True, help="Another seed, other writers.")
def sheet(file: Path, seed: int) -> None:
    """Draw a contact sheet of what is rendered into FILE, a PNG."""
    from edgedigits_train.handwriting.contact import draw_sheet

    if file.suffix != ".png":
        raise click.BadParameter(f"{file} must end in .png")
    file.parent.mkdir(parents=True, exist_ok=True)
    cv2.imwrite(str(file), draw_sheet(seed), [cv2.IMWRITE_PNG_COMPRESSION, 9])
    click.echo(f"The contact sheet is {file}")


if __name__ == "__main__":
    handwriting(prog_name="python -m edgedigits_train.handwriting")
