"""`edgedigits train`: a thin shell over `edgedigits_train.training.train`."""

from __future__ import annotations

import os
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import click
from click.core import ParameterSource

from edgedigits_train.checkpoints import Run
from edgedigits_train.recipes import RECIPES, Recipe

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
@click.option("--resume", is_flag=True, help="Go on with the interrupted training in the folder.")
@click.option("--restart", is_flag=True, help="Start anew where a training was interrupted.")
@click.option("--show", is_flag=True, help="Open the plots afterwards.")
@click.pass_context
def train(
    ctx: click.Context, /, recipe: str, seed: int, out: Path, resume: bool, restart: bool, show: bool, **changes: Any
) -> None:
    """Train a model on MNIST, or on synthetic digits where MNIST cannot be had.

    Leaves digits.keras, its metrics and plots, and the arrays that `edgedigits export` takes. MNIST comes from
    $EDGEDIGITS_DATA/mnist, else from the user's cache, else from the internet; where it is nowhere, digits that the
    project's own synthesizer writes take its place, and the result says so.

    Ctrl-C saves the training so far, and --resume goes on with it. Exit codes: 130 stopped by Ctrl-C, 143 by SIGTERM,
    2 bad input or usage, 1 the loss is no longer a number or the disk is full.
    """
    # TensorFlow takes seconds to import: not for --help
    from edgedigits_train import training
    from edgedigits_train.interruption import Interrupted

    progress = sys.stderr.isatty()
    try:
        if resume and restart:
            raise click.UsageError(
                "--resume goes on where a training stopped and --restart starts anew: give one of them."
            )
        if resume:
            run = training.interrupted_run(out)
            chosen, seed = _as_before(ctx, run) if run else (RECIPES[recipe], seed)
            metrics = training.resume(chosen, out, seed=seed, progress=progress)
        else:
            if restart:
                training.restart(out)
            chosen = replace(RECIPES[recipe], **{name: value for name, value in changes.items() if value is not None})
            metrics = training.train(chosen, out, seed=seed, progress=progress)
    except Interrupted as stopped:
        click.echo(str(stopped), err=True)
        ctx.exit(stopped.exit_code)
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


def _as_before(ctx: click.Context, run: Run) -> tuple[Recipe, int]:
    """Return recipe and seed of an interrupted training, which other options may repeat but not change."""
    changes = {name: run.recipe[name] for name in ("epochs", "batch", "learning_rate")}
    for name, before in {"recipe": run.recipe["name"], "seed": run.seed, **changes}.items():
        given = ctx.get_parameter_source(name) is not ParameterSource.DEFAULT
        if given and ctx.params[name] != before:
            option = "--" + name.replace("_", "-")
            raise click.UsageError(
                f"--resume goes on with the interrupted training, whose {option} is {before}:"
                f" leave {option} away, or start anew with --restart."
            )
    if run.recipe["name"] not in RECIPES:
        raise click.UsageError(f"There is no recipe {run.recipe['name']} any more: start anew with --restart.")
    return replace(RECIPES[run.recipe["name"]], **changes), run.seed


def _size(path: Path) -> str:
    return f"{path.stat().st_size / 1000:,.0f} kB"


def _show(out: Path) -> None:
    if sys.platform == "linux" and not (os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")):
        click.echo(f"There is no display to show the plots on: they are in {out}.", err=True)
        return
    for name in _PLOTS:
        click.launch(str(out / name))
