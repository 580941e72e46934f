"""Pictures in a folder: sub-folders named after labels, or a table labels.csv."""

from __future__ import annotations

import csv
import os
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from edgedigits.errors import InputError
from edgedigits.glyphs import normalise_crop
from edgedigits.images import SUFFIXES, load_image
from edgedigits.labelled.examples import NONE

if TYPE_CHECKING:
    from edgedigits.reader import Reader

TABLE = "labels.csv"

PICTURES = SUFFIXES | {".heic", ".heif", ".avif", ".gif"}
"""Endings of what a user takes for a picture; those that cannot be read are named, not passed over."""

_LARGEST_CROP = 64
"""Pixels on the longer side: in a larger picture the digit is looked for, as in a photo."""
_MOST_OF_THE_INK = 0.7


@dataclass(frozen=True)
class Picture:
    """A picture and what it shows.

    Attributes:
        path: where it lies.
        label: `NONE` for what is no digit; "" where a table gives several digits.
        writer: who wrote it; "" where nobody says.
        where: what gives it this label, for messages: the line of a table, or the folder.
    """

    path: Path
    label: str
    writer: str = ""
    where: str = ""


def from_folders(folder: Path) -> Iterator[Picture]:
    """Yield the pictures in sub-folders, which are named after labels."""
    for below in sorted(path for path in folder.iterdir() if path.is_dir() and not path.name.startswith(".")):
        for path in sorted(below.rglob("*")):
            if is_picture(path):
                yield Picture(path, below.name, where=str(below))


def is_picture(path: Path) -> bool:
    """Return whether a user would take a path for a picture."""
    return path.suffix.lower() in PICTURES and not path.name.startswith(".") and path.is_file()


def from_table(table: Path) -> Iterator[Picture]:
    """Yield the pictures of a table: columns path and label, or file and text as in the project's Images/.

    A column `writer` is read as well. An empty text means that there is no digit.

    Raises:
        InputError: the table cannot be read, names a picture that is not there, or lacks a label.
    """
    for row in _rows(table):
        if row.is_text:
            label = row.said if len(row.said) == 1 else "" if row.said else NONE
        elif row.said:
            label = row.said
        else:
            raise InputError(f"{row.where}: there is no label; write {NONE} for no digit.")
        yield Picture(row.path, label, row.writer, row.where)


def from_texts(table: Path) -> Iterator[tuple[Path, str]]:
    """Yield the pictures of a table and all that is written in each.

    Raises:
        InputError: as `from_table`.
    """
    for row in _rows(table):
        yield row.path, "" if row.said == NONE else row.said


@dataclass(frozen=True)
class _Row:
    """A line of a table: where it stands, the picture, what is said of it, whether that is a text, and the writer."""

    where: str
    path: Path
    said: str
    is_text: bool
    writer: str


def _rows(table: Path) -> Iterator[_Row]:
    try:
        with table.open(newline="", encoding="utf-8-sig") as file:
            rows = csv.DictReader(file, skipinitialspace=True)
            columns = set(rows.fieldnames or ())
            if {"path", "label"} <= columns:
                name, text = "path", "label"
            elif {"file", "text"} <= columns:
                name, text = "file", "text"
            else:
                raise InputError(f"{table} must begin with the line path,label.")
            for row in rows:
                where = f"{table}, line {rows.line_num}"
                path = path_inside(table.parent, row[name] or "", where)
                writer = (row.get("writer") or "").strip()
                yield _Row(where, path, (row[text] or "").strip(), text == "text", writer)
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise InputError(f"{table} cannot be read ({error}): save it as CSV in UTF-8.") from error


def path_inside(folder: Path, name: str, where: str) -> Path:
    """Return the path of a picture that a table names, which has to lie in the table's folder.

    Args:
        folder: of the table.
        name: what stands there; relative to the folder, or from the root.
        where: the line, for messages.

    Raises:
        InputError: it leads out of the folder, or to no file.
    """
    try:
        relative = os.path.relpath(folder / name, folder)
    except ValueError:  # on another drive of Windows
        relative = ".."
    shown = "".join(character if character.isprintable() else "�" for character in name)
    if Path(relative).parts[:1] == ("..",):
        raise InputError(
            f"{where}: {shown} lies outside of {folder}; copy the picture into it, and write its path within it."
        )
    if not (folder / relative).is_file():
        raise InputError(f"{where}: {shown} does not exist; paths are relative to {folder}.")
    return folder / relative


class SeveralDigitsError(InputError):
    """A picture of several digits, of which none is most of what is written."""


class GlyphFinder:
    """Finds what a picture shows; the reader is made for the first photo, because crops do without."""

    @cached_property
    def _reader(self) -> Reader:
        from edgedigits.reader import Reader

        return Reader()

    def glyph(self, path: Path) -> npt.NDArray[np.uint8]:
        """Return the glyph of the one digit or letter in a picture, uint8 (28, 28).

        In a photo the reader finds the digit; what it does not find is taken to be a crop.

        Raises:
            SeveralDigitsError: the picture shows several digits.
            InputError: it cannot be read, or shows nothing.
        """
        image = load_image(path)
        glyph = self._in_photo(path) if max(image.shape[:2]) > _LARGEST_CROP else None
        if glyph is None:
            glyph = normalise_crop(image)
        if not glyph.any():
            raise InputError(f"{path} shows nothing: no ink stands out from the paper; remove it or take it anew.")
        return glyph

    def _in_photo(self, path: Path) -> npt.NDArray[np.uint8] | None:
        _, page = self._reader.examine(path)
        if not page.digits:
            return None
        ink = [digit.box[2] * digit.box[3] for digit in page.digits]
        largest = int(np.argmax(ink))
        if len(ink) == 1:
            return page.digits[largest].glyph
        if ink[largest] < _MOST_OF_THE_INK * sum(ink):
            raise SeveralDigitsError(f"{path} shows {len(ink)} digits: crop it to one.")
        return None
