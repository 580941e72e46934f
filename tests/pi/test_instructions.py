"""Reading takes the instructions that its budget says, within 2 %: no clock, so no noise of a busy machine."""

from __future__ import annotations

import json

import pytest

from tests.pi.emulation import UnavailableError
from tests.pi.instructions import BUDGET, TOLERANCE, Count, compare, count_instructions

SURROUNDINGS = {"engine": "onnxruntime"}


@pytest.mark.parametrize(
    ("number", "kept"), [(1_000_000, True), (1_019_000, True), (1_021_000, False), (979_000, False)]
)
def test_what_is_beyond_the_tolerance_is_told(number: int, kept: bool) -> None:
    budget = {"instructions": {"digit": 1_000_000}, **SURROUNDINGS}
    told = compare(Count({"digit": number}, 0.0, SURROUNDINGS), budget)
    assert (told == []) == kept
    if not kept:
        assert "2.1% of its budget" in told[0]
    assert compare(Count({"digit": 1_000_000}, 0.0, {"engine": "opencv"}), budget) == [
        "engine: 'opencv', the budget is for 'onnxruntime'"
    ]


@pytest.mark.slow
def test_reading_takes_what_its_budget_says() -> None:
    try:
        count = count_instructions()
    except UnavailableError as error:
        pytest.skip(f"instructions cannot be counted here: {error}")
    assert count.spread < TOLERANCE / 2, "the laps differ among themselves"
    assert compare(count, json.loads(BUDGET.read_text())) == []
