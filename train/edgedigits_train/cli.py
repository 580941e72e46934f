"""`edgedigits train`: a thin shell over `edgedigits_train.training.train`."""

from __future__ import annotations

import os
import shlex
import sys
from collections.abc import Iterator
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import click
from click.core import ParameterSource

from edgedigits.errors import InputError
from edgedigits_train.evaluation.metrics import Metrics, OwnRecord
from edgedigits_train.fit.checkpoints import Run
from edgedigits_train.page_network.recipe import PAGE, PageRecipe
from edgedigits_train.recipe_files import change_recipe, load_recipe, parse_changes, recipe_of
from edgedigits_train.recipes import RECIPES, Recipe

_OUT = Path("build/train")
_OWN_OUT = Path("build/own")
"""Where a fine-tuned model goes: not over the model that it came from."""

_PLOTS = ("curves.png", "confusion.png", "mistakes.png", "reliability.png")


def _load_recipe(ctx: click.Context, _: click.Parameter, value: str) -> Recipe | PageRecipe:
    if value == PAGE.name:
        return PAGE
    try:
        return load_recipe(value, others=(PAGE.name,))
    except InputError as error:
        raise click.BadParameter(str(error)) from None


def _parse_settings(ctx: click.Context, _: click.Parameter, value: tuple[str, ...]) -> dict[str, Any]:
    try:
        settings = parse_changes(value)
        change_recipe(RECIPES["default"], settings)
    except InputError as error:
        raise click.BadParameter(str(error)) from None
    return settings


@click.command()
@click.option(
    "--recipe",
    metavar="NAME|FILE",
    callback=_load_recipe,
    default="default",
    show_default=True,
    help=f"What is trained, and how: {', '.join(RECIPES)}, page, or a .toml file (`edgedigits recipes show`).",
)
@click.option(
    "--set",
    "settings",
    metavar="FIELD=VALUE",
    multiple=True,
    callback=_parse_settings,
    help="Change a field of the recipe, such as dropout=0.3 or widths=16,32,64. May be repeated.",
)
@click.option(
    "--pages", type=click.IntRange(1, 1_000_000), help="With --recipe page: how many are rendered to learn from."
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
    default=_OUT,
    show_default=True,
    help="Folder for the results; with --from: build/own, or build/train-NAME for a file of another origin.",
)
@click.option(
    "--extra",
    metavar="FOLDER",
    type=click.Path(path_type=Path),
    help="Learn your own digits as well: pictures in sub-folders 0 to 9 (and none), or listed in a labels.csv.",
)
@click.option(
    "--from",
    "base",
    metavar="MODEL",
    type=click.Path(path_type=Path),
    help="Go on with this model instead of training anew: a training's folder learns --extra; a .keras or .h5 file of"
    " any origin learns what is no digit.",
)
@click.option(
    "--data",
    metavar="DATA",
    multiple=True,
    help="Train on your own labelled images instead of MNIST: a folder, an .npz or idx files. May be repeated; 'mnist'"
    " is MNIST beside them.",
)
@click.option(
    "--labels",
    metavar="A,B,C…",
    help="With --data: what the numbers in npz and idx files stand for, in their order.",
)
@click.option(
    "--teacher",
    metavar="MODEL",
    type=click.Path(path_type=Path),
    help="Learn from this model's answers as well: a bundle, or a .keras or .h5 file or SavedModel of any origin.",
)
@click.option("--resume", is_flag=True, help="Go on with the interrupted training in the folder.")
@click.option("--restart", is_flag=True, help="Start anew where a training was interrupted.")
@click.option("--show", is_flag=True, help="Open the plots afterwards.")
@click.pass_context
def train(
    ctx: click.Context,
    /,
    recipe: Recipe | PageRecipe,
    settings: dict[str, Any],
    seed: int,
    out: Path,
    extra: Path | None,
    base: Path | None,
    data: tuple[str, ...],
    labels: str | None,
    teacher: Path | None,
    resume: bool,
    restart: bool,
    show: bool,
    **changes: Any,
) -> None:
    """Train a model on MNIST, or on synthetic digits where MNIST cannot be had.

    Leaves digits.keras, its metrics and plots, and the arrays that `edgedigits export` takes. MNIST comes from
    $EDGEDIGITS_DATA/mnist, else from the user's cache, else from the internet; where it is nowhere, digits that the
    project's own synthesizer writes take its place, and the result says so.

    With --data it is trained on your own images, of any labels.

    With --extra it learns your own handwriting as well; with --from and --extra a trained model does, in under a
    minute. With --from and a Keras file of any origin, that model learns what is no digit, and what photos show.

    Ctrl-C saves the training so far, and --resume goes on with it. Exit codes: 130 stopped by Ctrl-C, 143 by SIGTERM,
    2 bad input or usage, 1 the loss is no longer a number or the disk is full.

    \b
    Examples:
      edgedigits train
      edgedigits train --recipe quick --out build/quick
      edgedigits train --from build/train --extra my-digits
      edgedigits train --from my.keras
    """
    # TensorFlow takes seconds to import: not for --help
    from edgedigits.labelled import split_names
    from edgedigits_train import training
    from edgedigits_train.fit.interruption import Interrupted

    progress = sys.stderr.isatty()
    if isinstance(recipe, PageRecipe):
        _train_page(ctx, recipe, seed, out, base, progress)
        return
    _check_combination(ctx)
    photos: list[tuple[str, str]] = []
    material = training.Material(extra, data, split_names(labels) if labels else None, teacher)
    try:
        if base:
            metrics, photos, out = _go_on_with(ctx, base, out, extra, seed, progress)
        elif resume:
            run = training.interrupted_run(out)
            chosen, seed = _as_before(ctx, run) if run else (recipe, seed)
            if run:
                material = training.Material.of(run)
            metrics = training.resume(chosen, out, seed=seed, material=material, progress=progress)
        else:
            if restart:
                training.restart(out)
            if changes.pop("pages") is not None:
                raise click.UsageError("--pages is for the page network: add --recipe page.")
            given = {name: value for name, value in changes.items() if value is not None}
            chosen = change_recipe(recipe, {**settings, **given})
            metrics = training.train(chosen, out, seed=seed, material=material, progress=progress)
    except Interrupted as stopped:
        click.echo(str(stopped), err=True)
        ctx.exit(stopped.exit_code)
    rows = [
        *_summary(metrics),
        *photos,
        *((name, _size(out / name)) for name in (*metrics.files, "metrics.json")),
        ("folder", str(out)),
        ("next", f"edgedigits export --from {shlex.quote(str(out))}"),
    ]
    width = max(len(name) for name, _ in rows)
    for name, value in rows:
        click.echo(f"{name:<{width}}  {value}")
    if show:
        _show(out)


_PAGE_OUT = Path("build/page")
_OF_PAGES = ("recipe", "pages", "epochs", "batch", "learning_rate", "seed", "out", "base")
"""What may be chosen about a page network."""


def _train_page(
    ctx: click.Context, recipe: PageRecipe, seed: int, out: Path, base: Path | None, progress: bool
) -> None:
    """Train the page network, and print what came of it."""
    from edgedigits_train.page_network.training import MODEL, train_page

    for name in ctx.params:
        if name not in _OF_PAGES and not _default(ctx, name):
            raise click.UsageError(f"The recipe page takes no {_option(name)}: leave it out.")
    changes = {name: ctx.params[name] for name in ("pages", "epochs", "batch", "learning_rate")}
    chosen = replace(recipe, **{name: value for name, value in changes.items() if value is not None})
    if _default(ctx, "out"):
        out = _PAGE_OUT
    if base is not None and base.is_dir():
        base = base / MODEL
    metrics = train_page(chosen, out, seed=seed, base=base, progress=progress)
    rows = [
        ("recipe", f"page ({chosen.pages:,} pages, epochs {chosen.epochs}, seed {seed})"),
        ("parameters", f"{metrics.parameters:,}"),
        ("digits on unseen tiles", f"precision {metrics.precision:.1%}, recall {metrics.recall:.1%}"),
        ("time", f"{metrics.seconds:.0f} s"),
        ("folder", str(out)),
        ("next", f"edgedigits export --page {shlex.quote(str(out))}"),
    ]
    for name, value in rows:
        click.echo(f"{name:<22}  {value}")


def _go_on_with(
    ctx: click.Context, base: Path, out: Path, extra: Path | None, seed: int, progress: bool
) -> tuple[Metrics, list[tuple[str, str]], Path]:
    """Fine-tune a model; return its metrics, what is to be said of photos, and the folder of the results."""
    from edgedigits_train.fit.exported import is_foreign

    if extra and not is_foreign(base):
        from edgedigits_train.personalising import personalise

        out = _OWN_OUT if _default(ctx, "out") else out
        return personalise(base, extra, out, seed=seed, progress=progress), [], out
    from edgedigits_train.extending import Extension, extend

    out = _OUT.with_name(f"{_OUT.name}-{base.stem}") if _default(ctx, "out") else out
    given = {name: ctx.params[name] for name in _CHOSEN if ctx.params[name] is not None}
    made = extend(base, out, chosen=Extension(**given), extra=extra, seed=seed, progress=progress)
    told = [(f"photos {when}", str(read)) for when, read in zip(("before", "now"), made.photos or (), strict=False)]
    return made.metrics, told, out


_NOT_WITH_FROM = ("recipe", "settings", "pages", "data", "labels", "teacher", "resume", "restart")
_CHOSEN = ("epochs", "batch", "learning_rate")


def _check_combination(ctx: click.Context) -> None:
    """Say what to do where options do not go together."""
    from edgedigits_train.fit.exported import is_foreign

    base = ctx.params["base"]
    if base:
        foreign = is_foreign(base)
        if not foreign and not ctx.params["extra"]:
            raise click.UsageError("--from fine-tunes a model to your own digits: name their folder with --extra.")
        for name in _NOT_WITH_FROM if foreign else (*_NOT_WITH_FROM, *_CHOSEN):
            if not _default(ctx, name):
                raise click.UsageError(f"--from fine-tunes a model that is there: leave {_option(name)} away.")
    if ctx.params["labels"] and not ctx.params["data"]:
        raise click.UsageError("--labels names what is in --data: give both.")
    if ctx.params["extra"] and ctx.params["data"]:
        raise click.UsageError("--extra adds your own digits to MNIST: name all of your data with --data instead.")
    if ctx.params["resume"] and ctx.params["restart"]:
        raise click.UsageError("--resume goes on where a training stopped, --restart starts anew: give one of them.")


def _default(ctx: click.Context, name: str) -> bool:
    return ctx.get_parameter_source(name) is ParameterSource.DEFAULT


def _option(name: str) -> str:
    return "--set" if name == "settings" else "--" + name.replace("_", "-")


def _as_before(ctx: click.Context, run: Run) -> tuple[Recipe, int]:
    """Return recipe and seed of an interrupted training; options may repeat but not change what it is made of."""
    recipe = recipe_of(run.recipe)
    if change_recipe(recipe, ctx.params["settings"]) != recipe:
        raise click.UsageError(
            "--resume goes on with the interrupted training as it was: leave --set away, or start anew with --restart."
        )
    ctx.params["recipe"] = ctx.params["recipe"].name
    changes = {name: run.recipe[name] for name in ("epochs", "batch", "learning_rate")}
    if ctx.params["data"]:
        ctx.params["data"] = list(ctx.params["data"])
    if ctx.params["labels"]:
        ctx.params["labels"] = ",".join(name.strip() for name in ctx.params["labels"].split(","))
    changes |= {"data": run.sources, "labels": ",".join(run.names) if run.names else None, "teacher": run.teacher}
    for name, before in {"recipe": run.recipe["name"], "seed": run.seed, "extra": run.extra, **changes}.items():
        now = ctx.params[name]
        if not _default(ctx, name) and (str(now.resolve()) if isinstance(now, Path) else now) != before:
            option = _option(name)
            has = f"whose {option} is {before}" if before is not None else f"which has no {option}"
            raise click.UsageError(
                f"--resume goes on with the interrupted training, {has}: leave {option} away, or start anew"
                " with --restart."
            )
    return recipe, run.seed


def _summary(metrics: Metrics) -> Iterator[tuple[str, str]]:
    recipe = asdict(metrics.recipe) if isinstance(metrics.recipe, Recipe) else metrics.recipe
    own, foreign = metrics.own, metrics.foreign
    if foreign:
        shape = "×".join(map(str, recipe["detected"]["shape"]))
        yield "fine-tuned", f"{foreign.name}, which takes {shape} of {recipe['detected']['scale']}"
        learnt = "knew what is no digit" if foreign.knew_none else "has a class for what is no digit now"
        yield "classes", f"{len(metrics.labels)}: it {learnt}"
    elif own and own.base:
        yield "fine-tuned", f"a model of recipe {recipe['name']} (seed {own.base['seed']})"
    else:
        yield "recipe", f"{recipe['name']} (epochs {recipe['epochs']}, seed {metrics.seed})"
    yield "parameters", f"{metrics.parameters:,}"
    yield "training data", metrics.training_data
    for note in metrics.notes:
        yield "data", note
    if before := foreign.test if foreign else own.base_test if own else None:
        yield "test before", f"{before}"
    yield "test accuracy", f"{metrics.test}"
    yield "held out", f"{metrics.validation}"
    if own:
        yield "own digits", _compared(own)
    yield "time", f"{metrics.seconds:.0f} s ({metrics.cpu_seconds:.0f} s of CPU)"


def _compared(own: OwnRecord) -> str:
    learnt = f"{own.learnt} learnt"
    if own.after is None:
        return f"{learnt}; none held out to measure with (that takes five pictures of a digit)"
    before = f"before {own.before}, now " if own.before else ""
    return f"{learnt}; of those held out: {before}{own.after}"


def _size(path: Path) -> str:
    return f"{path.stat().st_size / 1000:,.0f} kB"


def _show(out: Path) -> None:
    if sys.platform == "linux" and not (os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")):
        click.echo(f"There is no display to show the plots on: they are in {out}.", err=True)
        return
    for name in _PLOTS:
        click.launch(str(out / name))
