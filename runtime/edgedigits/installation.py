"""This installation: where `install.sh` put it, if it did."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Installation:
    """The environment that edgedigits runs in.

    Attributes:
        prefix: the folder that install.sh made, with its versions side by side; None where another way was taken.
        command: the path of `edgedigits`, which stays the same when a new version is installed.
    """

    prefix: Path | None
    command: Path

    @classmethod
    def here(cls) -> Installation:
        """Return the running one."""
        environment = Path(sys.prefix)
        prefix = environment.parents[1] if environment.parent.name == "versions" else None
        if prefix is not None and (prefix / "current").is_symlink():
            return cls(prefix, prefix / "current" / "bin" / "edgedigits")
        return cls(None, environment / "bin" / "edgedigits")
