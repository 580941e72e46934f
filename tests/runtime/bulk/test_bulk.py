"""Photos on a real cluster of two workers: a row each, whatever becomes of one, and nothing twice."""

from __future__ import annotations

import os
import pickle
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from edgedigits import Expectation, InputError, Reader
from tests.conftest import ROOT

pa = pytest.importorskip("pyarrow", reason="needs the extra `dask`")
pytest.importorskip("distributed", reason="needs the extra `dask`")

import pyarrow.dataset  # noqa: E402
from distributed import Client, LocalCluster  # noqa: E402

from edgedigits.bulk import SCHEMA, ReadBatch, Summary, read_photos  # noqa: E402

PHOTOS = sorted(path for path in (ROOT / "Images").iterdir() if path.suffix in (".png", ".jpg", ".jpeg"))[:12]


@pytest.fixture(scope="module")
def client() -> Iterator[Client]:
    with (
        LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None) as cluster,
        Client(cluster) as connected,
    ):
        yield connected


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    """A folder of photos, two of which are none."""
    folder = tmp_path / "photos"
    (folder / "below").mkdir(parents=True)
    for path in PHOTOS:
        shutil.copy(path, folder / "below" if path.name.startswith("s") else folder)
    (folder / "damaged.png").write_bytes(PHOTOS[0].read_bytes()[:100])
    (folder / "empty.jpg").touch()
    (folder / "notes.txt").write_text("no photo")
    return folder


def rows(folder: Path) -> dict[str, dict[str, object]]:
    table = pyarrow.dataset.dataset(folder, format="parquet").to_table()
    assert table.schema.equals(SCHEMA)
    listed = table.to_pylist()
    assert len(listed) == len({row["path"] for row in listed}), "a photo has two rows"
    return {str(row["path"]): row for row in listed}


def test_every_photo_has_its_row(client: Client, photos: Path, tmp_path: Path) -> None:
    told: list[tuple[int, int]] = []
    summary = read_photos(client, photos, tmp_path / "out", batch=3, progress=lambda *done: told.append(done))
    assert summary == Summary(len(PHOTOS) + 2, 0, 2)
    assert told[0] == (0, summary.photos)
    assert told[-1] == (summary.photos, summary.photos)
    found = rows(tmp_path / "out")
    assert len(found) == summary.photos
    assert {Path(path).name for path, row in found.items() if row["error"]} == {"damaged.png", "empty.jpg"}
    reader = Reader()
    for path, row in found.items():
        if row["error"]:
            assert row["text"] is None
            continue
        reading = reader.read(path)
        assert row["text"] == reading.text
        assert row["digits"] is not None
        assert [digit["value"] for digit in row["digits"]] == [digit.value for digit in reading.digits]  # type: ignore[attr-defined]
        if reading.digits:
            x, y, width, height = reading.digits[0].box
            first = row["digits"][0]  # type: ignore[index]
            assert (first["x"], first["y"], first["width"], first["height"]) == (x, y, width, height)
            assert row["confidence"] == pytest.approx(min(digit.confidence for digit in reading.digits), abs=1e-3)


def test_it_goes_on_where_it_ended(client: Client, photos: Path, tmp_path: Path) -> None:
    some = sorted(str(path) for path in photos.rglob("*.png"))[:4]
    out = tmp_path / "out"
    assert read_photos(client, some, out, batch=2).before == 0
    before = {path: path.stat().st_mtime_ns for path in out.iterdir()}
    summary = read_photos(client, photos, out, batch=5)
    assert summary == Summary(len(PHOTOS) + 2, 4, summary.failed)
    assert {path: path.stat().st_mtime_ns for path in before} == before, "what was there stays as it is"
    assert len(rows(out)) == summary.photos
    assert read_photos(client, photos, out).before == summary.photos
    with pytest.raises(InputError, match="another model or of other settings"):
        read_photos(client, photos, out, read=ReadBatch(expect=Expectation(length=4)))


SCRIPT = """
import sys
from pathlib import Path
from distributed import Client, LocalCluster
from edgedigits.bulk import read_photos
with LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None) as cluster, Client(cluster) as client:
    read_photos(client, sys.argv[1], sys.argv[2], batch=2, progress=lambda done, total: print(done, flush=True))
"""


def test_a_run_that_was_killed_leaves_whole_files(client: Client, photos: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    run = subprocess.Popen(
        [sys.executable, "-c", SCRIPT, photos, out], stdout=subprocess.PIPE, text=True, start_new_session=True
    )
    assert run.stdout is not None
    try:
        while int(run.stdout.readline()) < 4:
            pass
    finally:
        os.killpg(run.pid, signal.SIGKILL)
        run.wait()
    kept = rows(out)
    assert 4 <= len(kept) <= len(PHOTOS) + 2
    summary = read_photos(client, photos, out)
    assert summary.before == len(kept)
    assert len(rows(out)) == summary.photos


class Deadly(ReadBatch):
    """Ends its process at one photo, as a decoder may that crashes."""

    def __call__(self, batch):  # type: ignore[no-untyped-def]
        if any("deadly" in path for path in batch["path"]):
            os._exit(1)
        return super().__call__(batch)


def test_a_photo_that_kills_its_worker_gets_a_row(photos: Path, tmp_path: Path) -> None:
    import dask

    shutil.copy(PHOTOS[0], photos / "deadly.png")
    with (
        dask.config.set({"distributed.scheduler.allowed-failures": 0}),
        LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None) as cluster,
        Client(cluster) as client,
    ):
        summary = read_photos(client, photos, tmp_path / "out", read=Deadly(), batch=4)
    assert summary.failed == 3
    found = rows(tmp_path / "out")
    assert len(found) == summary.photos
    assert "the process that read it died" in str(found[str(photos / "deadly.png")]["error"])


def test_a_batch_is_read_without_any_cluster_and_after_pickling(photos: Path) -> None:
    read = pickle.loads(pickle.dumps(ReadBatch(threshold=0.0)))
    paths = [str(photos / "damaged.png"), str(PHOTOS[0]), str(photos)]
    table = read({"path": paths})
    assert table.schema.equals(SCHEMA)
    assert table["path"].to_pylist() == paths
    assert [error is None for error in table["error"].to_pylist()] == [False, True, False]
    assert table["text"].to_pylist()[1] == Reader().read(PHOTOS[0]).text


def test_nothing_to_read_is_said(client: Client, tmp_path: Path) -> None:
    for photos in (tmp_path, tmp_path / "gone", []):
        with pytest.raises(InputError, match="names no photos"):
            read_photos(client, photos, tmp_path / "out")
    (tmp_path / "file").touch()
    with pytest.raises(InputError, match="cannot be written"):
        read_photos(client, PHOTOS, tmp_path / "file")


def test_reading_imports_nothing_of_it() -> None:
    code = "import sys; from edgedigits.__main__ import main\ntry: main(['predict', sys.argv[1]])\nfinally: "
    code += "print(sorted({'dask', 'distributed', 'pyarrow', 'tornado', 'paho'} & set(sys.modules)))"
    run = subprocess.run([sys.executable, "-c", code, PHOTOS[0]], capture_output=True, text=True, check=False)
    assert run.stdout.splitlines()[-1] == "[]"
