"""The errors of export."""

from __future__ import annotations

import errno

from edgedigits.errors import EdgeDigitsError

DISK_FULL = frozenset({errno.ENOSPC, getattr(errno, "EDQUOT", errno.ENOSPC)})
"""Numbers of the system's errors that say that there is no room."""


class ExportError(EdgeDigitsError):
    """A format that could not be converted or did not pass the gate. Nothing was published."""

    exit_code = 1


class TrialError(Exception):
    """An engine that gave no answers, or none that can be judged. It is held against the file, not raised to users."""
