"""`edgedigits recipes`: what is trained, and how, as files that can be changed."""

from __future__ import annotations

import click

from edgedigits.errors import InputError
from edgedigits_train.page_network.recipe import PAGE
from edgedigits_train.recipes import RECIPES, Recipe


@click.group()
def recipes() -> None:
    """List the recipes, or write one as a file to change.

    \b
    Examples:
      edgedigits recipes list
      edgedigits recipes show default > my.toml
    """


@recipes.command("list")
def list_recipes() -> None:
    """List the recipes that there are, with their sizes.

    \b
    Examples:
      edgedigits recipes list
    """
    width = max(len(name) for name in RECIPES)
    for name, recipe in RECIPES.items():
        click.echo(f"{name:<{width}}  {_summary(recipe)}")


@recipes.command("show")
@click.argument("name", metavar="RECIPE")
def show_recipe(name: str) -> None:
    """Print a recipe as TOML, with every field, its unit and bounds; `edgedigits train --recipe` takes such a file.

    \b
    Examples:
      edgedigits recipes show default > my.toml
    """
    from edgedigits_train.recipe_files import format_recipe, load_recipe

    if name == PAGE.name:
        raise InputError(
            f"The recipe {name!r} is no file: `edgedigits train --recipe {name}` takes --pages, --epochs, --batch and"
            " --learning-rate."
        )
    click.echo(format_recipe(load_recipe(name)), nl=False)


def _summary(recipe: Recipe) -> str:
    widths = " | ".join(" ".join(map(str, part)) for part in recipe.widths)
    images = f"{recipe.training_images:,} images" if recipe.training_images else "all images"
    teachers = f", {len(recipe.distillation.teachers)} teachers" if recipe.distillation else ""
    return f"{recipe.epochs} epochs of {images}, convolutions {widths}{teachers}"
