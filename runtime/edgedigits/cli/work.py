"""Work: what `edgedigits predict` does with one image, in whichever process."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from edgedigits.drawing import draw_reading
from edgedigits.errors import EdgeDigitsError, InputError
from edgedigits.expectation import Expectation
from edgedigits.hints import Hint
from edgedigits.images import EncodedImage, UInt8Array, load_image
from edgedigits.reader import Reader
from edgedigits.reading import Reading
from edgedigits.stages.recognition import Page


@dataclass(frozen=True)
class Task:
    """One image to read.

    Attributes:
        name: what messages and output call it.
        source: its path, or its content where it came on standard input.
        picture: where the image is written with its reading drawn in; None for nowhere.
        explanation: where the picture of how it was read is written; None for nowhere.
    """

    name: str
    source: str | EncodedImage
    picture: Path | None = None
    explanation: Path | None = None


@dataclass(frozen=True)
class Outcome:
    """What came of a task.

    Attributes:
        reading: None where the image could not be used.
        hints: what may be wrong with the image; None where no explanation was asked for.
        error: why the image could not be used; "" where it could.
    """

    reading: Reading | None
    hints: tuple[Hint, ...] | None = None
    error: str = ""


@dataclass(frozen=True)
class Work:
    """How images are read: makes, in each process, the function that reads one.

    Attributes:
        bundle, engine, model, threads, max_pixels: of the reader.
        threshold: below which a digit is unreadable; None for the manifest's.
        expect: what each line must be.
    """

    bundle: Path | None
    engine: str | None
    model: str | None
    threads: int
    max_pixels: int
    threshold: float | None
    expect: Expectation | None

    def __call__(self) -> Callable[[Task], Outcome]:
        """Make the function."""
        reader = Reader(
            self.bundle, engine=self.engine, format=self.model, threads=self.threads, max_pixels=self.max_pixels
        )
        return lambda task: self._read(reader, task)

    def _read(self, reader: Reader, task: Task) -> Outcome:
        try:
            reading, page = reader.examine(task.source, threshold=self.threshold, expect=self.expect)
            hints = self._explain(task, task.explanation, reading, page) if task.explanation is not None else None
            if task.picture is not None:
                _write(task.picture, draw_reading(self._pixels(task), reading))
        except EdgeDigitsError as error:
            return Outcome(None, error=str(error))
        return Outcome(reading, hints)

    def _explain(self, task: Task, path: Path, reading: Reading, page: Page) -> tuple[Hint, ...]:
        from edgedigits.explaining import draw_explanation
        from edgedigits.hints import find_hints

        hints = find_hints(page)
        _write(path, draw_explanation(self._pixels(task), reading, page, hints))
        return hints

    def _pixels(self, task: Task) -> UInt8Array:
        return load_image(task.source, max_pixels=self.max_pixels)


def _write(path: Path, picture: UInt8Array) -> None:
    import cv2

    try:
        path.write_bytes(cv2.imencode(".png", picture)[1].tobytes())
    except OSError as error:
        raise InputError(f"{path} cannot be written ({error.strerror}); choose another folder.") from error
