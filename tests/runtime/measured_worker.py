"""Does to files what commands do, and measures each; `hostile.Measured` runs it.

Each task is a pickled pair of what to do and the path of a file (or an array), each answer what went wrong, the most
bytes that the process had meanwhile, and how many times as long it took, in CPU seconds, as reading an ordinary page.
"""

from __future__ import annotations

import contextlib
import os
import pickle
import re
import shutil
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from edgedigits import EdgeDigitsError, Reader
from edgedigits.bundle import BUNDLED, Bundle
from edgedigits.images import load_image
from edgedigits.inspecting import inspect_file
from edgedigits.live.sources import Wanted, parse_source
from edgedigits.pdf import pdf_pages
from tests.runtime.adversarial import ordinary_page

_STATUS, _CLEAR = Path("/proc/self/status"), Path("/proc/self/clear_refs")
_RESET_PEAK = "5"


def peak() -> int:
    """Return the most bytes that this process had since the peak was reset."""
    match = re.search(r"VmHWM:\s*(\d+)", _STATUS.read_text())
    assert match
    return int(match[1]) << 10


_FRAMES = 5
_LARGE = 10_000_000
"""Bytes: larger files are read as files only, since their bytes would be in the process already."""


def operations(folder: Path) -> dict[str, Callable[[Any], object]]:
    """Return what is done to files, by the command that does it."""
    reader = Reader()
    bundle = folder / "bundle"
    shutil.copytree(BUNDLED, bundle)

    def predict(image: Path | np.ndarray) -> None:
        if isinstance(image, Path) and image.stat().st_size < _LARGE:
            with contextlib.suppress(EdgeDigitsError):
                reader.read(image.read_bytes())
        reader.read(image)

    def manifest(path: Path) -> None:
        shutil.copy(path, bundle / "manifest.json")
        Bundle.load(bundle).verify()

    def film(path: Path) -> None:
        film = path.rename(path.with_suffix(".avi"))
        with closing(parse_source(str(film)).open(Wanted())) as stream:
            for _ in range(_FRAMES):
                picture = stream.read()
                if picture is None:
                    break
                reader.read(picture.pixels)

    def pages(path: Path) -> None:
        for page in pdf_pages(path, "document")[:_FRAMES]:
            reader.read(page.render())

    return {
        "predict": predict,
        "predict of a PDF": pages,
        "webcam of a film": film,
        "predict --save-dir": load_image,
        "predict --bundle": manifest,
        "inspect": inspect_file,
    }


def main() -> None:
    answers = os.fdopen(os.dup(1), "wb")
    cv2.setNumThreads(1)
    with tempfile.TemporaryDirectory() as folder:
        do = operations(Path(folder))
        page = ordinary_page()
        ordinary = min(_measured(do["predict"], page)[2] for _ in range(3))
        while True:
            try:
                what, content = pickle.load(sys.stdin.buffer)
            except EOFError:
                return
            error, most, seconds = _measured(do[what], content)
            pickle.dump((error, most, seconds / ordinary), answers)
            answers.flush()


def _measured(work: Callable[[Any], object], content: Any) -> tuple[str, int, float]:
    error = ""
    _CLEAR.write_text(_RESET_PEAK)
    start = time.process_time()
    try:
        work(content)
    except EdgeDigitsError:
        pass
    except BaseException as problem:
        error = f"{type(problem).__name__}: {problem}"
    return error, peak(), time.process_time() - start


if __name__ == "__main__":
    main()
