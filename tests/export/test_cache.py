"""An export after which nothing has changed converts and scores nothing; whatever has changed is done anew."""

from __future__ import annotations

import dataclasses
import itertools
import json
import os
import pickle
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from edgedigits_export import cache
from edgedigits_export.cache import CACHE, Cache, open_cache
from edgedigits_export.check import evidence
from edgedigits_export.convert.formats import FORMATS
from edgedigits_export.exporting import export_bundle
from edgedigits_export.options import ExportOptions
from edgedigits_export.source import TrainedModel

EDGEDIGITS = Path(sys.executable).parent / "edgedigits"
NAMES = ["onnx-int8", "tflite-int8", "onnx-float32"]


class Counter:
    """Counts conversions and scorings."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.converted: list[str] = []
        self.scored = 0
        for name in NAMES:
            monkeypatch.setitem(FORMATS, name, dataclasses.replace(FORMATS[name], convert=self._counted(name)))
        run = evidence._run_scoring

        def counted(python: Path, *arguments: str) -> str:
            self.scored += arguments != ("--engines",)
            return run(python, *arguments)

        monkeypatch.setattr(evidence, "_run_scoring", counted)

    def _counted(self, name: str):  # type: ignore[no-untyped-def]
        convert = FORMATS[name].convert

        def counted(trained: TrainedModel) -> bytes:
            self.converted.append(name)
            return convert(trained)

        return counted

    def take(self) -> tuple[list[str], int]:
        """Return what was done since the last time."""
        taken = self.converted, self.scored
        self.converted, self.scored = [], 0
        return taken


@pytest.fixture
def counter(monkeypatch: pytest.MonkeyPatch) -> Counter:
    return Counter(monkeypatch)


@pytest.fixture
def training(small_training: Path, tmp_path: Path) -> Path:
    """A training that was never exported."""
    return Path(shutil.copytree(small_training, tmp_path / "train", ignore=shutil.ignore_patterns(CACHE)))


def export(training: Path, names: list[str], force: bool = False) -> bytes:
    out = training.parent / "bundle"
    export_bundle(training, out, ExportOptions([FORMATS[name] for name in names], force=force))
    return (out / "manifest.json").read_bytes()


def test_what_has_not_changed_is_done_once(training: Path, counter: Counter) -> None:
    start = time.perf_counter()
    first = export(training, NAMES)
    duration = time.perf_counter() - start
    assert counter.take() == (NAMES, 4)

    start = time.perf_counter()
    assert export(training, NAMES) == first, "the evidence stays with the files"
    assert counter.take() == ([], 0)
    assert time.perf_counter() - start < duration / 2

    export(training, NAMES[:2], force=True)
    assert counter.take() == (NAMES[:2], 2)


def test_a_format_more_is_converted_alone(training: Path, counter: Counter) -> None:
    export(training, NAMES[:1])
    counter.take()
    export(training, NAMES)
    assert counter.take() == (NAMES[1:], 3)


@pytest.mark.parametrize("change", ["the training", "a tool", "the code"])
def test_what_has_changed_is_done_anew(
    change: str, training: Path, counter: Counter, monkeypatch: pytest.MonkeyPatch
) -> None:
    export(training, NAMES[:1])
    counter.take()
    if change == "the training":
        path = training / "metrics.json"
        path.write_text(json.dumps({**json.loads(path.read_text()), "seed": 7}))
    elif change == "a tool":
        monkeypatch.setattr(cache, "tool_versions", lambda: {"tensorflow": "9.9"})
    else:
        monkeypatch.setattr(cache, "_sources", lambda: [b"changed"])
    export(training, NAMES[:1])
    assert counter.take() == (NAMES[:1], 1)
    assert len(list((training / CACHE).iterdir())) == 1, "results of another key are of no more use"


def test_a_file_that_was_damaged_in_the_bundle_is_not_taken_from_there(training: Path) -> None:
    export(training, NAMES[:1])
    path = training.parent / "bundle" / "digits-int8.onnx"
    content = path.read_bytes()
    path.write_bytes(b"damaged")
    export(training, NAMES[:1])
    assert path.read_bytes() == content


def test_a_format_of_the_same_name_that_does_otherwise_is_not_taken_for_it(training: Path, tmp_path: Path) -> None:
    export(training, NAMES[:1])
    format = FORMATS["onnx-int8"]
    other = dataclasses.replace(format, convert=FORMATS["onnx-float32"].convert)
    made = export_bundle(training, tmp_path / "other", ExportOptions([other], allowed=[other]))
    assert made.files[0].size > 30_000


def test_what_fails_is_not_remembered(tmp_path: Path) -> None:
    memory = Cache(tmp_path)
    with pytest.raises(ZeroDivisionError):
        memory.remember("result", lambda: bytes([1 // 0]))
    assert memory.remember("result", lambda: b"made") == b"made"
    assert memory.remember("result", lambda: b"made again") == b"made"
    assert [path.name for path in tmp_path.iterdir()] == ["result"]


DAMAGE: dict[str, Callable[[bytes], bytes]] = {
    "empty, as after a power cut": lambda _: b"",
    "half": lambda content: content[: len(content) // 2],
    "other bytes": lambda content: bytes(byte ^ 0x55 for byte in content),
    "a pickle": lambda _: pickle.dumps({"glyphs": 7}),
    "without its digest": lambda content: content[32:],
}


@pytest.mark.parametrize("damage", DAMAGE)
def test_a_damaged_entry_is_made_anew_and_said(tmp_path: Path, damage: str) -> None:
    said: list[str] = []
    memory = Cache(tmp_path, said.append)
    memory.remember("layers.json", lambda: b"[1, 2, 3]")
    path = tmp_path / "layers.json"
    path.write_bytes(DAMAGE[damage](path.read_bytes()))
    assert memory.remember("layers.json", lambda: b"[1, 2, 3]") == b"[1, 2, 3]"
    assert said == [f"{path} was damaged; it is made anew."]
    assert memory.remember("layers.json", lambda: b"not again") == b"[1, 2, 3]"
    assert len(said) == 1


def test_an_export_heals_its_cache(training: Path) -> None:
    def run() -> subprocess.CompletedProcess[str]:
        command = [EDGEDIGITS, "export", "--from", training, "--out", training.parent / "bundle"]
        return subprocess.run([*command, "--formats", "onnx-float32"], capture_output=True, text=True, check=False)

    assert "damaged" not in run().stderr
    entries = [path for path in (training / CACHE).rglob("*") if path.is_file()]
    assert len(entries) >= 4
    for path, damage in zip(entries, itertools.cycle(DAMAGE.values()), strict=False):
        path.write_bytes(damage(path.read_bytes()))
    again = run()
    assert again.returncode == 0
    assert again.stderr.count("was damaged; it is made anew") == again.stderr.count("Note: ") >= 3
    assert "damaged" not in run().stderr


def test_what_a_killed_export_left_is_removed(tmp_path: Path) -> None:
    folder = open_cache(tmp_path, b"").folder
    assert folder
    left, young = folder / ".unfinished-old", folder / ".unfinished-new"
    left.touch()
    young.touch()
    os.utime(left, (0, 0))
    assert open_cache(tmp_path, b"").folder == folder
    assert list(folder.iterdir()) == [young]


def test_a_training_that_cannot_be_written_to_is_exported_without(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    assert open_cache(tmp_path / "file", b"").remember("result", lambda: b"made") == b"made"
