"""What a layout is: the bundle's files arranged once more, for somebody who expects them in another form."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Layout:
    """One layout.

    Attributes:
        name: how users call it.
        format: name of the format that it arranges.
        summary: one sentence: what it is and who takes it.
        write: writes it, given the bundle's folder, the name of the format's file in it, and the manifest.
    """

    name: str
    format: str
    summary: str
    write: Callable[[Path, str, Mapping[str, Any]], None]
