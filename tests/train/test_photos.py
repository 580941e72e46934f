"""Scoring readers on folders of photos: what counts as right, and how groups are averaged."""

from __future__ import annotations

import json
from pathlib import Path

import cv2
import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from edgedigits.digit import Digit
from edgedigits.errors import InputError
from edgedigits.reading import Reading
from edgedigits_train.evaluation.photos import (
    Photo,
    edit_distance,
    load_photos,
    read_photos,
    score_digits,
    summarise,
)
from edgedigits_train.photos_cli import evaluate_photos
from tests.runtime.samples import draw_text

digit_lists = st.lists(st.integers(0, 9), max_size=8)


def photo(digits: str, *, ordered: bool = True, tier: str = "core", group: str = "a", optional: str = "") -> Photo:
    return Photo(
        Path(f"{group}.jpg"), tuple(map(int, digits)), ordered, tier, ("paper",), group, tuple(map(int, optional))
    )


def found(text: str) -> Reading:
    return Reading(tuple(Digit(int(c), 1.0, (0, 0, 1, 1)) for c in text), (10, 10))


def test_everything_right_is_exact() -> None:
    score = score_digits([1, 2, 3], photo("123"))
    assert (score.exact, score.similarity, score.precision, score.recall, score.f1, score.invented) == (
        1,
        1,
        1,
        1,
        1,
        0,
    )


def test_order_counts_only_where_there_is_one() -> None:
    assert score_digits([3, 2, 1], photo("123")).exact == 0
    assert score_digits([3, 2, 1], photo("123", ordered=False)).exact == 1
    assert score_digits([3, 2, 1], photo("123", ordered=False)).similarity is None


def test_missing_and_invented_digits_are_told_apart() -> None:
    missing, invented = score_digits([1, 2], photo("1234")), score_digits([1, 2, 7, 7], photo("12"))
    assert (missing.precision, missing.recall, missing.invented) == (1, 0.5, 0)
    assert (invented.precision, invented.recall, invented.invented) == (0.5, 1, 2)


def test_an_optional_digit_may_be_found_or_not() -> None:
    for digits in ([1, 2], [1, 2, 6]):
        assert score_digits(digits, photo("12", optional="6")).exact == 1
    assert score_digits([1, 2, 7], photo("12", optional="6")).exact == 0


def test_a_photo_without_digits_is_right_when_empty() -> None:
    assert score_digits([], photo("")).exact == 1
    assert score_digits([], photo("")).f1 == 1
    assert score_digits([4], photo("")).f1 == 0
    assert score_digits([4], photo("")).invented == 1


def test_a_group_counts_as_one() -> None:
    readings = {"a": found("12"), "b": found("")}
    photos = [photo("12", group="a"), photo("12", group="b"), photo("12", group="b"), photo("12", group="b")]
    groups, score = summarise(read_photos(photos, lambda path: readings[path.stem]))["core"]
    assert groups == 2
    assert score.exact == 0.5


def test_there_is_a_row_for_each_tier_and_tag() -> None:
    photos = [photo("1", tier="hard", group="a"), photo("1", group="b")]
    table = summarise(read_photos(photos, lambda path: found("1" if path.stem == "a" else "")))
    assert {name: score.exact for name, (_, score) in table.items()} == {"core": 0, "hard": 1, "paper": 0.5}


@given(digit_lists, digit_lists, digit_lists)
def test_edit_distance_is_a_distance(a: list[int], b: list[int], c: list[int]) -> None:
    assert (edit_distance(a, b) == 0) == (a == b)
    assert edit_distance(a, b) == edit_distance(b, a)
    assert edit_distance(a, c) <= edit_distance(a, b) + edit_distance(b, c)
    assert abs(len(a) - len(b)) <= edit_distance(a, b) <= max(len(a), len(b))


@pytest.mark.parametrize("content", ["", "{", "[1]", '[{"digits": [1]}]', '[{"file": "a.png", "digits": ["x"]}]'])
def test_a_damaged_truth_is_named(tmp_path: Path, content: str) -> None:
    (tmp_path / "truth.json").write_text(content)
    with pytest.raises(InputError, match=r"truth\.json is damaged"):
        load_photos(tmp_path)


def test_a_missing_photo_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cannot be read"):
        load_photos(tmp_path)
    (tmp_path / "truth.json").write_text('[{"file": "gone.jpg", "digits": [1]}]')
    with pytest.raises(InputError, match=r"gone\.jpg"):
        load_photos(tmp_path)


def test_the_command_scores_a_folder_and_pictures_its_failures(tmp_path: Path) -> None:
    cv2.imwrite(str(tmp_path / "right.png"), draw_text("5"))
    cv2.imwrite(str(tmp_path / "wrong.png"), draw_text("5"))
    truth = [{"file": "right.png", "digits": [5]}, {"file": "wrong.png", "digits": [2], "tags": ["odd"]}]
    (tmp_path / "truth.json").write_text(json.dumps(truth))
    sheet, details = tmp_path / "failures.png", tmp_path / "details.json"
    run = CliRunner().invoke(
        evaluate_photos, [str(tmp_path), "--verbose", "--failures", str(sheet), "--json", str(details)]
    )
    assert run.exit_code == 0, run.output
    assert "1 of 2 photos not read exactly" in run.output
    assert "wrong.png: 2 read as 5" in run.output
    assert cv2.imread(str(sheet)) is not None
    assert [entry["score"]["exact"] for entry in json.loads(details.read_text())] == [1, 0]
