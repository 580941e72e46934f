"""How long reading takes, beside decoding and the bare model: `python benchmarks/reading.py [--bundle FOLDER]`.

Prints CPU milliseconds in one thread, and ratios to the reference measured in the same run: first for pages of digits,
then the median and the worst of pictures that hold much else. With EDGEDIGITS_DATA set, frames of its clips count.
"""

from __future__ import annotations

import argparse
import gzip
import json
import os
import resource
import time
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

from edgedigits import Reader
from edgedigits.images import load_image
from edgedigits.machine import cpu_model
from edgedigits_train.handwriting import render_scene

Picture = npt.NDArray[np.uint8]

RENDERED = {
    "letters": ("letters", "words", "notes"),
    "tables and lists": ("table", "checklist", "sudoku"),
    "clutter": ("clutter", "texture"),
}
"""Names of pages that hold much beside digits, and the kinds of scenes that they are, in turn."""
SEED, PICTURES = 700_000, 12
"""Of the first scene, and how many pictures of each name there are."""


def milliseconds(call: Callable[[], object], seconds: float = 4.0) -> tuple[float, float]:
    """Return the median and the least CPU time of a call."""
    call()
    times: list[float] = []
    while sum(times) < seconds and len(times) < 300:
        start = time.process_time()
        call()
        times.append(time.process_time() - start)
    return 1000 * float(np.median(times)), 1000 * min(times)


def digits() -> npt.NDArray[np.uint8]:
    """Return MNIST's test images, or digits in a drawn font where MNIST is not here."""
    path = Path(os.environ.get("EDGEDIGITS_DATA", "")) / "mnist" / "t10k-images-idx3-ubyte.gz"
    if path.exists():
        return np.frombuffer(gzip.decompress(path.read_bytes()), np.uint8, offset=16).reshape(-1, 28, 28)
    drawn = np.zeros((10, 28, 28), np.uint8)
    for value, image in enumerate(drawn):
        cv2.putText(image, str(value), (6, 22), cv2.FONT_HERSHEY_SIMPLEX, 0.75, 255, 2, cv2.LINE_AA)
    return drawn


def page(height: int, width: int, rows: int, columns: int) -> Picture:
    """Return a photo-like page: digits under uneven light, with sensor noise; uint8 (H, W, 3)."""
    glyphs, rng = digits(), np.random.default_rng(0)
    cell = min(height // rows, width // columns) * 4 // 5
    paper = np.full((height, width), 215, np.float32) * np.linspace(0.7, 1, width, dtype=np.float32)
    for index in range(rows * columns):
        row, column = divmod(index, columns)
        glyph = cv2.resize(glyphs[index % len(glyphs)], (cell, cell), interpolation=cv2.INTER_CUBIC)
        top, left = row * height // rows + cell // 8, column * width // columns + cell // 8
        paper[top : top + cell, left : left + cell] *= 1 - 0.7 * glyph / 255
    noisy = paper + rng.normal(0, 3, paper.shape)
    return np.asarray(cv2.cvtColor(np.clip(noisy, 0, 255).astype(np.uint8), cv2.COLOR_GRAY2BGR), np.uint8)


def clips() -> dict[str, list[Picture]]:
    """Return frames of each clip, evenly spaced; none where EDGEDIGITS_DATA holds no clips."""
    found: dict[str, list[Picture]] = {}
    for path in sorted((Path(os.environ.get("EDGEDIGITS_DATA", "")) / "videos").glob("*.*")):
        if path.suffix in (".avi", ".mp4"):
            clip = cv2.VideoCapture(str(path))
            frames = []
            while (frame := clip.read()[1]) is not None:
                frames.append(np.asarray(frame, np.uint8))
            clip.release()
            found[f"clip {path.stem}"] = frames[:: max(1, len(frames) // PICTURES)][:PICTURES]
    return found


def crowded() -> dict[str, list[Picture]]:
    """Return pictures that hold much beside digits, by what they show."""
    rendered = {
        name: [render_scene(SEED + i, kinds[i % len(kinds)]).image for i in range(PICTURES)]
        for name, kinds in RENDERED.items()
    }
    return {**rendered, **clips()}


def measure_crowded(reader: Reader) -> dict[str, dict[str, float]]:
    """Print and return how long pictures take that hold much beside digits: the median and the worst of each kind."""
    figures = {}
    print(f"{'of pictures of':<34} read ms: median worst   × decoding: median worst")
    for name, pictures in crowded().items():
        times = []
        for picture in pictures:
            encoded = cv2.imencode(".jpg", picture)[1].tobytes()
            decode, _ = milliseconds(lambda encoded=encoded: load_image(encoded), 0.05)  # type: ignore[misc]
            read, _ = milliseconds(lambda picture=picture: reader.read(picture), 0.2)  # type: ignore[misc]
            times.append((read, read / decode))
        (median, ratio), (worst, worst_ratio) = np.median(times, axis=0).tolist(), np.max(times, axis=0).tolist()
        figures[name] = {"median_ms": median, "worst_ms": worst, "median_ratio": ratio, "worst_ratio": worst_ratio}
        print(f"{name:<34} {median:15.1f} {worst:5.0f} {ratio:20.1f} {worst_ratio:5.1f}", flush=True)
    return figures


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--bundle", type=Path, help="a bundle folder; the bundled model where none is named")
    parser.add_argument("--json", type=Path, metavar="FILE", help="also write the figures here")
    arguments = parser.parse_args()
    reader = Reader(arguments.bundle)
    figures = {}
    cv2.setNumThreads(1)
    pages = {
        "640×480, 10 digits": page(480, 640, 2, 5),
        "640×480, empty": np.full((480, 640, 3), 215, np.uint8),
        "1600×1200, 100 digits": page(1200, 1600, 10, 10),
        "4000×3000, 10 digits": page(3000, 4000, 2, 5),
    }
    print(f"{reader.engine.name}, {reader.file.format}, one thread; CPU ms: median (least)")
    for name, image in pages.items():
        encoded = cv2.imencode(".jpg", image)[1].tobytes()
        decode, _ = milliseconds(lambda encoded=encoded: load_image(encoded))  # type: ignore[misc]
        count = len(reader.read(image).digits)
        batch = np.zeros((max(count, 1), 28, 28, 1), np.uint8)
        model, _ = milliseconds(lambda batch=batch: reader.classify(batch[..., 0]))  # type: ignore[misc]
        read, least = milliseconds(lambda image=image: reader.read(image))  # type: ignore[misc]
        figures[name] = {"decoding_ms": decode, "model_ms": model, "reading_ms": read}
        print(
            f"{name:<24} read {read:7.1f} ({least:.1f})  = {read / decode:.2f} × decoding ({decode:.1f})"
            f", {read / model:.2f} × the bare model on {count} glyphs ({model:.1f})"
        )
    kinds = measure_crowded(reader)
    print(f"peak memory {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MB")
    if arguments.json:
        machine = {"processor": cpu_model(), "engine": reader.engine.title, "format": reader.file.format}
        arguments.json.write_text(json.dumps({**machine, "pages": figures, "crowded": kinds}, indent=1) + "\n")


if __name__ == "__main__":
    main()
