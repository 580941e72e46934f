"""Memory: what reading a phone's photo takes."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest

from tests.conftest import ROOT

READ = """
import sys
from edgedigits import Reader
print(Reader().read(sys.argv[1]).text.replace(chr(10), " "))
print(open("/proc/self/status").read())
"""


def read(path: Path) -> tuple[str, float]:
    """Return what a process of its own read in an image, and the most megabytes it had."""
    run = subprocess.run([sys.executable, "-c", READ, path], check=True, capture_output=True, text=True)
    peak = re.search(r"VmHWM:\s*(\d+)", run.stdout)
    assert peak
    return run.stdout.splitlines()[0], int(peak[1]) / 1024


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads /proc")
def test_twelve_megapixels_take_at_most_150_mb(tmp_path: Path) -> None:
    photo = ROOT / "Images" / "number-240.jpg"
    image = cv2.imread(str(photo))
    assert image.shape == (3000, 4000, 3)
    text, peak = read(photo)
    assert text
    assert peak <= 150
    drawn = cv2.compare(cv2.cvtColor(image, cv2.COLOR_BGR2GRAY), 150, cv2.CMP_LT)
    others = {
        "colour.png": image,
        "16-bit.png": image.astype(np.uint16) * 257,
        "alpha.png": np.dstack([image, np.full_like(drawn, 255)]),
        "drawn-on-nothing.png": np.dstack([np.zeros_like(image), drawn]),
        "photo.bmp": image,
        "photo.webp": image,
    }
    for name, pixels in others.items():
        path = tmp_path / name
        cv2.imwrite(str(path), pixels, [cv2.IMWRITE_PNG_COMPRESSION, 1, cv2.IMWRITE_WEBP_QUALITY, 90])
        text, peak = read(path)
        assert text, name
        assert peak <= 150, name
        path.unlink()


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads /proc")
def test_a_hundred_megapixels_of_jpeg_take_no_more(tmp_path: Path) -> None:
    path = tmp_path / "huge.jpg"
    cv2.imwrite(str(path), np.full((10_000, 10_000), 215, np.uint8))
    assert read(path)[1] <= 150
