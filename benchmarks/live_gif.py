"""Makes docs/live.gif: what `edgedigits webcam test:` sees, reads and publishes while a hand passes.

python benchmarks/live_gif.py docs/live.gif
"""

from __future__ import annotations

import sys
from pathlib import Path

import cv2
import numpy as np
from PIL import Image

from edgedigits import Reader, Reading
from edgedigits.live.publishing import Published, Publisher
from edgedigits.live.sources import scenes
from edgedigits.live.tracking import Tracker

FIRST, LAST, RATE = 7.3, 15.9, 8
"""Seconds of the rendered scenes, and readings a second."""
SIZE = (360, 270)
BANNER = 84
FONT = cv2.FONT_HERSHEY_SIMPLEX
GREEN, INK, QUIET = (60, 170, 40), (30, 40, 30), (120, 130, 120)


def drawn(picture: np.ndarray, reading: Reading, published: Published) -> np.ndarray:
    small = cv2.resize(picture, SIZE, interpolation=cv2.INTER_AREA)
    scale = SIZE[0] / picture.shape[1]
    for digit in reading.digits:
        x, y, w, h = (round(scale * value) for value in digit.box)
        cv2.rectangle(small, (x, y), (x + w, y + h), GREEN, 2)
    banner = np.full((BANNER, SIZE[0], 3), 255, np.uint8)
    cv2.putText(banner, published.text or "-", (14, 54), FONT, 1.7, INK, 3, cv2.LINE_AA)
    cv2.putText(banner, f"this frame alone: {reading.text or '-'}", (14, 76), FONT, 0.42, QUIET, 1, cv2.LINE_AA)
    cv2.putText(banner, published.status.value, (275, 46), FONT, 0.6, GREEN, 2, cv2.LINE_AA)
    return np.vstack([banner, small])


def main(path: Path) -> None:
    scenes._NOISE = 0.0  # noise does not compress
    reader, tracker, publisher = Reader(), Tracker(), Publisher()
    frames = []
    for step in range(round((LAST - FIRST) * RATE)):
        seconds = FIRST + step / RATE
        picture = scenes.render(seconds)
        reading = reader.read(picture)
        published = publisher.update(tracker.update(reading, seconds), seconds)
        frames.append(drawn(picture, reading, published))
    # one palette for all, and no dithering: both would make the file many times larger
    palette = Image.fromarray(cv2.cvtColor(np.vstack(frames[::3]), cv2.COLOR_BGR2RGB)).quantize(32)
    images = [
        Image.fromarray(cv2.cvtColor(frame, cv2.COLOR_BGR2RGB)).quantize(palette=palette, dither=Image.Dither.NONE)
        for frame in frames
    ]
    images[0].save(path, save_all=True, append_images=images[1:], duration=1000 // RATE, loop=0, optimize=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
