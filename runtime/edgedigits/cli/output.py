"""Output: what was read, as text, JSON and CSV."""

from __future__ import annotations

import csv
import io
import json
import re
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from typing import Any, TypeAlias

import click

from edgedigits.cli.terminal import printable

_RISKY = re.compile("[\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")
"""What JSON allows as it is, but terminals and strict encodings do not."""

_FORMULA = re.compile(r"[=+@-](?!$|[\d?]+$)")
"""How cells begin that a spreadsheet calculates; a lone sign and a number are what they are."""


@dataclass(frozen=True)
class Row:
    """What was read in one image.

    Attributes:
        name: of the image.
        text: what people are told, in one line.
        doubtful: somebody should look at it.
        fields: what JSON holds beside the name.
        cells: what CSV holds beside the name.
    """

    name: str
    text: str
    doubtful: bool
    fields: dict[str, Any]
    cells: tuple[object, ...]


Write: TypeAlias = "Callable[[Row], None]"


@contextmanager
def _text_writer(_: Sequence[str]) -> Iterator[Write]:
    def write(row: Row) -> None:
        text = click.style(printable(row.text), fg="yellow" if row.doubtful else None, bold=True)
        click.echo(f"{printable(row.name)}: {text}")

    yield write


@contextmanager
def _jsonl_writer(_: Sequence[str]) -> Iterator[Write]:
    yield lambda row: click.echo(_json(row))


@contextmanager
def _json_writer(_: Sequence[str]) -> Iterator[Write]:
    before = "["

    def write(row: Row) -> None:
        nonlocal before
        click.echo(f"{before}\n{_json(row)}", nl=False)
        before = ","

    try:
        yield write
    finally:  # what was read before Ctrl-C is whole as well
        click.echo("[]" if before == "[" else "\n]")


def _json(row: Row) -> str:
    encoding = getattr(sys.stdout, "encoding", None) or "utf-8"
    unicode = encoding.lower().replace("-", "") in ("utf8", "utf16", "utf32")
    plain = json.dumps({"path": row.name, **row.fields}, ensure_ascii=not unicode)
    return _RISKY.sub(lambda found: f"\\u{ord(found[0]):04x}", plain)


@contextmanager
def _csv_writer(headings: Sequence[str]) -> Iterator[Write]:
    def write_cells(cells: Sequence[object]) -> None:
        buffer = io.StringIO()
        csv.writer(buffer, lineterminator="\n").writerow(cells)
        click.echo(buffer.getvalue(), nl=False)

    write_cells(["path", *headings])
    yield lambda row: write_cells([_no_formula("./", printable(row.name)), *(_no_formula("'", c) for c in row.cells)])


def _no_formula(mark: str, cell: object) -> str:
    """Return a cell with a mark before it where a spreadsheet would calculate it.

    For a file name that is ./, which makes it another name of the same file.
    """
    return f"{mark}{cell}" if _FORMULA.match(str(cell)) else str(cell)


WRITERS: dict[str, Callable[[Sequence[str]], AbstractContextManager[Write]]] = {
    "text": _text_writer,
    "jsonl": _jsonl_writer,
    "json": _json_writer,
    "csv": _csv_writer,
}
"""How rows are printed, by the name of the format: each takes the headings of the cells, and is a context manager."""
