"""`edgedigits train`: a thin shell over `edgedigits_train.training.train`."""

from __future__ import annotations

import os
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import click

from edgedigits_train.recipes import RECIPES

_PLOTS = ("curves.png", "confusion.png", "mistakes.png")


@click.command()
@click.option(
    "--recipe", type=click.Choice(list(RECIPES)), default="default", show_default=True, help="What is trained, and how."
)
@click.option("--epochs", type=click.IntRange(min=1), help="Passes over the training images. [default: the recipe's]")
@click.option("--batch", type=click.IntRange(1, 10_000), help="Glyphs a step. [default: the recipe's]")
@click.option(
    "--learning-rate",
    type=click.FloatRange(0, min_open=True),
    help="The highest of the schedule. [default: the recipe's]",
)
@click.option(
    "--seed", type=click.IntRange(min=0), default=0, show_default=True, help="Of weights, order and augmentation."
)
@click.option(
    "--out",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path("build/train"),
    show_default=True,
    help="Folder for the results.",
)
@click.option("--show", is_flag=True, help="Open the plots afterwards.")
def train(recipe: str, seed: int, out: Path, show: bool, **changes: Any) -> None:
    """Train a model on MNIST, or on synthetic digits where MNIST cannot be had.

    Leaves digits.keras, its metrics and plots, and the arrays that `edgedigits export` takes. MNIST comes from
    $EDGEDIGITS_DATA/mnist, else from the user's cache, else from the internet; where it is nowhere, digits that the
    project's own synthesizer writes take its place, and the result says so.
    """
    # TensorFlow takes seconds to import: not for --help
    from edgedigits_train import training

    chosen = replace(RECIPES[recipe], **{name: value for name, value in changes.items() if value is not None})
    metrics = training.train(chosen, out, seed=seed, progress=sys.stderr.isatty())
    rows = [
        ("recipe", f"{chosen.name} (epochs {chosen.epochs}, seed {seed})"),
        ("parameters", f"{metrics.parameters:,}"),
        ("training data", metrics.training_data),
        ("test accuracy", f"{metrics.test}"),
        ("held out", f"{metrics.validation}"),
        ("time", f"{metrics.seconds:.0f} s ({metrics.cpu_seconds:.0f} s of CPU)"),
        *((name, _size(out / name)) for name in (*metrics.files, "metrics.json")),
        ("folder", str(out)),
    ]
    width = max(len(name) for name, _ in rows)
    for name, value in rows:
        click.echo(f"{name:<{width}}  {value}")
    if show:
        _show(out)


def _size(path: Path) -> str:
    return f"{path.stat().st_size / 1000:,.0f} kB"


def _show(out: Path) -> None:
    if sys.platform == "linux" and not (os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")):
        click.echo(f"There is no display to show the plots on: they are in {out}.", err=True)
        return
    for name in _PLOTS:
        click.launch(str(out / name))
