"""The manifest of a bundle, read strictly: whoever wrote it, what comes out is usable as it is, or is refused.

Fields that nobody here knows are left alone, so that newer exports can add some; one that is known and has another type
or makes no sense refuses the bundle, because a reader would quietly answer wrongly with it.
"""

from __future__ import annotations

import json
import re
import stat
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from edgedigits.errors import BundleError

MANIFEST = "manifest.json"

MOST_BYTES = 16 << 20
"""Bytes that a manifest may have: real ones have a hundredth of it."""

_MOST_LEVELS = 64

_ABSENT = object()


def read_manifest(folder: Path) -> bytes:
    """Return the bytes of a bundle's manifest.

    Raises:
        BundleError: there is none, or it is no file of a manifest's size.
    """
    path = folder / MANIFEST
    try:
        # asked before it is opened: a pipe of that name would keep us waiting
        if not stat.S_ISREG(path.stat().st_mode):
            raise BundleError(f"{path} is not a manifest but something else than a file; point to another folder.")
        with path.open("rb") as file:
            content = file.read(MOST_BYTES + 1)
    except OSError as error:
        raise BundleError(
            f"No bundle at {folder}: {MANIFEST} cannot be read ({error.strerror});"
            " point to a folder that `edgedigits export` wrote, or leave the option out for the bundled model."
        ) from error
    except ValueError:  # a name that no file can have
        raise BundleError(f"No bundle at {str(folder)!r}: no folder has such a name; check the spelling.") from None
    if len(content) > MOST_BYTES:
        raise BundleError(f"{path} is not a manifest: it has more than {MOST_BYTES >> 20} MB; copy the bundle again.")
    return content


def parse_manifest(content: bytes, path: Path) -> Fields:
    """Return the fields of a manifest.

    Args:
        content: the file's bytes.
        path: of the file, for messages.

    Raises:
        BundleError: it is damaged, or holds no table.

    Example:
        >>> parse_manifest(b'{"temperature": 1.5}', Path("manifest.json")).number("temperature", 0.1, 10)
        1.5
    """
    try:
        manifest = json.loads(content.decode("utf-8"), parse_constant=_refuse_constant, object_pairs_hook=_table)
        _check_depth(manifest)
    except RecursionError:
        raise BundleError(f"{path} is damaged (it is nested too deep); {_MEND}") from None
    except ValueError as error:
        raise BundleError(f"{path} is damaged ({_shown(str(error))}); {_MEND}") from error
    if not isinstance(manifest, dict):
        raise BundleError(f"{path} is not a manifest; run `make export` to make it anew.")
    return Fields(manifest, str(path))


class Fields:
    """The fields of a table, each asked for by its name and by what it has to be.

    Every question raises a `BundleError` that names the field where the answer is another one.

    Args:
        values: the table.
        source: what the table is part of, for messages.
        place: where in that it lies, such as "files[0].".
    """

    def __init__(self, values: Mapping[str, Any], source: str, place: str = "") -> None:
        self.values = values
        self._source, self._place = source, place

    def __contains__(self, name: str) -> bool:
        """Tell whether the field is there, and not null."""
        return self.values.get(name) is not None

    def number(self, name: str, low: float, high: float, default: float | None = None) -> float:
        """Return a finite number from `low` to `high`; the default, if there is one, where the field is absent."""
        value = self._get(name, default)
        if not isinstance(value, (int, float)) or isinstance(value, bool) or not low <= value <= high:
            raise self._error(name, value, f"a number from {low:g} to {high:g}")
        return float(value)

    def whole(self, name: str, low: int, high: int) -> int:
        """Return a whole number from `low` to `high`."""
        value = self._get(name)
        if not isinstance(value, int) or isinstance(value, bool) or not low <= value <= high:
            raise self._error(name, value, f"a whole number from {low} to {high}")
        return value

    def text(self, name: str, pattern: str = ".+", wanted: str = "a text of printable characters") -> str:
        """Return a printable text that matches a pattern as a whole."""
        value = self._get(name)
        if not _is_text(value) or not re.fullmatch(pattern, value):
            raise self._error(name, value, wanted)
        return str(value)

    def texts(self, name: str) -> tuple[str, ...]:
        """Return a list of printable texts."""
        value = self._get(name)
        if not isinstance(value, list) or not all(_is_text(item) for item in value):
            raise self._error(name, value, "a list of texts")
        return tuple(value)

    def table(self, name: str) -> Fields:
        """Return the fields of a table."""
        value = self._get(name)
        if not isinstance(value, dict):
            raise self._error(name, value, "a table")
        return Fields(value, self._source, f"{self._place}{name}.")

    def table_of_texts(self, name: str) -> dict[str, str]:
        """Return a table of printable texts."""
        value = self.table(name).values
        if not all(_is_text(item) for pair in value.items() for item in pair):
            raise self._error(name, value, "a table of texts")
        return dict(value)

    def tables(self, name: str) -> Iterator[Fields]:
        """Yield the fields of each table of a list that has one at least."""
        value = self._get(name)
        if not isinstance(value, list) or not value or not all(isinstance(item, dict) for item in value):
            raise self._error(name, value, "a list of tables")
        for index, item in enumerate(value):
            yield Fields(item, self._source, f"{self._place}{name}[{index}].")

    def check_printable(self) -> None:
        """Refuse texts anywhere in this table that cannot be printed as they are."""
        for name, value in self.values.items():
            if not all(text.isprintable() for text in _texts_within({name: value})):
                raise self.error(name, "printable")

    def error(self, name: str, wanted: str) -> BundleError:
        """Return the error of a field that is not what it has to be."""
        return self._error(name, self.values.get(name), wanted)

    def _get(self, name: str, default: object = None) -> Any:
        value = self.values.get(name, _ABSENT)
        if value is not _ABSENT:
            return value
        if default is None:
            raise BundleError(f"{self._source} lacks the field {self._place}{name}; {_MEND}")
        return default

    def _error(self, name: str, value: object, wanted: str) -> BundleError:
        return BundleError(f"{self._source}: {self._place}{name} is {_shown(_json(value))}, not {wanted}; {_MEND}")


_MEND = "copy the bundle again from where it was made, or run `make export` to make it anew."


def _is_text(value: object) -> bool:
    # what cannot be printed is no name: it would move the cursor of a terminal, or end a path early
    return isinstance(value, str) and value.isprintable() and value != ""


def _check_depth(value: object) -> None:
    """Refuse what is nested so deep that printing or copying it would fail later."""
    level = [value]
    for _ in range(_MOST_LEVELS):
        level = [
            item
            for outer in level
            if isinstance(outer, (dict, list))
            for item in (outer.values() if isinstance(outer, dict) else outer)
        ]
    if level:
        raise RecursionError


def _texts_within(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        yield from value
        for item in value.values():
            yield from _texts_within(item)
    elif isinstance(value, list):
        for item in value:
            yield from _texts_within(item)


def _table(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    table = dict(pairs)
    if len(table) != len(pairs):
        raise ValueError("a field is there twice, and programs differ on which of them counts")
    return table


def _refuse_constant(name: str) -> float:
    raise ValueError(f"{name} is no number in JSON")


def _json(value: object) -> str:
    try:
        return json.dumps(value)
    except (ValueError, RecursionError):  # digits or levels beyond what Python turns into text
        return type(value).__name__


def _shown(text: str) -> str:
    """Return a text that may be anybody's as a short, printable line."""
    line = "".join(character if character.isprintable() else "�" for character in text)
    return line if len(line) <= 100 else f"{line[:100]}…"


def parse_version(text: str) -> tuple[int, ...] | None:
    """Return a version such as "1.4" or "2026.11.30" for comparison, or None where the text is no such thing.

    Example:
        >>> parse_version("1.10") > parse_version("1.9"), parse_version("2.0") == parse_version("2")
        (True, True)
    """
    if not re.fullmatch(VERSION, text):
        return None
    numbers = [int(number) for number in text.split(".")]
    while numbers and numbers[-1] == 0:
        numbers.pop()
    return tuple(numbers)


VERSION = r"[0-9]{1,9}(\.[0-9]{1,9}){0,5}"
"""What a bundle's version looks like: numbers with dots between them."""
