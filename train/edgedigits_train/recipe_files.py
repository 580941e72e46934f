"""Recipes as files: TOML with every field, its comment, unit and bounds; and one-off changes of a recipe.

A file names the recipe that it starts from, so that it may hold only what is changed:

    like = "default"
    epochs = 30
    [augmentation]
    rotation = 25
"""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, is_dataclass, replace
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from edgedigits.errors import InputError
from edgedigits_train.data.augmentation import Augmentation
from edgedigits_train.recipes import RECIPES, Additions, Distillation, Recipe

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib


@dataclass(frozen=True)
class Field:
    """What may be written for a field of a recipe.

    Attributes:
        summary: what it is, with its unit.
        low: the least value.
        high: the greatest.
        whole: whether it is a whole number.
        choices: the words that it may be; () for a number.
        exclusive: whether `low` itself is too little.
    """

    summary: str
    low: float = 0
    high: float = 1
    whole: bool = False
    choices: tuple[str, ...] = ()
    exclusive: bool = False

    def check(self, name: str, value: Any) -> Any:
        """Return the value, or refuse it.

        Raises:
            InputError: it is of another kind, or out of bounds.
        """
        if self.choices:
            if value not in self.choices:
                raise InputError(f"{name} = {value!r}: it must be {' or '.join(self.choices)}.")
            return value
        number = isinstance(value, int | float) and not isinstance(value, bool)
        if not number or (self.whole and value != int(value)):
            raise InputError(f"{name} = {value!r}: it must be a {'whole ' if self.whole else ''}number, {self.bounds}.")
        if not (self.low < value if self.exclusive else self.low <= value) or value > self.high:
            raise InputError(f"{name} = {value}: it must be {self.bounds}.")
        return int(value) if self.whole else float(value)

    @property
    def bounds(self) -> str:
        """The bounds in words."""
        if self.choices:
            return " or ".join(self.choices)
        return f"{'more than ' if self.exclusive else ''}{self.low:,} to {self.high:,}"


_WIDTH = Field("channels of a convolution", 1, 1024, whole=True)
_GLYPHS = 1_000_000

FIELDS: Mapping[str, Field] = {
    "epochs": Field("passes over the training glyphs", 1, 10_000, whole=True),
    "patience": Field(
        "epochs without a lower held-out loss after which the training ends early", 1, 10_000, whole=True
    ),
    "batch": Field("glyphs a step", 1, 10_000, whole=True),
    "optimizer": Field("Muon, or SGD with Nesterov momentum", choices=("muon", "sgd")),
    "learning_rate": Field("the highest, reached after the warm-up", 0, 10, exclusive=True),
    "warm_up": Field("share of the steps over which the learning rate rises", 0, 1),
    "weight_decay": Field("a step, relative to the learning rate", 0, 1),
    "averaging": Field("momentum a step of the moving average of the weights", 0, 0.9999),
    "dropout": Field("share of features dropped before the dense layer", 0, 0.95),
    "training_images": Field(
        "images of the dataset to train on, class-balanced; all where left out", 10, _GLYPHS, True
    ),
    "additions.captured": Field("glyphs written with other pens and taken out of photos", 0, _GLYPHS, True),
    "additions.soiled": Field("glyphs in poor pictures", 0, _GLYPHS, True),
    "additions.severed": Field("glyphs cut from others that they touched", 0, _GLYPHS, True),
    "additions.written": Field("synthetic digits in every letterform", 0, _GLYPHS, True),
    "additions.lookalikes": Field("synthetic digits that are easily taken for another", 0, _GLYPHS, True),
    "additions.characters": Field("synthetic letters and signs, which are no digits", 0, _GLYPHS, True),
    "additions.outliers": Field("whatever else is no digit", 0, _GLYPHS, True),
    "augmentation.rotation": Field("degrees to either side", 0, 180),
    "augmentation.shear": Field("horizontal, pixels a pixel, to either side", 0, 2),
    "augmentation.scale": Field("relative, of each axis, to either side", 0, 1),
    "augmentation.shift": Field("pixels to either side", 0, 14),
    "augmentation.elastic": Field("root mean square of the elastic displacement, pixels", 0, 10),
    "augmentation.thinner": Field("how much of one pixel strokes lose", 0, 1),
    "augmentation.thicker": Field("how much of two pixels strokes gain", 0, 1),
    "augmentation.blur": Field("share of a blur of one pixel that is mixed in", 0, 1),
    "augmentation.contrast": Field("relative change of the ink's level, to either side", 0, 1),
}
"""The fields of a recipe that are numbers or words, by their names in a file."""

_WIDTHS = "widths"
_TABLES = {"additions": Additions, "augmentation": Augmentation}


def load_recipe(name: str, others: Sequence[str] = ()) -> Recipe:
    """Return a recipe by its name, or that of a TOML file.

    Args:
        name: or a path that ends in .toml.
        others: names of another kind, which the caller would have taken too.

    Raises:
        InputError: there is no such recipe or file, or the file says something else than a recipe.

    Example:
        >>> load_recipe("quick").epochs
        5
    """
    if name in RECIPES:
        return RECIPES[name]
    path = Path(name)
    if path.suffix.lower() != ".toml":
        names = [*RECIPES, *others]
        near = get_close_matches(name, names, 1)
        meant = f"; did you mean {near[0]}?" if near else ""
        raise InputError(f"There is no recipe {name!r}: it is {', '.join(names)}, or a .toml file{meant}")
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except OSError as error:
        raise InputError(
            f"{path} cannot be read ({error.strerror}); `edgedigits recipes show default > {path}` makes one."
        ) from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise InputError(f"{path} is no TOML: {error}.") from error
    try:
        like = table.pop("like", "default")
        if like not in RECIPES:
            raise InputError(f"like = {like!r}: it must be {', '.join(RECIPES)}.")
        return change_recipe(replace(RECIPES[like], name=path.stem), _flat(table))
    except InputError as error:
        raise InputError(f"{path}: {error}") from None


def parse_changes(texts: Sequence[str]) -> dict[str, Any]:
    """Return changes written as `field=value`, such as `dropout=0.3` or `widths=16,32,64`.

    Raises:
        InputError: a text is none.
    """
    changes = {}
    for text in texts:
        name, sign, value = (part.strip() for part in text.partition("="))
        if not sign or not name or not value:
            raise InputError(f"--set {text}: write field=value, such as dropout=0.3.")
        changes[name] = _parse(name, value)
    return changes


def change_recipe(recipe: Recipe, changes: Mapping[str, Any]) -> Recipe:
    """Return a recipe with other values of some fields.

    Args:
        recipe: what is changed.
        changes: by the names of `FIELDS`; `widths` are channels of convolutions at 14×14 pixels, and of those at 7×7;
            additions and augmentations may be named without their table.

    Raises:
        InputError: there is no such field, or its value is out of bounds.

    Example:
        >>> change_recipe(RECIPES["quick"], {"rotation": 25}).augmentation.rotation
        25.0
    """
    for name, value in changes.items():
        if name == _WIDTHS:
            recipe = replace(recipe, widths=_widths(value))
            continue
        full = _full_name(name)
        checked = FIELDS[full].check(name, value)
        table, _, field = full.rpartition(".")
        if table:
            recipe = replace(recipe, **{table: replace(getattr(recipe, table), **{field: checked})})
        else:
            recipe = replace(recipe, **{field: checked})
    return recipe


def recipe_of(record: Mapping[str, Any]) -> Recipe:
    """Return the recipe of a record that `dataclasses.asdict` made, which may have gone through JSON."""
    values = dict(record)
    values["widths"] = tuple(tuple(widths) for widths in record["widths"])
    values["additions"] = Additions(**record["additions"])
    values["augmentation"] = Augmentation(**record["augmentation"])
    if record.get("distillation"):
        distillation = dict(record["distillation"])
        distillation["teachers"] = tuple(recipe_of(teacher) for teacher in distillation["teachers"])
        values["distillation"] = Distillation(**distillation)
    return Recipe(**values)


def format_recipe(recipe: Recipe) -> str:
    """Return a recipe as a TOML file, with a comment on every field."""
    lines = [
        f"# The recipe {recipe.name}, for `edgedigits train --recipe FILE.toml`; what is left out is as in `like`.",
        f'like = "{recipe.name if recipe.name in RECIPES else "default"}"',
        "",
        "# channels of the convolutions at 14×14 pixels, and of those at 7×7; the first is best a multiple of 16",
        f"widths = {[list(widths) for widths in recipe.widths]}",
        *_fields(recipe, ""),
    ]
    for name in _TABLES:
        lines += ["", f"[{name}]", *_fields(getattr(recipe, name), f"{name}.")]
    if recipe.distillation:
        count = len(recipe.distillation.teachers)
        lines += ["", f"# It learns from {count} larger networks, which are trained first: as in `like`, not here."]
    return "\n".join(lines) + "\n"


def _fields(values: Any, prefix: str) -> list[str]:
    assert is_dataclass(values)
    lines = []
    for field in fields(values):
        name, value = f"{prefix}{field.name}", getattr(values, field.name)
        if name in FIELDS:
            about = FIELDS[name]
            shown = f'"{value}"' if isinstance(value, str) else value
            setting = f"{field.name} = {shown}" if value is not None else f"# {field.name} = {about.low:g}"
            lines.append(f"{setting:<24} # {about.summary}; {about.bounds}")
    return lines


def _flat(table: Mapping[str, Any]) -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for name, value in table.items():
        if isinstance(value, dict):
            if name not in _TABLES:
                raise InputError(f"there is no table [{name}]{_meant(name, _TABLES)}")
            flat |= {f"{name}.{below}": each for below, each in value.items()}
        else:
            flat[name] = value
    return flat


def _parse(name: str, value: str) -> Any:
    if name == _WIDTHS:
        return value
    try:
        return float(value) if any(mark in value for mark in ".eE") else int(value)
    except ValueError:
        return value


def _widths(value: Any) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Return channels: of two lists; or of one, whose first half, the smaller one, works at 14×14 pixels."""
    try:
        if isinstance(value, str):
            value = [[int(width) for width in part.split(",")] for part in value.split(";")]
        if len(value) == 1:
            value = value[0]
        if all(isinstance(width, int) for width in value):
            half = max(1, len(value) // 2)
            value = [value[:half], value[half:]]
        first, second = ([_WIDTH.check(_WIDTHS, width) for width in part] for part in value)
    except (TypeError, ValueError):
        raise InputError(
            f"widths = {value}: write channels with commas, those at 14×14 pixels and those at 7×7 parted by a"
            " semicolon, such as 16,32;32,64."
        ) from None
    if not first or not second:
        raise InputError("widths: there must be at least one convolution at 14×14 pixels, and one at 7×7.")
    return tuple(first), tuple(second)


def _full_name(name: str) -> str:
    if name in FIELDS:
        return name
    full = [field for field in FIELDS if field.rpartition(".")[2] == name]
    if full:
        return full[0]
    raise InputError(f"there is no field {name!r}{_meant(name, [_WIDTHS, *FIELDS])}")


def _meant(name: str, names: Sequence[str] | Mapping[str, Any]) -> str:
    short = {each.rpartition(".")[2]: each for each in names}
    near = get_close_matches(name.rpartition(".")[2], short, 1, cutoff=0.5)
    return f"; did you mean {short[near[0]]}?" if near else f": there are {', '.join(names)}."
