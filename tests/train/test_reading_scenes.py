"""Rendered photos of everyday writing are read by the bundled model."""

from __future__ import annotations

import runpy
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from edgedigits import Reader

BENCHMARK: dict[str, Any] = runpy.run_path(str(Path(__file__).parents[2] / "benchmarks" / "reading_scenes.py"))
EVERYDAY, scenes = BENCHMARK["EVERYDAY"], BENCHMARK["scenes"]
score: Callable[..., tuple[float, float, float]] = BENCHMARK["score"]
SCENES = 6


@pytest.mark.parametrize(
    "name",
    ["plain paper", "phone, soft shadow", "squared paper", "whiteboard, webcam", "coloured ink", "inverted", "forms"],
)
def test_everyday_writing_is_read(reader: Reader, name: str) -> None:
    precision, recall, f1 = score(reader.read, EVERYDAY[name], SCENES)
    assert f1 >= 0.9, (precision, recall)


def test_small_digits_are_small() -> None:
    for scene, picture in scenes(EVERYDAY["small digits"], 2):
        assert picture.shape[0] < scene.image.shape[0] / 2
