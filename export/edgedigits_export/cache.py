"""What an export need not do again: converted files and answers that nothing has changed for.

The cache lies in the training's folder. Its entries belong to one key, the digest of everything that a result can hang
on: the training (weights, calibration and evaluation images, recipe, by their digests in metrics.json), the versions of
Python and of the tools, and the source code of export and runtime. When the key changes, all entries go.

Each entry begins with the digest of the rest: a power cut, a full disk or another program may have left something else
there, which is then made anew.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import platform
import shutil
import tempfile
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

import edgedigits
from edgedigits_export.tools import tool_versions

CACHE = ".export-cache"

_DIGEST = hashlib.sha256().digest_size
_UNFINISHED = ".unfinished-"
_HOUR = 3600


@dataclass(frozen=True)
class Cache:
    """Results by name.

    Attributes:
        folder: where they lie; None for a cache that keeps nothing.
        notice: is told of entries that were damaged.
    """

    folder: Path | None
    notice: Callable[[str], None] = lambda _: None

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
            kept = path.read_bytes()
        except OSError:
            pass
        else:
            head, result = kept[:_DIGEST], kept[_DIGEST:]
            if head == hashlib.sha256(result).digest():
                return result
            self.notice(f"{path} was damaged; it is made anew.")
        result = make()
        _write(path, hashlib.sha256(result).digest() + result)
        return result


NO_CACHE = Cache(None)
"""Keeps nothing."""


def open_cache(training: Path, metrics: bytes, notice: Callable[[str], None] = lambda _: None) -> Cache:
    """Return the cache of a training for these tools and this code; entries of others are removed.

    Args:
        training: the folder that `edgedigits train` wrote; nothing is kept where it cannot be written to.
        metrics: the content of its metrics.json, which holds the digests of its other files.
        notice: is told of entries that were damaged.
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
    _remove_unfinished(folder)
    return Cache(folder, notice)


def clear_cache(training: Path) -> None:
    """Forget all results of a training."""
    shutil.rmtree(training / CACHE, ignore_errors=True)


def digest(*parts: bytes) -> str:
    """Return the hexadecimal SHA-256 digest of the parts, each of which counts by itself."""
    return hashlib.sha256(b"".join(hashlib.sha256(part).digest() for part in parts)).hexdigest()


def _write(path: Path, content: bytes) -> None:
    """Write a file at once or not at all: an export may be interrupted, or run beside another."""
    with contextlib.suppress(OSError):
        descriptor, name = tempfile.mkstemp(prefix=_UNFINISHED, dir=path.parent)
        unfinished = Path(name)
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.write(content)
            unfinished.replace(path)
        finally:
            unfinished.unlink(missing_ok=True)


def _remove_unfinished(folder: Path) -> None:
    """Remove what exports that were killed have left; writing takes no hour."""
    for path in folder.glob(f"{_UNFINISHED}*"):
        with contextlib.suppress(OSError):
            if time.time() - path.stat().st_mtime > _HOUR:
                path.unlink()


def _sources() -> Iterable[bytes]:
    for package in (Path(__file__).parent, Path(edgedigits.__file__).parent):
        for path in sorted(package.rglob("*.py")):
            yield path.relative_to(package).as_posix().encode()
            yield path.read_bytes()
