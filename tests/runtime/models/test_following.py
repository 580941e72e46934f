"""A running reader takes up a model that is installed meanwhile, and misses no picture."""

from __future__ import annotations

import json
import shutil
import time
from pathlib import Path

import pytest

from edgedigits import Reader
from edgedigits.bundle import BUNDLED, MANIFEST, Bundle
from edgedigits.models import Store
from edgedigits.models.following import FollowingReader, open_reader
from edgedigits.proof import PHOTO

PATIENCE = 60


def colder(folder: Path, temperature: float) -> Path:
    """Copy the bundled model as one that is as good, and told apart by its confidences."""
    shutil.copytree(BUNDLED, folder)
    manifest = json.loads((folder / MANIFEST).read_text())
    (folder / MANIFEST).write_text(json.dumps({**manifest, "temperature": temperature}))
    return folder


def install(store: Store, bundle: Path) -> None:
    store.install(str(bundle), lambda folder: Bundle.load(folder).verify())


def test_every_picture_is_read_with_the_old_or_the_new_model(tmp_path: Path) -> None:
    store = Store(tmp_path / "models")
    new = colder(tmp_path / "new", 2.0)
    expected = [[digit.confidence for digit in Reader(bundle).read(PHOTO).digits] for bundle in (None, new)]
    assert expected[0] != expected[1]
    reader = FollowingReader(store)
    seen = [[digit.confidence for digit in reader.read(PHOTO).digits]]
    install(store, new)
    end = time.monotonic() + PATIENCE
    while seen[-1] == expected[0] and time.monotonic() < end:
        seen.append([digit.confidence for digit in reader.read(PHOTO).digits])
    assert seen[-1] == expected[1], "the new model was not taken up"
    assert seen[:-1] == [expected[0]] * (len(seen) - 1)
    assert reader.bundle.temperature == 2.0


def test_a_model_that_does_not_open_leaves_the_one_in_use(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("edgedigits.models.following._LOOK_EVERY", 0.0)
    store = Store(tmp_path / "models")
    install(store, colder(tmp_path / "first", 2.0))
    reader = FollowingReader(store)
    second = store.root / "versions" / "broken"
    shutil.copytree(tmp_path / "first", second)
    for model in second.glob("*.*nn*"):
        model.write_bytes(b"")
    for model in second.glob("*.tflite"):
        model.write_bytes(b"")
    (store.root / "current").unlink()
    (store.root / "current").symlink_to("versions/broken")
    for _ in range(20):
        assert reader.read(PHOTO).text
        time.sleep(0.05)
    assert reader.bundle.path.name != "broken"


def test_a_bundle_that_was_named_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EDGEDIGITS_MODELS", str(tmp_path / "models"))
    assert type(open_reader(BUNDLED)) is Reader
    assert type(open_reader(None)) is FollowingReader
