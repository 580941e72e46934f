"""Output: readings as text, JSON and CSV."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable
from typing import TypeAlias

import click

from edgedigits.hints import Hint
from edgedigits.reading import Reading

Write: TypeAlias = "Callable[[str, Reading, tuple[Hint, ...] | None], None]"
"""Prints the reading of an image with this name, and the hints where they were asked for."""


def one_line(reading: Reading) -> str:
    """Return the text in one line; "" where no digit was found."""
    remark = " (not as expected)" if reading.expected is False and reading.digits else ""
    return reading.text.replace("\n", " | ") + remark


def _text_writer() -> Write:
    return lambda name, reading, _: click.echo(f"{name}: {one_line(reading) or 'no digit found'}")


def _jsonl_writer() -> Write:
    def write(name: str, reading: Reading, hints: tuple[Hint, ...] | None) -> None:
        row = {"path": name, **reading.as_dict()}
        if hints is not None:
            row["hints"] = [hint.as_dict() for hint in hints]
        click.echo(json.dumps(row, ensure_ascii=False))

    return write


def _csv_writer() -> Write:
    def write_row(row: list[object]) -> None:
        buffer = io.StringIO()
        csv.writer(buffer, lineterminator="\n").writerow(row)
        click.echo(buffer.getvalue(), nl=False)

    write_row(["path", "text", "digits", "confidence", "expected"])

    def write(name: str, reading: Reading, _: tuple[Hint, ...] | None) -> None:
        least = f"{min(d.confidence for d in reading.digits):.4f}" if reading.digits else ""
        expected = "" if reading.expected is None else str(reading.expected).lower()
        write_row([name, reading.text, len(reading.digits), least, expected])

    return write


WRITERS: dict[str, Callable[[], Write]] = {
    "text": _text_writer,
    "jsonl": _jsonl_writer,
    "csv": _csv_writer,
}
"""How readings are printed, by the name of the format; each is opened once."""
