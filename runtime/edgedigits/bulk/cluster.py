"""Photos on a cluster of Dask: each worker opens one reader, and this process writes what they read."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any
from uuid import uuid4

import pyarrow as pa
import pyarrow.dataset
import pyarrow.parquet
from distributed import Client, Future, KilledWorker, WorkerPlugin, as_completed, get_worker

from edgedigits.bulk.batch import SCHEMA, ReadBatch, failed_row
from edgedigits.errors import InputError
from edgedigits.image_kinds import readable_suffixes

_SETTINGS = b"edgedigits"
"""Under which a part's metadata tell what its readings depend on."""
_AHEAD = 2
"""Batches for each thread of the cluster that are handed out before their turn."""


@dataclass(frozen=True)
class Summary:
    """What came of a run.

    Attributes:
        photos: that were named.
        before: of them, those whose readings were there already.
        failed: of the others, those that could not be used; their rows say why.
    """

    photos: int
    before: int
    failed: int


def read_photos(
    client: Client,
    photos: str | Path | Iterable[str | Path],
    folder: str | Path,
    *,
    read: ReadBatch | None = None,
    batch: int = 200,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> Summary:
    """Read photos on a cluster, and write the readings into a folder of Parquet files.

    Run it again to go on where it ended, however that was: what has a row is not read again. A photo that lets its
    worker die is read once more by itself, and gets a row that says so.

    Args:
        client: of the cluster; the photos' paths must be good on its workers.
        photos: a folder, searched with all folders below it, or paths.
        folder: where the files are written, `SCHEMA` each; made where it is missing.
        read: how photos are read; None for the model inside the package.
        batch: photos that a worker reads at a time, and rows of a file.
        progress: is told how many photos have their row, of how many.

    Raises:
        InputError: no photos are named, or the folder holds readings of another model or other settings.

    Example:
        >>> from dask.distributed import LocalCluster
        >>> with LocalCluster(n_workers=1, processes=False, dashboard_address=None) as cluster:
        ...     with Client(cluster) as client:
        ...         read_photos(client, ["gone.jpg"], "readings").failed
        1
    """
    read = read or ReadBatch()
    paths = _list_photos(photos)
    parts = _Parts(Path(folder), read)
    known = parts.known_paths()
    waiting = [path for path in paths if path not in known]
    done, failed = len(paths) - len(waiting), 0
    progress(done, len(paths))
    with _one_reader_a_worker(client, read) as reader:
        for table in _tables(client, reader, _batches(waiting, batch)):
            parts.write(table)
            done += table.num_rows
            failed += table.num_rows - table["error"].null_count
            progress(done, len(paths))
    return Summary(len(paths), len(paths) - len(waiting), failed)


@dataclass(frozen=True)
class _Parts:
    """The files that hold what was read.

    Attributes:
        folder: where they are.
        read: what reads.
    """

    folder: Path
    read: ReadBatch

    def known_paths(self) -> frozenset[str]:
        """Return the photos that have a row, and make the folder where it is missing.

        Raises:
            InputError: the rows were made with another model or other settings, or the folder cannot be written.
        """
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise InputError(f"{self.folder} cannot be written ({error.strerror}); name another folder.") from error
        files = sorted(self.folder.glob("*.parquet"))
        for file in files:
            told = (pyarrow.parquet.read_schema(file).metadata or {}).get(_SETTINGS)
            if told != self._settings():
                raise InputError(
                    f"{file} holds readings of another model or of other settings; name another folder, or remove it."
                )
        if not files:
            return frozenset()
        table = pyarrow.dataset.dataset(files, format="parquet").to_table(columns=["path"])
        return frozenset(table["path"].to_pylist())

    def write(self, table: pa.Table) -> None:
        """Write a file; whoever looks sees all of it or nothing."""
        name = f"readings-{uuid4().hex}.parquet"
        new = self.folder / f".{name}"
        try:
            pyarrow.parquet.write_table(table.replace_schema_metadata({_SETTINGS: self._settings()}), new)
            new.replace(self.folder / name)
        except OSError as error:
            raise InputError(f"{self.folder} cannot be written ({error}); make room and run it again.") from error
        finally:
            new.unlink(missing_ok=True)

    def _settings(self) -> bytes:
        return json.dumps(self.read.settings, sort_keys=True).encode()


class _OneReader(WorkerPlugin):
    """Gives a worker its reader, for as long as it lives.

    Args:
        name: by which tasks find it.
        read: what is pickled once for each worker.
    """

    def __init__(self, name: str, read: ReadBatch) -> None:
        self.name, self.read = name, read

    def setup(self, worker: Any) -> None:
        """Let a worker have as many threads as Dask gave it, and OpenCV none of its own."""
        import cv2

        cv2.setNumThreads(1)


def _read_on_worker(name: str, paths: list[str]) -> pa.Table:
    plugin: _OneReader = get_worker().plugins[name]
    return plugin.read({"path": paths})


@contextmanager
def _one_reader_a_worker(client: Client, read: ReadBatch) -> Iterator[str]:
    """Let each worker have a reader in a `with` block, also those that join later; give the name it is found by."""
    name = f"edgedigits-{uuid4().hex}"
    client.register_plugin(_OneReader(name, read), name=name)
    try:
        yield name
    finally:
        client.unregister_worker_plugin(name)


def _tables(client: Client, reader: str, batches: Iterator[list[str]]) -> Iterator[pa.Table]:
    """Yield what the batches hold, as they are read; so many are under way that no worker waits."""
    under_way: dict[Future, list[str]] = {}
    finished = as_completed()

    def start(paths: list[str]) -> None:
        future = client.submit(_read_on_worker, reader, paths, pure=False)
        under_way[future] = paths
        finished.add(future)

    def refill() -> None:
        room = max(1, _AHEAD * sum(client.nthreads().values())) - len(under_way)
        for paths in islice(batches, max(0, room)):
            start(paths)

    refill()
    for future in finished:
        paths = under_way.pop(future)
        try:
            table = future.result()
        except KilledWorker:
            # which of them is to blame is not told: each is read by itself
            if len(paths) > 1:
                for path in paths:
                    start([path])
                continue
            died = f"{paths[0]}: the process that read it died, perhaps for want of memory; shrink the photo."
            table = pa.Table.from_pylist([failed_row(paths[0], died)], SCHEMA)
        yield table
        refill()


def _batches(paths: list[str], size: int) -> Iterator[list[str]]:
    return (paths[start : start + size] for start in range(0, len(paths), size))


def _list_photos(photos: str | Path | Iterable[str | Path]) -> list[str]:
    """Return the photos that are named, each once."""
    if isinstance(photos, (str, Path)):
        root, endings = Path(photos), readable_suffixes()
        found = sorted(
            os.path.join(place, name)  # noqa: PTH118 - a million of them
            for place, _, names in _visible(root)
            for name in names
            if not name.startswith(".") and os.path.splitext(name)[1].lower() in endings  # noqa: PTH122
        )
    else:
        found = list(dict.fromkeys(str(path) for path in photos))
    if not found:
        raise InputError(f"{photos if isinstance(photos, (str, Path)) else 'The list'} names no photos.")
    return found


def _visible(root: Path) -> Iterator[tuple[str, list[str], list[str]]]:
    """Walk through a folder and all below it that is not hidden."""
    for place, folders, names in os.walk(root):
        folders[:] = [name for name in folders if not name.startswith(".")]
        yield place, folders, names
