"""What an export need not do again: converted files and answers that nothing has changed for.

The cache lies in the training's folder. Its entries belong to one key, the digest of everything that a result can hang
on: the training (weights, calibration and evaluation images, recipe, by their digests in metrics.json), the versions of
Python and of the tools, and the source code of export and runtime. When the key changes, all entries go.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import platform
import shutil
import tempfile
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

import edgedigits
from edgedigits_export.tools import tool_versions

CACHE = ".export-cache"


@dataclass(frozen=True)
class Cache:
    """Results by name.

    Attributes:
        folder: where they lie; None for a cache that keeps nothing.
    """

    folder: Path | None

    def remember(self, name: str, make: Callable[[], bytes]) -> bytes:
        """Return the result of this name, made now if it is not there; what `make` raises is not kept.

        Args:
            name: a file name, the same only for the same result.
            make: makes the result.
        """
        if self.folder is None:
            return make()
        path = self.folder / name
        try:
            return path.read_bytes()
        except OSError:
            result = make()
            _write(path, result)
            return result


NO_CACHE = Cache(None)
"""Keeps nothing."""


def open_cache(training: Path, metrics: bytes) -> Cache:
    """Return the cache of a training for these tools and this code; entries of others are removed.

    Args:
        training: the folder that `edgedigits train` wrote; nothing is kept where it cannot be written to.
        metrics: the content of its metrics.json, which holds the digests of its other files.
    """
    place = training / CACHE
    versions = json.dumps([platform.python_version(), platform.machine(), tool_versions()])
    key = digest(metrics, versions.encode(), *_sources())
    folder = place / key
    if not folder.is_dir():
        shutil.rmtree(place, ignore_errors=True)
        try:
            folder.mkdir(parents=True)
        except OSError:
            return NO_CACHE
    return Cache(folder)


def clear_cache(training: Path) -> None:
    """Forget all results of a training."""
    shutil.rmtree(training / CACHE, ignore_errors=True)


def digest(*parts: bytes) -> str:
    """Return the hexadecimal SHA-256 digest of the parts, each of which counts by itself."""
    return hashlib.sha256(b"".join(hashlib.sha256(part).digest() for part in parts)).hexdigest()


def _write(path: Path, content: bytes) -> None:
    """Write a file at once or not at all: an export may be interrupted, or run beside another."""
    with contextlib.suppress(OSError):
        descriptor, temporary = tempfile.mkstemp(dir=path.parent)
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
        Path(temporary).replace(path)


def _sources() -> Iterable[bytes]:
    for package in (Path(__file__).parent, Path(edgedigits.__file__).parent):
        for path in sorted(package.rglob("*.py")):
            yield path.relative_to(package).as_posix().encode()
            yield path.read_bytes()
