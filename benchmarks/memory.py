"""How much memory reading takes at most: `python benchmarks/memory.py`.

Each line is a process of its own, as `edgedigits predict` is. Prints the peak of its resident memory, and the ratio to
that of a process that reads an empty picture: what Python, OpenCV and the engine take by themselves. Pictures that
would take more than is allowed are refused, which is said of them. Needs Linux.
"""

from __future__ import annotations

import argparse
import io
import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import cv2
import numpy as np
from PIL import Image
from reading import page

# not getrusage: what it says of a new process includes what this one took before
READ = """
import re, sys
from edgedigits import InputError, Reader
reader = Reader()
try:
    reader.read(sys.argv[1])
except InputError as error:
    sys.exit(f"refused: {error}")
print(int(re.search(r"VmHWM:\\s*(\\d+)", open("/proc/self/status").read())[1]) / 1024)
"""


def peak_megabytes(path: Path) -> float | None:
    """Return the peak of a process that reads a picture; None where it refuses one that would take too much."""
    run = subprocess.run([sys.executable, "-c", READ, path], check=False, capture_output=True, text=True)
    if run.stderr.startswith("refused: "):
        return None
    run.check_returncode()
    return float(run.stdout)


def encoded(image: Image.Image, form: str, **options: object) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, form, **options)
    return buffer.getvalue()


def heic(image: Image.Image) -> bytes:
    import pillow_heif

    buffer = io.BytesIO()
    pillow_heif.from_pillow(image).save(buffer, quality=80)
    return buffer.getvalue()


def pictures() -> Iterator[tuple[str, bytes]]:
    """Yield encoded pictures and what they are."""
    large = page(3000, 4000, 2, 5)
    # the noise of a sensor, in each colour: files are as large as those of photos
    noise = np.random.default_rng(0).normal(0, 3, large.shape)
    large = np.clip(large + noise, 0, 255).astype(np.uint8)
    colour = Image.fromarray(large[..., ::-1])
    grey, drawn = colour.convert("L"), colour.convert("L").point(lambda value: 255 * (value < 150))
    deep, deep_grey = large.astype(np.uint16) * 257, np.asarray(grey).astype(np.uint16) * 257
    turned = Image.Exif()
    turned[274] = 6
    yield "an empty picture", encoded(Image.new("L", (64, 64), 215), "PNG")
    yield "640×480, JPEG", encoded(Image.fromarray(page(480, 640, 2, 5)), "JPEG")
    yield "12 megapixels, JPEG", encoded(colour, "JPEG", quality=95)
    yield "12 megapixels, JPEG, progressive", encoded(colour, "JPEG", quality=95, progressive=True)
    yield "12 megapixels, JPEG, CMYK", encoded(colour.convert("CMYK"), "JPEG", quality=95)
    yield "12 megapixels, JPEG, turned", encoded(colour, "JPEG", quality=95, exif=turned)
    yield "12 megapixels, PNG, grey", encoded(grey, "PNG")
    yield "12 megapixels, PNG, colour", encoded(colour, "PNG")
    yield "12 megapixels, PNG, palette", encoded(colour.quantize(64), "PNG")
    yield "12 megapixels, PNG, turned", encoded(colour, "PNG", exif=turned)
    yield "12 megapixels, PNG, alpha", encoded(Image.merge("RGBA", (*colour.split(), drawn)), "PNG")
    yield "12 megapixels, PNG, grey, alpha", encoded(Image.merge("LA", (grey, drawn)), "PNG")
    yield "12 megapixels, PNG, palette, alpha", encoded(colour.quantize(64), "PNG", transparency=0)
    yield "12 megapixels, PNG, 16-bit grey", cv2.imencode(".png", deep_grey)[1].tobytes()
    yield "12 megapixels, PNG, 16-bit colour", cv2.imencode(".png", deep)[1].tobytes()
    yield "12 megapixels, PNG, 16-bit alpha", cv2.imencode(".png", cv2.cvtColor(deep, cv2.COLOR_BGR2BGRA))[1].tobytes()
    yield "12 megapixels, BMP", encoded(colour, "BMP")
    yield "12 megapixels, TIFF", encoded(colour, "TIFF", compression="tiff_lzw")
    yield "12 megapixels, TIFF, alpha", encoded(Image.merge("RGBA", (*colour.split(), drawn)), "TIFF")
    yield "12 megapixels, WebP", encoded(colour, "WEBP", quality=80)
    yield "12 megapixels, WebP, lossless", encoded(colour, "WEBP", lossless=True, quality=0, method=0)
    yield "7 megapixels, AVIF", cv2.imencode(".avif", large[:2304, :3072], [cv2.IMWRITE_AVIF_SPEED, 10])[1].tobytes()
    if find_spec("pillow_heif"):
        yield "12 megapixels, HEIC", heic(colour)
    else:
        print("12 megapixels, HEIC                    left out, for the runtime's extra [heic] is not installed")
    yield "100 megapixels, JPEG", cv2.imencode(".jpg", np.full((10_000, 10_000), 215, np.uint8))[1].tobytes()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", type=Path, metavar="FILE", help="also write the figures here")
    arguments = parser.parse_args()
    least, figures = None, {}
    with tempfile.TemporaryDirectory() as folder:
        for name, content in pictures():
            path = Path(folder) / "picture"
            path.write_bytes(content)
            peak = peak_megabytes(path)
            least = least or peak
            figures[name] = None if peak is None else round(peak)
            told = "refused" if peak is None or least is None else f"{peak:5.0f} MB = {peak / least:.2f} ×"
            print(f"{name:<38} {len(content) / 1e6:5.1f} MB file {told}", flush=True)
    if arguments.json:
        arguments.json.write_text(json.dumps(figures, indent=1, ensure_ascii=False) + "\n")


if __name__ == "__main__":
    main()
