"""The errors of export."""

from __future__ import annotations

from edgedigits.errors import EdgeDigitsError


class ExportError(EdgeDigitsError):
    """A format that could not be converted or did not pass the gate. Nothing was published."""

    exit_code = 1


class TrialError(Exception):
    """An engine that gave no answers, or none that can be judged. It is held against the file, not raised to users."""
