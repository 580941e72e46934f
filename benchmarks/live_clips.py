"""How steady live reading is on rendered clips: a number comes into view, the hand that holds the camera sways, another
hand passes, the exposure steps and the lens loses focus for a moment.

    python benchmarks/live_clips.py [CLIPS]
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterator

import cv2
import numpy as np

from edgedigits import Reader
from edgedigits.live.publishing import Publisher
from edgedigits.live.tracking import Tracker
from edgedigits_train.handwriting import Conditions, render_clip

FRAMES, RATE, STEP = 90, 30, 3
"""Frames of a clip, frames a second, and of how many frames one is read."""
ARRIVES = 12
HAND, EXPOSURE, BLUR = (40, 52), 58, (70, 75)
"""Frames: when a hand passes, from when on the picture is darker, when it is out of focus."""
CONDITIONS = (
    Conditions("ballpoint"),
    Conditions("fineliner", view="hand"),
    Conditions("felt tip", "plain", light="soft shadow"),
    Conditions("whiteboard marker", "whiteboard", lens="noise"),
)


def clip(seed: int) -> Iterator[tuple[np.ndarray, str]]:
    """Yield the frames of a clip, uint8 (480, 640, 3), and what is written in each."""
    conditions = CONDITIONS[seed % len(CONDITIONS)]
    for index, scene in enumerate(render_clip(seed, FRAMES, "number", conditions, arrives=ARRIVES)):
        picture = scene.image
        if HAND[0] <= index < HAND[1]:
            # it covers the end of the number, not all of it
            right = max((digit.box[0] + digit.box[2] for digit in scene.digits), default=0)
            middle = np.mean([digit.box[1] + digit.box[3] / 2 for digit in scene.digits]) if scene.digits else 0
            cv2.ellipse(picture, (round(right), round(middle + 70)), (60, 110), 20, 0, 360, (120, 150, 205), -1)
        if index >= EXPOSURE:
            picture = cv2.convertScaleAbs(picture, alpha=0.75)
        if BLUR[0] <= index < BLUR[1]:
            picture = cv2.GaussianBlur(picture, (9, 9), 3)
        yield picture, scene.text


def judge(published: str, written: str) -> str:
    """Tell whether a published text is right, right as far as it goes, absent or wrong."""
    if published == written:
        return "right"
    if not published:
        return "nothing"
    lines, truth = published.split("\n"), written.split("\n")
    fits = len(lines) == len(truth) and all(
        len(a) == len(b) and all(x in ("?", y) for x, y in zip(a, b, strict=True))
        for a, b in zip(lines, truth, strict=True)
    )
    return "unsure" if fits else "wrong"


def measure(reader: Reader, clips: int) -> tuple[Counter[str], Counter[str]]:
    """Return how many readings from half a second after the arrival on were what, raw and published."""
    raw: Counter[str] = Counter()
    told: Counter[str] = Counter()
    for seed in range(clips):
        tracker, publisher = Tracker(), Publisher()
        for index, (picture, written) in enumerate(clip(seed)):
            if index % STEP:
                continue
            reading = reader.read(picture)
            seconds = index / RATE
            published = publisher.update(tracker.update(reading, seconds), seconds).text
            # within half a second, nothing is due, but nothing wrong is allowed either
            if index >= ARRIVES + RATE // 2 or judge(published, written) == "wrong":
                told[judge(published, written)] += 1
                raw[judge(reading.text, written)] += 1
                if judge(published, written) == "wrong":
                    print(f"  clip {seed}, frame {index}: {published!r} instead of {written!r}")
    return raw, told


if __name__ == "__main__":
    alone, published = measure(Reader(), int(sys.argv[1]) if len(sys.argv) > 1 else 8)
    for name, counts in (("single frames", alone), ("published", published)):
        total = sum(counts.values())
        print(f"{name:<14}" + "  ".join(f"{kind} {100 * n / total:.1f} %" for kind, n in counts.most_common()))
