"""Recipes as files, and one-off changes."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path

import pytest
from click.testing import CliRunner

from edgedigits.errors import InputError
from edgedigits_train.recipe_files import FIELDS, change_recipe, format_recipe, load_recipe, parse_changes, recipe_of
from edgedigits_train.recipes import RECIPES
from edgedigits_train.recipes_cli import recipes


@pytest.mark.parametrize("name", RECIPES)
def test_what_is_shown_is_the_recipe(name: str, tmp_path: Path) -> None:
    file = tmp_path / f"{name}.toml"
    file.write_text(CliRunner().invoke(recipes, ["show", name]).stdout, encoding="utf-8")
    assert load_recipe(str(file)) == RECIPES[name]


def test_every_field_is_shown_with_its_comment() -> None:
    text = format_recipe(RECIPES["default"])
    for field in FIELDS:
        (line,) = [line for line in text.splitlines() if line.lstrip("# ").startswith(f"{field.rpartition('.')[2]} =")]
        assert FIELDS[field].summary in line
        assert FIELDS[field].bounds in line


@pytest.mark.parametrize("name", RECIPES)
def test_a_recipe_survives_json(name: str) -> None:
    assert recipe_of(json.loads(json.dumps(asdict(RECIPES[name])))) == RECIPES[name]


def test_a_file_holds_only_what_is_changed(tmp_path: Path) -> None:
    file = tmp_path / "mine.toml"
    file.write_text('like = "tiny"\nepochs = 3\npatience = 2\n[augmentation]\nrotation = 25\n')
    mine = load_recipe(str(file))
    assert (mine.name, mine.epochs, mine.patience, mine.augmentation.rotation) == ("mine", 3, 2, 25)
    assert mine.widths == RECIPES["tiny"].widths


def test_fields_are_set_one_by_one() -> None:
    changes = parse_changes(["dropout=0.3", "widths=16,32,64", "rotation=20", "additions.outliers=0", "optimizer=sgd"])
    changed = change_recipe(RECIPES["quick"], changes)
    assert changed.dropout == 0.3
    assert changed.widths == ((16,), (32, 64))
    assert change_recipe(changed, parse_changes(["widths=16,24;32"])).widths == ((16, 24), (32,))
    assert changed.augmentation.rotation == 20
    assert changed.additions.outliers == 0
    assert changed.optimizer == "sgd"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("dropuot=0.3", "no field 'dropuot'; did you mean dropout?"),
        ("rotatoin=3", "did you mean augmentation.rotation?"),
        ("xyz=3", "there are widths, epochs"),
        ("dropout", "write field=value"),
        ("dropout=much", "must be a number, 0 to 0.95"),
        ("dropout=1.5", "must be 0 to 0.95"),
        ("epochs=2.5", "whole number, 1 to 10,000"),
        ("learning_rate=0", "must be more than 0 to 10"),
        ("learning_rate=nan", "must be a number, more than 0 to 10"),
        ("optimizer=adam", "must be muon or sgd"),
        ("widths=16,x", "write channels with commas"),
        ("widths=16", "at least one convolution"),
        ("widths=0,16", "must be 1 to 1,024"),
    ],
)
def test_a_wrong_setting_says_what_is_right(text: str, message: str) -> None:
    with pytest.raises(InputError) as refused:
        change_recipe(RECIPES["quick"], parse_changes([text]))
    assert message in str(refused.value)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "cannot be read"),
        ("epochs = ", "is no TOML"),
        ('like = "quack"', "like = 'quack': it must be quick"),
        ("[augmentatoin]\nblur = 1", "no table [augmentatoin]; did you mean augmentation?"),
        ("epoch = 3", "no field 'epoch'; did you mean epochs?"),
        ("epochs = true", "must be a whole number"),
    ],
)
def test_a_file_that_is_no_recipe_says_why(content: str | None, message: str, tmp_path: Path) -> None:
    file = tmp_path / "mine.toml"
    if content is not None:
        file.write_text(content)
    with pytest.raises(InputError) as refused:
        load_recipe(str(file))
    assert message in str(refused.value)
    assert str(file) in str(refused.value)


def test_a_name_that_is_no_recipe_suggests_one() -> None:
    with pytest.raises(InputError, match="did you mean quick"):
        load_recipe("quik")


def test_the_page_network_is_named_where_a_recipe_is_unknown() -> None:
    from edgedigits_train.cli import train

    wrong = CliRunner().invoke(train, ["--recipe", "pge"])
    assert wrong.exit_code == 2
    assert "it is quick, tiny, default, best, page, or a .toml file; did you mean page?" in wrong.stderr


def test_the_page_network_is_no_file() -> None:
    shown = CliRunner().invoke(recipes, ["show", "page"])
    assert isinstance(shown.exception, InputError)
    assert "`edgedigits train --recipe page`" in str(shown.exception)


def test_the_recipes_are_listed() -> None:
    listed = CliRunner().invoke(recipes, ["list"]).stdout.splitlines()
    assert [line.split()[0] for line in listed] == list(RECIPES)
