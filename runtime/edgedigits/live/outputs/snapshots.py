"""Snapshots: the frame of each number that is published, as a file."""

from __future__ import annotations

import json
import os
from datetime import datetime
from pathlib import Path

import cv2

from edgedigits.errors import InputError
from edgedigits.live.watching import Moment

_QUALITY = 90


class Snapshots:
    """Writes a picture, and a file of the same name with what was read, whenever the published text changes.

    Args:
        folder: for the files; it is made.

    Raises:
        InputError: the folder cannot be made or written to.
    """

    name = "snapshots"

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._before = ""
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise InputError(
                f"--snapshots {folder} cannot be made ({error.strerror}); choose another folder."
            ) from error
        if not os.access(folder, os.W_OK):
            raise InputError(f"--snapshots {folder} cannot be written to; choose another folder.")

    def prepare(self, moment: Moment) -> tuple[str, Moment] | None:
        """Return a moment that publishes something new, and the name of its files."""
        if moment.frame is None or moment.published == self._before:
            return None
        self._before = moment.published
        if not moment.published:
            return None
        when = datetime.now().astimezone().strftime("%Y-%m-%dT%H-%M-%S-%f")
        return f"{when}_{moment.published.replace(chr(10), '-').replace('?', 'x')[:60]}", moment

    def deliver(self, prepared: tuple[str, Moment]) -> None:
        """Write the two files.

        Raises:
            OSError: the disk is full, or the folder is gone.
        """
        name, moment = prepared
        assert moment.frame is not None
        encoded = cv2.imencode(".jpg", moment.frame.pixels, [cv2.IMWRITE_JPEG_QUALITY, _QUALITY])[1].tobytes()
        (self._folder / f"{name}.jpg").write_bytes(encoded)
        (self._folder / f"{name}.json").write_text(json.dumps(moment.as_dict()) + "\n")

    def close(self) -> None:
        """Nothing is held."""
