"""Contact sheets of the photos that were read wrongly, each with the stages of its reading."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

from edgedigits import Reader
from edgedigits.explaining import explain_reading
from edgedigits.images import load_image
from edgedigits_train.evaluation.photos import PhotoResult

_PER_SHEET = 8


def write_sheets(results: Sequence[PhotoResult], reader: Reader, path: Path) -> list[Path]:
    """Write pictures of how photos were read, several to a PNG.

    Args:
        results: the photos.
        reader: what read them.
        path: the first PNG; the next ones get -2, -3 and so on.

    Returns:
        The files.
    """
    written = []
    for start in range(0, len(results), _PER_SHEET):
        number = start // _PER_SHEET + 1
        file = path if number == 1 else path.with_name(f"{path.stem}-{number}{path.suffix}")
        pictures = [_titled(result, reader) for result in results[start : start + _PER_SHEET]]
        widest = max(picture.shape[1] for picture in pictures)
        sheet = np.vstack(
            [np.pad(p, ((0, 8), (0, widest - p.shape[1]), (0, 0)), constant_values=200) for p in pictures]
        )
        file.write_bytes(cv2.imencode(".png", sheet)[1].tobytes())
        written.append(file)
    return written


def _titled(result: PhotoResult, reader: Reader) -> npt.NDArray[np.uint8]:
    picture = explain_reading(load_image(result.photo.path), reader)
    strip = np.full((34, picture.shape[1], 3), 235, np.uint8)
    truth = "".join(map(str, result.photo.digits)) or "nothing"
    found = result.reading.text.replace("\n", "|") or "nothing"
    title = f"{result.photo.tier} {result.photo.path.name}: {truth[:60]} read as {found[:60]}"
    cv2.putText(strip, title, (4, 23), cv2.FONT_HERSHEY_SIMPLEX, 0.55, (20, 20, 160), 1, cv2.LINE_AA)
    return np.vstack([strip, picture])
