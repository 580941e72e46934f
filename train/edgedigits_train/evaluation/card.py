"""Keeping a model card's figures those of its model: tables between two marks are written anew."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from edgedigits.errors import InputError
from edgedigits_train.evaluation.record import (
    Record,
    calibration_table,
    mistakes_table,
    models_table,
    outliers_table,
    robustness_table,
    summary_table,
)

_TABLES: Mapping[str, Callable[[Record], str]] = {
    "model": models_table,
    "summary": summary_table,
    "robustness": robustness_table,
    "outliers": outliers_table,
    "calibration": calibration_table,
    "mistakes": mistakes_table,
}

_MARKED = re.compile(r"(?P<start><!-- evaluation: (?P<name>[a-z]+) -->\n).*?(?P<end><!-- end -->)", re.DOTALL)


def update_card(path: Path, record: Record, pictures: Sequence[Path] = ()) -> None:
    """Replace what stands between `<!-- evaluation: NAME -->` and `<!-- end -->` in a Markdown file.

    A picture `robustness.png` is copied beside a card `card.md` that shows `card-robustness.png`; others are not.

    NAME is "model", "summary", "robustness", "outliers", "calibration" or "mistakes".

    Args:
        path: the Markdown file.
        record: from `make_record`, or read from evaluation.json.
        pictures: from `draw_all`.

    Raises:
        InputError: the file cannot be read or written, holds no marks, or one of another name.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise InputError(f"{path} cannot be read ({error.strerror}); name a Markdown file with marks.") from error
    names = [found["name"] for found in _MARKED.finditer(text)]
    unknown = [name for name in names if name not in _TABLES]
    if unknown or not names:
        problem = f"asks for {unknown[0]!r}" if unknown else "holds no marks"
        raise InputError(
            f"{path} {problem}; write <!-- evaluation: NAME --> and <!-- end --> for {', '.join(_TABLES)}."
        )
    filled = _MARKED.sub(lambda found: f"{found['start']}{_TABLES[found['name']](record)}\n{found['end']}", text)
    try:
        path.write_text(filled, encoding="utf-8")
        for picture in pictures:
            beside = path.with_name(f"{path.stem}-{picture.name}")
            if beside.name in filled:
                shutil.copyfile(picture, beside)
    except OSError as error:
        raise InputError(f"{path} cannot be written ({error.strerror}).") from error
