"""Corrections: crops of digits with what they really are, where `edgedigits train --extra` finds them."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import cv2

from edgedigits.arrays import UInt8Array
from edgedigits.errors import InputError

NONE = "none"
LABELS = (*map(str, range(10)), NONE)
"""Names of the folders: a digit, or what is none."""
_MOST = 20_000
"""Files that are kept at most, so that nobody can fill the disk."""


def save_correction(folder: Path, crop: UInt8Array, label: str) -> Path:
    """Write a crop into the folder of its label, and return the file's path.

    Args:
        folder: holds a folder for each label.
        crop: uint8 (H, W, 3).
        label: one of `LABELS`.

    Raises:
        InputError: there is no such label, the folder is full, or it cannot be written to.
    """
    if label not in LABELS:
        raise InputError(f"{label[:20]!r} is no digit; choose one of {', '.join(LABELS)}.")
    place = folder / label
    try:
        place.mkdir(parents=True, exist_ok=True)
        if sum(1 for _ in place.iterdir()) >= _MOST:
            raise InputError(f"{place} holds {_MOST} corrections; train with them, or move them away.")
        path = place / f"{datetime.now().astimezone():%Y-%m-%dT%H-%M-%S-%f}.png"
        path.write_bytes(cv2.imencode(".png", crop)[1].tobytes())
    except OSError as error:
        raise InputError(f"The correction cannot be saved in {place} ({error.strerror}).") from error
    return path
