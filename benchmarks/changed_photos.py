"""What hangs by a thread: `python benchmarks/changed_photos.py FOLDER... [--bundle FOLDER] [--verbose]`.

Reads every photo that the folders' truth.json list as it is, and changed in ways that leave what it says, and prints
how well by change and over all; with `--verbose` also each reading that is wrong. Photos of one group are averaged
first. All are read at the size at which the reader looks at large ones.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Mapping
from dataclasses import asdict
from functools import cache
from itertools import product
from multiprocessing import Pool
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

from edgedigits import Reader
from edgedigits.errors import InputError
from edgedigits.images import load_image
from edgedigits_train.evaluation.photos import Photo, PhotoResult, load_photos, score_digits, summarise

Picture = npt.NDArray[np.uint8]

_LARGEST = 1600
"""Pixels of the longer side."""


def scaled(picture: Picture, factor: float) -> Picture:
    """Return the picture in another size."""
    how = cv2.INTER_AREA if factor < 1 else cv2.INTER_CUBIC
    return np.asarray(cv2.resize(picture, None, fx=factor, fy=factor, interpolation=how), np.uint8)


def turned(picture: Picture, degrees: float) -> Picture:
    """Return the picture turned about its middle, what it lacks mirrored."""
    height, width = picture.shape[:2]
    turn = cv2.getRotationMatrix2D((width / 2, height / 2), degrees, 1)
    return np.asarray(cv2.warpAffine(picture, turn, (width, height), borderMode=cv2.BORDER_REFLECT_101), np.uint8)


def aslant(picture: Picture) -> Picture:
    """Return the picture as if its upper edge were farther away."""
    height, width = picture.shape[:2]
    corners = np.array([[0, 0], [1, 0], [1, 1], [0, 1]], np.float32) * (width, height)
    moved = np.array([[0.06, 0.06], [0.94, 0], [1, 1], [0, 0.94]], np.float32) * (width, height)
    view = cv2.getPerspectiveTransform(corners.astype(np.float32), moved.astype(np.float32))
    return np.asarray(cv2.warpPerspective(picture, view, (width, height), borderMode=cv2.BORDER_REFLECT_101), np.uint8)


def noisy(picture: Picture) -> Picture:
    """Return the picture with a sensor's noise, strongly compressed."""
    noise = np.random.default_rng(0).normal(0, 7, picture.shape)
    encoded = cv2.imencode(".jpg", np.clip(picture + noise, 0, 255).astype(np.uint8), [cv2.IMWRITE_JPEG_QUALITY, 40])[1]
    return np.asarray(cv2.imdecode(encoded, cv2.IMREAD_COLOR), np.uint8)


def unevenly_lit(picture: Picture) -> Picture:
    """Return the picture with less than half the light at its left edge."""
    height, width = picture.shape[:2]
    light = np.linspace(0.45, 1, width) * np.linspace(1, 0.8, height)[:, np.newaxis]
    return np.asarray(picture * light[..., np.newaxis], np.uint8)


def brighter(picture: Picture) -> Picture:
    """Return the picture with its middle tones raised."""
    return np.asarray(255 * (picture / 255) ** 0.6, np.uint8)


CHANGES: Mapping[str, Callable[[Picture], Picture]] = {
    "none": lambda picture: picture,
    "smaller": lambda picture: scaled(picture, 0.71),
    "larger": lambda picture: scaled(picture, 1.3),
    "turned left": lambda picture: turned(picture, 5),
    "turned right": lambda picture: turned(picture, -5),
    "aslant": aslant,
    "noisy": noisy,
    "unevenly lit": unevenly_lit,
    "brighter": brighter,
}


@cache
def reader(bundle: Path | None) -> Reader:
    """Return this process's reader."""
    cv2.setNumThreads(1)
    return Reader(bundle)


def read(task: tuple[Photo, str, Path | None]) -> PhotoResult:
    """Read a photo that was changed."""
    photo, change, bundle = task
    picture = load_image(photo.path.read_bytes())
    picture = scaled(picture, min(1.0, _LARGEST / max(picture.shape[:2])))
    reading = reader(bundle).read(CHANGES[change](picture))
    found = [digit.value for digit in reading.digits if digit.value is not None]
    return PhotoResult(photo, reading, score_digits(found, photo))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folders", nargs="+", type=Path, metavar="FOLDER")
    parser.add_argument("--bundle", type=Path, help="a bundle folder; the bundled model where none is named")
    parser.add_argument("--verbose", action="store_true")
    parser.add_argument("--json", type=Path, metavar="FILE", help="also write the figures here")
    arguments = parser.parse_args()
    try:
        photos = [photo for folder in arguments.folders for photo in load_photos(folder)]
    except InputError as error:
        parser.error(str(error))
    tasks = [(photo, change, arguments.bundle) for change, photo in product(CHANGES, photos)]
    with Pool() as pool:
        results = pool.map(read, tasks, chunksize=4)
    tiers = sorted({photo.tier for photo in photos})
    figures: dict[str, dict[str, dict[str, float]]] = {}
    for place, change in enumerate([*CHANGES, "all"]):
        some = results if change == "all" else results[place * len(photos) : (place + 1) * len(photos)]
        scores = summarise(some)
        figures[change] = {
            tier: {"photos": sum(photo.tier == tier for photo in photos), **asdict(scores[tier][1])} for tier in tiers
        }
        cells = [
            f"{tier} exact {score.exact:6.1%} F1 {score.f1:6.1%} invented {score.invented:.3f}"
            for tier, (_, score) in ((tier, scores[tier]) for tier in tiers)
        ]
        print(f"{change:<13}", *cells, sep="  ")
    if arguments.json:
        arguments.json.write_text(json.dumps(figures, indent=1, ensure_ascii=False) + "\n")
    if arguments.verbose:
        for (photo, change, _), result in zip(tasks, results, strict=True):
            if not result.score.exact:
                print(f"{photo.path.name} {change}: {' | '.join(result.reading.text.split())}")


if __name__ == "__main__":
    main()
