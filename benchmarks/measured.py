"""Figures as files: what the documents show is what a command wrote, never what somebody copied."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any


def put(figures: Mapping[str, Any], file: Path | None) -> None:
    """Write figures into a JSON file, in place of those of the same names; the others in it stay.

    Args:
        figures: by name.
        file: where to, None for nowhere.
    """
    if file is None:
        return
    before = json.loads(file.read_text(encoding="utf-8")) if file.exists() else {}
    file.write_text(json.dumps({**before, **figures}, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
