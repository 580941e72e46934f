"""What an installation without OpenCV would save, and what it would read: Pillow and numpy in OpenCV's place.

    make wheel && python benchmarks/lean.py

Installs the wheel twice into environments of their own, with OpenCV and with Pillow. Measures megabytes on the disk,
CPU seconds and peak memory of a process that classifies one crop, and how far the answers of both agree. The runtime
itself reads with OpenCV only; what takes its place here is `lean_glyphs.py`. Needs Linux.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt
from lean_glyphs import METHODS, lean_glyph

from edgedigits import Reader
from edgedigits.glyphs import normalise_crop
from edgedigits_train.data.datasets import load_dataset

HERE = Path(__file__).parent
CONSTRAINTS = HERE.parent / "constraints" / "development.txt"
ROUNDS = 9
IMAGES, SIDES = 1_000, (60, 320)
"""Test images, and the pixels that a crop's side has at least and at most."""

IMPORTED_AS = {"opencv_python_headless": "cv2", "pillow": "PIL"}

WITH_OPENCV = """
import sys
import cv2
from edgedigits import Reader
print(Reader().classify(cv2.imread(sys.argv[1], cv2.IMREAD_GRAYSCALE)).probabilities.argmax())
"""
WITH_PILLOW = """
import sys
from edgedigits import Reader
from lean_glyphs import lean_glyph, load_grey
print(Reader().classify_glyphs(lean_glyph(load_grey(sys.argv[1]))[None, ..., None]).probabilities.argmax())
assert "cv2" not in sys.modules
"""
PEAK = """
import re
print(re.search(r"VmHWM:\\s*(\\d+)", open("/proc/self/status").read())[1])
"""

Grey = npt.NDArray[np.uint8]


def environment(folder: Path, requirements: Sequence[str]) -> Path:
    """Make an environment without pip, install there what is named and nothing else, and return its Python."""
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", folder], check=True)
    python = folder / "bin" / "python"
    pip = [sys.executable, "-m", "pip", "--python", python, "install", "--quiet", "--disable-pip-version-check"]
    subprocess.run([*pip, "--constraint", CONSTRAINTS, *requirements], check=True)
    return python


def sizes(folder: Path) -> dict[str, float]:
    """Return the megabytes of the packages in an environment that have one at least, and of all of them."""
    (packages,) = folder.glob("lib/python*/site-packages")
    found: dict[str, float] = defaultdict(float)
    for path in packages.rglob("*"):
        if path.is_file():
            part = path.relative_to(packages).parts[0].removesuffix(".libs")  # libraries that came with a wheel
            found[IMPORTED_AS.get(part, part)] += path.stat().st_size / 1e6
    return {"all": sum(found.values()), **{name: size for name, size in sorted(found.items()) if size >= 1}}


def run(python: Path, script: str, crop: Path) -> tuple[float, float, int]:
    """Classify a crop in a process; return its seconds of CPU, its peak of memory in megabytes and its answer."""
    child = subprocess.Popen(
        [python, "-c", script + PEAK, crop],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(HERE)},
    )
    assert child.stdout is not None
    answer, peak = child.stdout.read().split()
    _, status, usage = os.wait4(child.pid, 0)
    assert status == 0, script
    return usage.ru_utime + usage.ru_stime, float(peak) * 1024 / 1e6, int(answer)


def measure_processes(pythons: dict[str, Path], crop: Path) -> dict[str, dict[str, float]]:
    """Return median CPU seconds and peak megabytes of a process with OpenCV and one with Pillow, run in turn."""
    scripts = {"OpenCV": WITH_OPENCV, "Pillow": WITH_PILLOW}
    seen: dict[str, list[tuple[float, float, int]]] = {name: [] for name in scripts}
    for name, script in scripts.items():  # the first one compiles
        run(pythons[name], script, crop)
    for _ in range(ROUNDS):
        for name, script in scripts.items():
            seen[name].append(run(pythons[name], script, crop))
    assert len({answer for runs in seen.values() for _, _, answer in runs}) == 1
    ratios = [lean[0] / full[0] for lean, full in zip(seen["Pillow"], seen["OpenCV"], strict=True)]
    return {
        **{
            name: {
                "seconds": statistics.median(seconds for seconds, _, _ in runs),
                "peak_mb": max(peak for _, peak, _ in runs),
            }
            for name, runs in seen.items()
        },
        "ratio": {"seconds": statistics.median(ratios)},
    }


def crops(light: str) -> tuple[list[Grey], npt.NDArray[Any]]:
    """Return test images as dark ink on grey paper, enlarged, and their labels."""
    test = load_dataset().test
    rng = np.random.default_rng(0)
    enlarged = []
    for glyph in test.glyphs[:IMAGES, ..., 0]:
        side = int(rng.integers(*SIDES))
        ink = cv2.resize(glyph, (side, side), interpolation=cv2.INTER_CUBIC) / 255
        across = np.linspace(0.45, 1, side) if light == "uneven" else np.ones(side)
        paper = 215 * across * (1 - 0.7 * ink) + rng.normal(0, 3, ink.shape)
        enlarged.append(np.clip(paper, 0, 255).astype(np.uint8))
    return enlarged, test.labels[:IMAGES]


def compare(light: str) -> dict[str, dict[str, float]]:
    """Return how right each way is, and how far it agrees with the runtime's own."""
    pictures, labels = crops(light)
    reader = Reader()
    ours = np.stack([normalise_crop(picture) for picture in pictures])
    expected = reader.classify_glyphs(ours[..., np.newaxis]).probabilities
    found = {"OpenCV": {"right": float((expected.argmax(axis=1) == labels).mean())}}
    for method in METHODS:
        theirs = np.stack([lean_glyph(picture, method) for picture in pictures])
        answers = reader.classify_glyphs(theirs[..., np.newaxis]).probabilities
        found[method] = {
            "right": float((answers.argmax(axis=1) == labels).mean()),
            "agree": float((answers.argmax(axis=1) == expected.argmax(axis=1)).mean()),
            "levels": float(np.abs(ours.astype(np.int16) - theirs).mean()),
            "most": float(np.abs(answers - expected).max()),
        }
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", type=Path, metavar="FILE", help="also write the figures here")
    arguments = parser.parse_args()
    wheels = sorted(Path("dist").glob("edgedigits-[0-9]*.whl"), key=lambda path: path.stat().st_mtime)
    if not wheels:
        parser.error("dist/ holds no wheel of edgedigits: `make wheel` builds it")
    wheel = str(wheels[-1])
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        crop = folder / "crop.png"
        cv2.imwrite(str(crop), crops("even")[0][0])
        pythons = {"OpenCV": environment(folder / "opencv", [wheel]), "Pillow": folder / "pillow" / "bin" / "python"}
        environment(folder / "pillow", ["numpy", "onnxruntime", "click", "pillow"])
        lean = [sys.executable, "-m", "pip", "--python", pythons["Pillow"], "install", "--quiet", "--no-deps", wheel]
        subprocess.run(lean, check=True)
        disk = {"OpenCV": sizes(folder / "opencv"), "Pillow": sizes(folder / "pillow")}
        processes = measure_processes(pythons, crop)
    for kind, found in disk.items():
        parts = ", ".join(f"{part} {size:.0f}" for part, size in found.items() if part != "all")
        print(f"with {kind}: {found['all']:.0f} MB: {parts}")
    for kind, spent in processes.items():
        print(f"{kind:<8}", ", ".join(f"{what} {value:.2f}" for what, value in spent.items()))
    agreement = {light: compare(light) for light in ("even", "uneven")}
    for light, ways in agreement.items():
        for way, figures in ways.items():
            print(f"{light:<7} {way:<20}", ", ".join(f"{what} {value:.4f}" for what, value in figures.items()))
    if arguments.json:
        figures_of = {"megabytes": disk, "processes": processes, "agreement": agreement}
        arguments.json.write_text(json.dumps(figures_of, indent=1) + "\n")


if __name__ == "__main__":
    main()
