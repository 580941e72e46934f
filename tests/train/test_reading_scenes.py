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
    ("name", "least"),
    [
        ("plain paper", 0.95),
        ("phone, soft shadow", 0.95),
        ("squared paper", 0.95),
        ("whiteboard, webcam", 0.95),
        ("coloured ink", 0.95),
        ("inverted", 0.95),
        ("small digits", 0.95),
        ("pencil", 0.85),
        ("forms", 0.95),
    ],
)
def test_everyday_writing_is_read(reader: Reader, name: str, least: float) -> None:
    precision, recall, f1 = score(reader.read, EVERYDAY[name], SCENES)
    assert f1 >= least, (precision, recall)


def test_small_digits_are_small() -> None:
    for scene, picture in scenes(EVERYDAY["small digits"], 2):
        assert picture.shape[0] < scene.image.shape[0] / 2
