"""One batch: paths in, a table of readings out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from edgedigits.bundle import Bundle
from edgedigits.digit import Digit
from edgedigits.errors import EdgeDigitsError
from edgedigits.expectation import Expectation
from edgedigits.reader import Reader
from edgedigits.reading import Reading

_DIGIT = pa.struct(
    [
        ("value", pa.int8()),
        ("confidence", pa.float32()),
        ("x", pa.int32()),
        ("y", pa.int32()),
        ("width", pa.int32()),
        ("height", pa.int32()),
        ("line", pa.int16()),
    ]
)
SCHEMA = pa.schema(
    [
        pa.field("path", pa.string(), nullable=False),
        ("text", pa.string()),
        ("confidence", pa.float32()),
        ("digits", pa.list_(_DIGIT)),
        ("expected", pa.bool_()),
        ("turned", pa.int16()),
        ("damaged", pa.bool_()),
        ("error", pa.string()),
    ]
)
"""A row for each photo: what `Reading` has, "confidence" being the least of its digits', and "error", which says why a
photo could not be used and is null where it could."""


class ReadBatch:
    """Reads photos, a batch at a time, with one reader.

    It can be pickled, and holds the model's content then, so that each worker of a cluster has one reader and needs no
    files but the photos. Any number of threads may call it.

    Args:
        bundle: a folder that `edgedigits export` wrote, or a `Bundle`; None for the model inside the package.
        engine, format: as for `Reader`.
        threshold: digits of less confidence, 0 to 1, are unreadable; None for the manifest's.
        expect: what every line must be.

    Raises:
        BundleError: the bundle is missing, damaged or made for another version.
        EngineError: no engine here runs the bundle's files.

    Example:
        >>> table = ReadBatch()({"path": ["gone.jpg"]})
        >>> table.num_rows, table["text"].to_pylist()
        (1, [None])
    """

    def __init__(
        self,
        bundle: str | Path | Bundle | None = None,
        *,
        engine: str | None = None,
        format: str | None = None,
        threshold: float | None = None,
        expect: Expectation | None = None,
    ) -> None:
        self._reader = Reader(bundle, engine=engine, format=format)
        self._threshold, self._expect = threshold, expect
        # whatever a reader opens for its first page is pickled with it
        self._reader.read(np.full((60, 60), 255, np.uint8))

    @property
    def settings(self) -> dict[str, Any]:
        """What the readings depend on beside the photos, as plain values."""
        return {
            "model": self._reader.file.sha256,
            "engine": self._reader.engine.name,
            "threshold": self._threshold,
            "expect": repr(self._expect) if self._expect else None,
        }

    def __call__(self, batch: Mapping[str, Sequence[str]]) -> pa.Table:
        """Read a batch.

        Args:
            batch: the photos' paths, as "path".

        Returns:
            A table of `SCHEMA`, a row for each path, in order.
        """
        return pa.Table.from_pylist([self._read(str(path)) for path in batch["path"]], SCHEMA)

    def _read(self, path: str) -> dict[str, Any]:
        try:
            return _row(path, self._reader.read(path, threshold=self._threshold, expect=self._expect))
        except EdgeDigitsError as error:
            return failed_row(path, str(error))
        except Exception as error:  # one photo in a million must not end the others
            return failed_row(path, f"{type(error).__name__}: {' '.join(str(error).split())}")


def failed_row(path: str, error: str) -> dict[str, Any]:
    """Return the row of a photo that could not be used."""
    return {"path": path, "error": error}


def _row(path: str, reading: Reading) -> dict[str, Any]:
    return {
        "path": path,
        "text": reading.text,
        "confidence": min((digit.confidence for digit in reading.digits), default=None),
        "digits": [_digit(digit) for digit in reading.digits],
        "expected": reading.expected,
        "turned": reading.turned,
        "damaged": reading.damaged,
    }


def _digit(digit: Digit) -> dict[str, Any]:
    x, y, width, height = digit.box
    place = {"x": x, "y": y, "width": width, "height": height, "line": digit.line}
    return {"value": digit.value, "confidence": digit.confidence, **place}
