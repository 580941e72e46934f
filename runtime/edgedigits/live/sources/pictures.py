"""Pictures in a folder or of a pattern, one after the other, as frames."""

from __future__ import annotations

import glob
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from edgedigits.errors import InputError
from edgedigits.images import load_image, readable_suffixes
from edgedigits.live.sources.base import CameraError, Kind, Picture, Source, Stream, Wanted

_RATE = 1.0
"""Pictures a second where none is asked for: each is a scene of its own."""


@dataclass(frozen=True)
class Pictures:
    """The pictures of a folder or pattern, in the order of their names."""

    place: str
    live: bool = False

    @property
    def name(self) -> str:
        """What people read."""
        return self.place

    def open(self, wanted: Wanted) -> Stream:
        """List the pictures.

        Raises:
            CameraError: there are none.
        """
        folder, readable = Path(self.place), readable_suffixes()
        try:
            paths = (
                [path for path in folder.iterdir() if path.suffix.lower() in readable and path.is_file()]
                if folder.is_dir()
                else [Path(path) for path in glob.glob(self.place, recursive=True)]  # noqa: PTH207 - absolute too
            )
        except OSError as error:
            raise CameraError(f"{self.place} cannot be read ({error.strerror}).", final=True) from error
        if not paths:
            raise CameraError(
                f"{self.place} names no picture; pictures end in {', '.join(sorted(readable))}.", final=True
            )
        return _PictureStream(sorted(paths), wanted.fps or _RATE)


class _PictureStream:
    def __init__(self, paths: list[Path], rate: float) -> None:
        self._pictures = self._load(paths, rate)

    @staticmethod
    def _load(paths: list[Path], rate: float) -> Iterator[Picture]:
        usable = 0
        for number, path in enumerate(paths):
            try:
                pixels = load_image(path)
            except InputError:
                continue
            usable += 1
            yield Picture(pixels, number / rate)
        if not usable:
            raise CameraError(f"None of {len(paths)} files, such as {paths[0]}, is a picture.", final=True)

    def read(self) -> Picture | None:
        """Return the next picture that can be read; None after the last."""
        return next(self._pictures, None)

    def close(self) -> None:
        """Nothing is held open."""


def _parse(text: str) -> Source | None:
    if text and "://" not in text and (Path(text).is_dir() or (glob.has_magic(text) and not Path(text).exists())):
        return Pictures(text)
    return None


KIND = Kind("pictures", "a folder or pattern of pictures", _parse)
