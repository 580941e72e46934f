"""Work: what `edgedigits predict` does with one image, in whichever process."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from edgedigits.arrays import UInt8Array
from edgedigits.bundle import Bundle
from edgedigits.cli.inputs import Input, pixels_or_path
from edgedigits.cli.pictures import write_picture
from edgedigits.drawing import draw_reading
from edgedigits.errors import EdgeDigitsError
from edgedigits.expectation import Expectation
from edgedigits.explaining import draw_explanation
from edgedigits.hints import DAMAGED, Hint, find_hints
from edgedigits.images import load_image
from edgedigits.reader import Reader
from edgedigits.reading import Reading


@dataclass(frozen=True)
class Task:
    """One image to read.

    Attributes:
        image: which.
        picture: where it is written with its reading drawn in; None for nowhere.
        explanation: where the picture of how it was read is written; None for nowhere.
    """

    image: Input
    picture: Path | None = None
    explanation: Path | None = None


@dataclass(frozen=True)
class Outcome:
    """What came of a task.

    Attributes:
        reading: None where the image could not be used.
        hints: what may be wrong with the image; None where they were not asked for and the file is whole.
        written: the pictures of it that were written.
        errors: why the image could not be used, or why pictures of it could not be written.
    """

    reading: Reading | None
    hints: tuple[Hint, ...] | None = None
    written: tuple[Path, ...] = ()
    errors: tuple[str, ...] = ()


@dataclass(frozen=True)
class Work:
    """How images are read: makes, in each process, the function that reads one.

    Attributes:
        bundle, engine, model, threads, max_pixels: of the reader.
        threshold: below which a digit is unreadable; None for the manifest's.
        expect: what each line must be.
        hints: what may be wrong with an image is looked for.
        overwrite: pictures may replace files that were there before.
    """

    bundle: Bundle
    engine: str | None
    model: str | None
    threads: int
    max_pixels: int
    threshold: float | None
    expect: Expectation | None
    hints: bool = False
    overwrite: bool = False

    def __call__(self) -> Callable[[Task], Outcome]:
        """Make the function."""
        reader = Reader(
            self.bundle, engine=self.engine, format=self.model, threads=self.threads, max_pixels=self.max_pixels
        )
        return lambda task: self._read(reader, task)

    def _read(self, reader: Reader, task: Task) -> Outcome:
        try:
            source = pixels_or_path(task.image.source)
            reading, page = reader.examine(source, threshold=self.threshold, expect=self.expect)
        except EdgeDigitsError as error:
            return Outcome(None, errors=(str(error),))
        hints = find_hints(page) if self.hints else None
        if reading.damaged:
            hints = (DAMAGED, *(hints or ()))
        written, errors = [], []
        draw: dict[Path | None, Callable[[UInt8Array], UInt8Array]] = {
            task.picture: lambda pixels: draw_reading(pixels, reading),
            task.explanation: lambda pixels: draw_explanation(pixels, reading, page, hints or ()),
        }
        for path in (path for path in draw if path is not None):
            try:
                write_picture(path, draw[path](load_image(source, max_pixels=self.max_pixels)), self.overwrite)
                written.append(path)
            except EdgeDigitsError as error:
                errors.append(str(error))
        return Outcome(reading, hints, tuple(written), tuple(errors))
