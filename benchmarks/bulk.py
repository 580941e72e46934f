"""What a cluster of Dask costs beside `edgedigits predict --jobs 2`: `python benchmarks/bulk.py [--photos N]`.

The same photos are read by both in turn, each with two processes, so that a busy machine counts for both. Needs the
extra `dask`.
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from distributed import Client, LocalCluster
from folder import write_photos

from edgedigits.bulk import read_photos

WORKERS = 2


def by_predict(folder: Path) -> float:
    start = time.perf_counter()
    command = [sys.executable, "-m", "edgedigits", "predict", folder, "--jobs", str(WORKERS), "--format", "jsonl"]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - start


def by_cluster(folder: Path, out: Path) -> tuple[float, float]:
    """Return the seconds in all, and those of starting and ending the cluster."""
    start = time.perf_counter()
    with (
        LocalCluster(n_workers=WORKERS, threads_per_worker=1, dashboard_address=None) as cluster,
        Client(cluster) as client,
    ):
        begun = time.perf_counter()
        summary = read_photos(client, folder, out)
        ended = time.perf_counter()
    assert summary.failed == 0
    whole = time.perf_counter() - start
    return whole, whole - (ended - begun)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--photos", type=int, default=1000)
    parser.add_argument("--rounds", type=int, default=3)
    arguments = parser.parse_args()
    ratios, reading = [], []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name) / "photos"
        folder.mkdir()
        write_photos(folder, arguments.photos)
        for number in range(arguments.rounds):
            alone = by_predict(folder)
            whole, starting = by_cluster(folder, Path(name) / f"readings-{number}")
            ratios.append(whole / alone)
            reading.append((whole - starting) / alone)
            print(
                f"{arguments.photos} photos: predict {alone:.1f} s,"
                f" cluster {whole:.1f} s, {starting:.1f} of them for starting and ending it"
            )
    print(
        f"cluster / predict, median: {statistics.median(ratios):.2f};"
        f" without its start and end {statistics.median(reading):.2f}"
    )


if __name__ == "__main__":
    main()
