"""Hostile input: whole images of every kind, ways to damage them, and a process in which each input is measured."""

from __future__ import annotations

import io
import os
import pickle
import select
import struct
import subprocess
import sys
import tempfile
import zlib
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt
from PIL import Image

from tests.conftest import ROOT
from tests.runtime.samples import draw_text

MOST_MEMORY = 300_000_000
"""Bytes that a process which reads has at any time, at the default limits."""
MOST_TIME = 10.0
"""CPU time of one input, as a multiple of that of reading an ordinary page of a megapixel, measured beside it."""
_PATIENCE = 300.0


def _pil(image: Image.Image, form: str, **options: object) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, form, **options)
    return buffer.getvalue()


def _opencv(suffix: str, pixels: npt.NDArray[np.generic], *options: int) -> bytes:
    return bytes(cv2.imencode(suffix, pixels, list(options))[1])


def _tiled_tiff(grey: npt.NDArray[np.uint8], side: int = 32) -> bytes:
    """Return a TIFF in tiles, which neither library writes."""
    height, width = grey.shape
    padded = np.pad(grey, ((0, -height % side), (0, -width % side)))
    tiles = [
        padded[y : y + side, x : x + side].tobytes() for y in range(0, height, side) for x in range(0, width, side)
    ]
    entries = 10
    places = 8 + 2 + 12 * entries + 4
    data = places + 8 * len(tiles)
    tags = [(256, 4, 1, width), (257, 4, 1, height), (258, 3, 1, 8), (259, 3, 1, 1), (262, 3, 1, 1), (277, 3, 1, 1)]
    tags += [(322, 4, 1, side), (323, 4, 1, side), (324, 4, len(tiles), places)]
    tags += [(325, 4, len(tiles), places + 4 * len(tiles))]
    return b"".join(
        [
            struct.pack("<2sHIH", b"II", 42, 8, entries),
            *(struct.pack("<HHII", *tag) for tag in tags),
            struct.pack("<I", 0),
            *(struct.pack("<I", data + side * side * i) for i in range(len(tiles))),
            *(struct.pack("<I", side * side) for _ in tiles),
            *tiles,
        ]
    )


def whole_images() -> dict[str, bytes]:
    """Return small images that each show a 27, in every format and bit depth that can be made here."""
    grey = draw_text("27", size=(96, 72), height=40)
    bgr = cv2.cvtColor(grey, cv2.COLOR_GRAY2BGR)
    deep, real = grey.astype(np.uint16) * 257, grey.astype(np.float32) / 255
    pil, rgba = Image.fromarray(grey), np.dstack([bgr, 255 - grey])
    see_through = Image.fromarray(rgba)
    return {
        "png grey": _opencv(".png", grey),
        "png colour": _opencv(".png", bgr),
        "png alpha": _opencv(".png", rgba),
        "png 16": _opencv(".png", deep),
        "png 16 alpha": _opencv(".png", np.dstack([deep] * 4)),
        "png palette": _pil(pil.convert("P"), "PNG", transparency=3),
        "png 1": _pil(pil.convert("1"), "PNG"),
        "png grey alpha": _pil(pil.convert("LA"), "PNG"),
        "png animated": _pil(pil, "PNG", save_all=True, append_images=[pil, pil]),
        "jpeg": _opencv(".jpg", bgr),
        "jpeg grey": _opencv(".jpg", grey),
        "jpeg progressive": _opencv(".jpg", bgr, cv2.IMWRITE_JPEG_PROGRESSIVE, 1),
        "jpeg restarts": _opencv(".jpg", bgr, cv2.IMWRITE_JPEG_RST_INTERVAL, 2),
        "jpeg cmyk": _pil(pil.convert("CMYK"), "JPEG"),
        "bmp": _opencv(".bmp", bgr),
        "bmp grey": _opencv(".bmp", grey),
        "bmp alpha": _opencv(".bmp", rgba),
        "bmp 1": _pil(pil.convert("1"), "BMP"),
        "tiff": _pil(pil, "TIFF"),
        "tiff lzw": _opencv(".tiff", bgr),
        "tiff deflate": _pil(pil, "TIFF", compression="tiff_adobe_deflate"),
        "tiff packbits": _pil(pil, "TIFF", compression="packbits"),
        "tiff jpeg": _pil(pil.convert("RGB"), "TIFF", compression="jpeg"),
        "tiff fax": _pil(pil.convert("1"), "TIFF", compression="group4"),
        "tiff tiles": _tiled_tiff(grey),
        "tiff big": _pil(pil, "TIFF", big_tiff=True),
        "tiff 16": _opencv(".tiff", deep),
        "tiff float": _opencv(".tiff", real),
        "tiff alpha": _pil(see_through, "TIFF"),
        "tiff cmyk": _pil(pil.convert("CMYK"), "TIFF"),
        "tiff pages": _pil(pil, "TIFF", save_all=True, append_images=[pil]),
        "webp": _opencv(".webp", bgr, cv2.IMWRITE_WEBP_QUALITY, 80),
        "webp lossless": _pil(pil.convert("RGB"), "WEBP", lossless=True),
        "webp alpha": _pil(see_through, "WEBP"),
        "webp animated": _pil(pil.convert("RGB"), "WEBP", save_all=True, append_images=[pil.convert("RGB").rotate(9)]),
        **_of_phones(bgr, rgba),
    }


def _of_phones(bgr: npt.NDArray[np.uint8], rgba: npt.NDArray[np.uint8]) -> dict[str, bytes]:
    """Return what can be read where OpenCV, and what else is installed, decodes it."""
    images = {}
    if cv2.haveImageWriter(".avif"):
        deep = [cv2.IMWRITE_AVIF_DEPTH, 10, cv2.IMWRITE_AVIF_SPEED, 10]
        images["avif"] = _opencv(".avif", bgr)
        images["avif 10"] = _opencv(".avif", bgr.astype(np.uint16) * 4, *deep)
        images["avif alpha"] = _pil(Image.fromarray(rgba), "AVIF")
    if find_spec("pillow_heif"):
        import pillow_heif

        for name, mode in (("heic", "RGB"), ("heic alpha", "RGBA")):
            buffer = io.BytesIO()
            pillow_heif.from_pillow(Image.fromarray(rgba).convert(mode)).save(buffer, quality=80)
            images[name] = buffer.getvalue()
    return images


Mutation = tuple[str, int, int]
"""What is done, where (counted round the file) and with which value."""

_WORDS = (0, 1, 2, 0x7F, 0x80, 0xFF, 0x7FFF, 0xFFFF, 0x10000, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF, 100_000)

MUTATIONS: dict[str, Callable[[bytearray, int, int], None]] = {
    "flip": lambda file, at, value: file.__setitem__(at, file[at] ^ (1 << value % 8)),
    "set": lambda file, at, value: file.__setitem__(at, value % 256),
    "cut": lambda file, at, value: file.__delitem__(slice(at, None)),
    "drop": lambda file, at, value: file.__delitem__(slice(at, at + 1 + value % 64)),
    "repeat": lambda file, at, value: file.__setitem__(slice(at, at), file[at : at + 1 + value % 4096]),
    "noise": lambda file, at, value: file.__setitem__(
        slice(at, at + value % 32), np.random.default_rng(value).bytes(value % 32)
    ),
    "big word": lambda file, at, value: file.__setitem__(
        slice(at, at + 4), struct.pack(">I", _WORDS[value % len(_WORDS)])
    ),
    "little word": lambda file, at, value: file.__setitem__(
        slice(at, at + 4), struct.pack("<I", _WORDS[value % len(_WORDS)])
    ),
    "short": lambda file, at, value: file.__setitem__(
        slice(at, at + 2), struct.pack("<H", _WORDS[value % len(_WORDS)] & 0xFFFF)
    ),
}


def mutated(content: bytes, mutations: list[Mutation]) -> bytes:
    """Return a file after some mutations; a PNG's checksums are mended, so that the damage gets past them."""
    file = bytearray(content)
    for name, at, value in mutations:
        if file:
            # every other one strikes the head, where sizes and types stand
            MUTATIONS[name](file, at % (len(file) if at % 2 else min(len(file), 64)), value)
    return _with_checksums(file) if content.startswith(b"\x89PNG") else bytes(file)


def _with_checksums(png: bytearray) -> bytes:
    at = 8
    while at + 12 <= len(png):
        end = at + 8 + int.from_bytes(png[at : at + 4], "big")
        if end + 4 > len(png):
            break
        png[end : end + 4] = struct.pack(">I", zlib.crc32(png[at + 4 : end]))
        at = end + 4
    return bytes(png)


@dataclass
class Worst:
    """The worst that was measured of one kind of work.

    Attributes:
        inputs: how many there were.
        crashes: how many ended the process, or in an error that is none of ours.
        memory: the most bytes that the process had.
        time: CPU time, as a multiple of that of reading an ordinary page.
    """

    inputs: int = 0
    crashes: int = 0
    memory: int = 0
    time: float = 0.0


class Measured:
    """A process that does to hostile files what commands do; it is started again when it was lost.

    Attributes:
        worst: what was measured, by the work.
    """

    def __init__(self) -> None:
        self._process: subprocess.Popen[bytes] | None = None
        self._folder = tempfile.TemporaryDirectory()
        self.worst: dict[str, Worst] = defaultdict(Worst)

    def __enter__(self) -> Measured:
        return self

    def __exit__(self, *_: object) -> None:
        self._stop()
        self._folder.cleanup()

    def complaint(self, what: str, content: bytes | npt.NDArray[np.uint8]) -> str:
        """Have a file worked on, with EdgeDigitsError as a proper answer; return what went wrong, "" for nothing."""
        error, memory, time = self._answer(what, content)
        worst = self.worst[what]
        worst.inputs, worst.crashes = worst.inputs + 1, worst.crashes + bool(error)
        worst.memory, worst.time = max(worst.memory, memory), max(worst.time, time)
        if error:
            return error
        if memory > MOST_MEMORY:
            return f"{memory / 1e6:.0f} MB"
        return f"{time:.1f} times as long as an ordinary page" if time > MOST_TIME else ""

    def _answer(self, what: str, content: bytes | npt.NDArray[np.uint8]) -> tuple[str, int, float]:
        if self._process is None:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "tests.runtime.measured_worker"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                cwd=ROOT,
                env={**os.environ, "OPENBLAS_NUM_THREADS": "1"},
            )
        assert self._process.stdin
        assert self._process.stdout
        task: Path | npt.NDArray[np.uint8]
        if isinstance(content, bytes):
            task = Path(self._folder.name) / "file"
            task.write_bytes(content)
        else:
            task = content
        pickle.dump((what, task), self._process.stdin)
        self._process.stdin.flush()
        if not select.select([self._process.stdout], [], [], _PATIENCE)[0]:
            self._stop()
            return f"no answer in {_PATIENCE:.0f} s", 0, 0.0
        try:
            answer: tuple[str, int, float] = pickle.load(self._process.stdout)
        except EOFError:
            code = self._process.wait()
            self._stop()
            return f"the process ended with {code}", 0, 0.0
        return answer

    def _stop(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.communicate()
        self._process = None
