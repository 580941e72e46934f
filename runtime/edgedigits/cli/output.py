"""Output: readings as text, JSON and CSV."""

from __future__ import annotations

import csv
import io
import json
import re
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import TypeAlias

import click

from edgedigits.cli.terminal import printable
from edgedigits.hints import Hint
from edgedigits.reading import Reading

Write: TypeAlias = "Callable[[str, Reading, tuple[Hint, ...] | None], None]"
"""Prints the reading of an image with this name, and the hints where they were asked for."""

_RISKY = re.compile("[\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")
"""What JSON allows as it is, but terminals and strict encodings do not."""


@contextmanager
def _text_writer() -> Iterator[Write]:
    def write(name: str, reading: Reading, _: tuple[Hint, ...] | None) -> None:
        doubtful = reading.expected is False or not reading.digits
        text = click.style(reading.in_one_line() or "no digit found", fg="yellow" if doubtful else None, bold=True)
        click.echo(f"{printable(name)}: {text}")

    yield write


@contextmanager
def _jsonl_writer() -> Iterator[Write]:
    yield lambda name, reading, hints: click.echo(_json(name, reading, hints))


@contextmanager
def _json_writer() -> Iterator[Write]:
    before = "["

    def write(name: str, reading: Reading, hints: tuple[Hint, ...] | None) -> None:
        nonlocal before
        click.echo(f"{before}\n{_json(name, reading, hints)}", nl=False)
        before = ","

    try:
        yield write
    finally:  # what was read before Ctrl-C is whole as well
        click.echo("[]" if before == "[" else "\n]")


def _json(name: str, reading: Reading, hints: tuple[Hint, ...] | None) -> str:
    row = {"path": name, **reading.as_dict()}
    if hints is not None:
        row["hints"] = [hint.as_dict() for hint in hints]
    encoding = getattr(sys.stdout, "encoding", None) or "utf-8"
    unicode = encoding.lower().replace("-", "") in ("utf8", "utf16", "utf32")
    return _RISKY.sub(lambda found: f"\\u{ord(found[0]):04x}", json.dumps(row, ensure_ascii=not unicode))


@contextmanager
def _csv_writer() -> Iterator[Write]:
    def write_row(row: list[object]) -> None:
        buffer = io.StringIO()
        csv.writer(buffer, lineterminator="\n").writerow(row)
        click.echo(buffer.getvalue(), nl=False)

    def write(name: str, reading: Reading, _: tuple[Hint, ...] | None) -> None:
        least = f"{min(d.confidence for d in reading.digits):.4f}" if reading.digits else ""
        expected = "" if reading.expected is None else str(reading.expected).lower()
        write_row([_no_formula(printable(name)), reading.text, len(reading.digits), least, expected])

    write_row(["path", "text", "digits", "confidence", "expected"])
    yield write


def _no_formula(name: str) -> str:
    """Return a file name as no spreadsheet calculates it: ./=1+1.png is the same file as =1+1.png."""
    return f"./{name}" if len(name) > 1 and name[0] in "=+-@" else name


WRITERS: dict[str, Callable[[], AbstractContextManager[Write]]] = {
    "text": _text_writer,
    "jsonl": _jsonl_writer,
    "json": _json_writer,
    "csv": _csv_writer,
}
"""How readings are printed, by the name of the format; each is opened once, as a context manager."""
