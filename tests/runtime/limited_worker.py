"""Reads the images that come on standard input, with little memory to spare; `hostile.LimitedReader` runs it.

Each is a pickled image (bytes or an array), each answer a pickled pair of what went wrong and CPU seconds.
"""

from __future__ import annotations

import os
import pickle
import resource
import sys
import time
from pathlib import Path

import cv2
import numpy as np

from edgedigits import EdgeDigitsError, Reader
from edgedigits.images import load_image

MAX_PIXELS = 1_000_000
SPARE_MEMORY = 700 << 20
"""Bytes of address space that reading may add to what the process has when it has read an empty image of this size."""


def main() -> None:
    answers = os.fdopen(os.dup(1), "wb")
    cv2.setNumThreads(1)
    reader = Reader(max_pixels=MAX_PIXELS)
    reader.read(np.full((1000, 1000), 200, np.uint8))
    used = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (used + SPARE_MEMORY, used + SPARE_MEMORY))
    while True:
        try:
            image = pickle.load(sys.stdin.buffer)
        except EOFError:
            return
        error, start = "", time.process_time()
        try:
            reader.read(image)
            load_image(image, max_pixels=MAX_PIXELS)
        except EdgeDigitsError:
            pass
        except BaseException as problem:
            error = f"{type(problem).__name__}: {problem}"
        pickle.dump((error, time.process_time() - start), answers)
        answers.flush()


if __name__ == "__main__":
    main()
