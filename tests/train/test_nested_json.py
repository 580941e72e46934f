"""Files that a user may name are JSON nested without end: one line says that they are damaged."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from edgedigits.errors import InputError

NESTED = "[" * 200_000 + "]" * 200_000


def photos(folder: Path) -> object:
    from edgedigits_train.evaluation.photos import load_photos

    return load_photos(folder)


def model_to_evaluate(folder: Path) -> object:
    from edgedigits_train.evaluation.models import open_model

    return open_model(folder)


def model_to_tune(folder: Path) -> object:
    from edgedigits_train.fit.fine_tuning import load_base

    return load_base(folder)


def model_to_export(folder: Path) -> object:
    from edgedigits_export.source import TrainedModel

    return TrainedModel.load(folder)


@pytest.mark.parametrize("load", [photos, model_to_evaluate, model_to_tune, model_to_export])
@pytest.mark.parametrize("content", [NESTED, "[]", '"text"', "[7]"], ids=["nested", "list", "text", "numbers"])
def test_it_is_named_in_one_line(load: Callable[[Path], object], content: str, tmp_path: Path) -> None:
    (tmp_path / "digits.keras").write_bytes(b"no model")
    for name in ("truth.json", "metrics.json"):
        (tmp_path / name).write_text(content)
    if load is photos and content == "[]":
        assert load(tmp_path) == []
        return
    with pytest.raises(InputError, match="truth.json|metrics.json") as error:
        load(tmp_path)
    assert "\n" not in str(error.value)
