"""How long a folder of photos takes, beside decoding and reading each once: `python benchmarks/folder.py [--photos N]`.

The reference is as many processes as there are cores, each with its reader ready, that share the photos out evenly;
it and `edgedigits predict FOLDER`, starting and printing included, take turns.
"""

from __future__ import annotations

import argparse
import multiprocessing
import subprocess
import sys
import tempfile
import time
from multiprocessing.synchronize import Barrier
from pathlib import Path

import cv2
import numpy as np
from reading import page

from edgedigits import Reader
from edgedigits.processes import usable_cores


def write_photos(folder: Path, count: int) -> None:
    """Write JPEGs of 640×480 with ten digits each, no two alike."""
    base = page(480, 640, 2, 5)
    for number in range(count):
        shifted = np.roll(base, (number % 7, number // 7 % 11), axis=(0, 1))
        cv2.imwrite(str(folder / f"{number:05d}.jpg"), shifted)


def read_share(paths: list[Path], ready: Barrier) -> None:
    cv2.setNumThreads(1)
    reader = Reader()
    reader.read(paths[0])
    ready.wait()
    for path in paths:
        reader.read(path)


def reference(paths: list[Path], cores: int) -> float:
    context = multiprocessing.get_context("spawn")
    ready = context.Barrier(cores + 1)
    workers = [context.Process(target=read_share, args=(paths[i::cores], ready)) for i in range(cores)]
    for worker in workers:
        worker.start()
    ready.wait()
    start = time.perf_counter()
    for worker in workers:
        worker.join()
    return time.perf_counter() - start


def predict(folder: Path) -> float:
    start = time.perf_counter()
    subprocess.run([sys.executable, "-m", "edgedigits", "predict", folder], check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - start


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--photos", type=int, default=1000)
    parser.add_argument("--rounds", type=int, default=3)
    arguments = parser.parse_args()
    cores = usable_cores()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_photos(folder, arguments.photos)
        paths = sorted(folder.iterdir())
        rounds = [(reference(paths, cores), predict(folder)) for _ in range(arguments.rounds)]
    for must, took in rounds:
        print(f"{arguments.photos} photos, {cores} cores: {took:.2f} s = {took / must:.2f} × {must:.2f} s")
    print(f"median ratio {np.median([took / must for must, took in rounds]):.2f}")


if __name__ == "__main__":
    main()
