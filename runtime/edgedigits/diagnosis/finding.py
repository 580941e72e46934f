"""One thing that was found, how bad it is, and the command that mends it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


class Grade(str, Enum):
    """How bad a finding is."""

    OK = "ok"
    NOTE = "note"
    WARNING = "warning"
    FAULT = "fault"


@dataclass(frozen=True)
class Finding:
    """One thing that was found.

    Attributes:
        grade: how bad it is; only a fault keeps edgedigits from reading.
        topic: what it is about, in a word or two.
        text: what was found.
        mend: the command that mends it; "" where there is nothing to mend.
    """

    grade: Grade
    topic: str
    text: str
    mend: str = ""
