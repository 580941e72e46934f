"""How a bundle reads photos, which is another thing than how it answers clean images."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from edgedigits.labelled.pictures import from_texts
from edgedigits.reader import Reader

_DIGITS = set("0123456789")


@dataclass(frozen=True)
class PhotosRead:
    """What a bundle read in a folder of photos.

    Attributes:
        folder: where they lie.
        singles: how many of the photos of one digit were read right, and how many there are.
        empties: how many of the photos without a digit were left unread, and how many there are.
        outliers: whether the model has a class for what is no digit.
    """

    folder: Path
    singles: tuple[int, int]
    empties: tuple[int, int]
    outliers: bool

    def __str__(self) -> str:
        return (
            f"{self.folder}: {self.singles[0]} of {self.singles[1]} photos of one digit read right, and"
            f" {self.empties[0]} of {self.empties[1]} without a digit left unread"
        )


def read_singles(bundle: Path, folder: Path, progress: Callable[[str], None] = lambda _: None) -> PhotosRead | None:
    """Read the photos of a folder that show one digit or none.

    Args:
        bundle: the bundle.
        folder: with a labels.csv of the columns file and text, as the project's Images/.
        progress: is told what is being done.

    Returns:
        What was read; None where the bundle's labels are not the digits.

    Raises:
        InputError: there is no such table, or a photo cannot be read.
    """
    reader = Reader(bundle)
    if not set(reader.bundle.classes) >= _DIGITS:
        return None
    right, counts = [0, 0], [0, 0]
    photos = [(path, text) for path, text in from_texts(folder / "labels.csv") if len(text) <= 1]
    for number, (path, text) in enumerate(photos, start=1):
        progress(f"reading photo {number} of {len(photos)}")
        kind = 0 if text else 1
        counts[kind] += 1
        right[kind] += reader.read(path).text == text
    outliers = len(reader.bundle.labels) > len(reader.bundle.classes)
    return PhotosRead(folder, (right[0], counts[0]), (right[1], counts[1]), outliers)
