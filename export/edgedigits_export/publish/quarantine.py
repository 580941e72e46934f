"""Quarantine: files that were not published are kept beside the bundle's place, with the reason and the remedy."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from edgedigits_export.convert.formats.base import Format
from edgedigits_export.publish.staging import staged


@dataclass(frozen=True)
class Failure:
    """A format that failed.

    Attributes:
        format: what was to be made.
        cause: why it failed.
        path: the file, if there was one by then.
    """

    format: Format
    cause: str
    path: Path | None


def quarantine_of(out: Path) -> Path:
    """Return the quarantine folder of a bundle's place."""
    return out.with_name(f"{out.name}-quarantine")


def fill_quarantine(out: Path, failures: Sequence[Failure]) -> None:
    """Keep the failed files, each with a text that says why it failed and what can be done.

    Raises:
        InputError: the folder cannot be made.
    """
    with staged(quarantine_of(out)) as folder:
        for failure in failures:
            if failure.path is not None:
                shutil.copyfile(failure.path, folder / failure.path.name)
            (folder / f"{failure.format.name}.txt").write_text(_explain(failure), encoding="utf-8")


def clear_quarantine(out: Path) -> None:
    """Remove what an earlier export left there."""
    shutil.rmtree(quarantine_of(out), ignore_errors=True)


def _explain(failure: Failure) -> str:
    name = failure.format.name
    if failure.path is None:
        remedy = (
            "It could not be converted. Use the tool versions of constraints/, and layers that every format has;"
            " or leave the format out with --formats."
        )
    else:
        remedy = (
            "It was converted, and refused. If the float formats pass and this one does"
            " not, the weights quantize badly: train longer or with another seed. If all fail, the training folder's"
            f" parts do not belong together: train again. `--allow {name}` publishes it as it is and records that."
        )
    return f"{failure.format.file_name} ({name})\n\nWhy it failed: {failure.cause}\n\nWhat can be done: {remedy}\n"
