"""What hostile files cost: `python benchmarks/hostile.py`.

Damages small files of every kind that a command takes, thousands of times, does to them what the command does, each in
one process that is measured, and prints for each command how many there were, how many crashed it, the most memory that
the process had, and the most CPU time, as a multiple of that of reading an ordinary page of a megapixel. Needs Linux.
"""

from __future__ import annotations

import argparse
import io
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
from PIL import Image

sys.path.insert(0, str(Path(__file__).parent.parent))
from edgedigits.bundle import BUNDLED
from tests.runtime.hostile import MUTATIONS, Measured, Mutation, mutated, whole_images
from tests.runtime.samples import draw_text


def film() -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "film.avi"
        writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"MJPG"), 10, (320, 240))
        for number in range(5):
            writer.write(cv2.cvtColor(draw_text(str(number), size=(320, 240)), cv2.COLOR_GRAY2BGR))
        writer.release()
        return path.read_bytes()


def document() -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(draw_text("27", size=(400, 300))).save(buffer, "PDF")
    return buffer.getvalue()


def models() -> list[bytes]:
    return [path.read_bytes() for path in sorted(BUNDLED.glob("digits-*"))]


FILES: dict[str, Callable[[], list[bytes]]] = {
    "predict": lambda: list(whole_images().values()),
    "predict --save-dir": lambda: list(whole_images().values()),
    "predict --bundle": lambda: [(BUNDLED / "manifest.json").read_bytes()],
    "predict of a PDF": lambda: [document()],
    "webcam of a film": lambda: [film()],
    "inspect": models,
}
"""Whole files of every kind, by the command that takes them."""


def mutations(random: np.random.Generator) -> list[Mutation]:
    names = random.choice(sorted(MUTATIONS), random.integers(1, 7))
    return [(str(name), int(random.integers(1 << 20)), int(random.integers(1 << 16))) for name in names]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--inputs", type=int, default=2000, help="for each command")
    arguments = parser.parse_args()
    random = np.random.default_rng(0)
    print("| command | inputs | crashes | worst memory | worst time |\n| --- | --- | --- | --- | --- |")
    for command, make in FILES.items():
        files = make()
        with Measured() as measured:
            for number in range(arguments.inputs):
                complaint = measured.complaint(command, mutated(files[number % len(files)], mutations(random)))
                if complaint:
                    print(f"{command}, input {number}: {complaint}", file=sys.stderr)
            worst = measured.worst[command]
        print(
            f"| {command} | {worst.inputs:,} | {worst.crashes} | {worst.memory / 1e6:.0f} MB | {worst.time:.2f} × |",
            flush=True,
        )


if __name__ == "__main__":
    main()
