"""How much memory reading takes at most: `python benchmarks/memory.py`.

Each line is a process of its own, as `edgedigits predict` is. Prints the peak of its resident memory, and the ratio to
that of a process that reads an empty picture: what Python, OpenCV and the engine take by themselves. Needs Linux.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

import cv2
import numpy as np
from reading import page

# not getrusage: what it says of a new process includes what this one took before
READ = """
import re, sys
from edgedigits import Reader
Reader().read(sys.argv[1])
print(int(re.search(r"VmHWM:\\s*(\\d+)", open("/proc/self/status").read())[1]) / 1024)
"""


def peak_megabytes(path: Path) -> float:
    run = subprocess.run([sys.executable, "-c", READ, path], check=True, capture_output=True, text=True)
    return float(run.stdout)


def main() -> None:
    large = page(3000, 4000, 2, 5)
    grey = cv2.cvtColor(large, cv2.COLOR_BGR2GRAY)
    noise = np.random.default_rng(0).integers(0, 256, large.shape, np.uint8)
    progressive = [cv2.IMWRITE_JPEG_PROGRESSIVE, 1]
    pictures = {
        "empty, 64×64": cv2.imencode(".png", np.full((64, 64), 215, np.uint8)),
        "640×480 JPEG": cv2.imencode(".jpg", page(480, 640, 2, 5)),
        "12 MP JPEG": cv2.imencode(".jpg", large),
        "12 MP JPEG, noise": cv2.imencode(".jpg", noise),
        "12 MP JPEG, progressive": cv2.imencode(".jpg", large, progressive),
        "12 MP PNG, grey": cv2.imencode(".png", grey),
        "12 MP PNG, colour": cv2.imencode(".png", large),
        "12 MP PNG, alpha": cv2.imencode(".png", cv2.cvtColor(large, cv2.COLOR_BGR2BGRA)),
        "12 MP PNG, 16 bits": cv2.imencode(".png", grey.astype(np.uint16) * 257),
        "12 MP TIFF": cv2.imencode(".tiff", large),
        "12 MP WebP": cv2.imencode(".webp", large, [cv2.IMWRITE_WEBP_QUALITY, 80]),
        "100 MP JPEG": cv2.imencode(".jpg", np.full((10_000, 10_000), 215, np.uint8)),
    }
    least = None
    with tempfile.TemporaryDirectory() as folder:
        for name, (_, content) in pictures.items():
            path = Path(folder) / "picture"
            path.write_bytes(content.tobytes())
            peak = peak_megabytes(path)
            least = least or peak
            print(f"{name:<24} {peak:5.0f} MB = {peak / least:.2f} ×")


if __name__ == "__main__":
    main()
