"""Publishing a folder all at once: staged beside its place, and moved there only when everything is right."""

from __future__ import annotations

import contextlib
import glob
import hashlib
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import IO

from edgedigits.bundle import MANIFEST
from edgedigits.errors import InputError
from edgedigits_export.errors import ExportError

SUMS = "SHA256SUMS"

_NEW, _OLD, _LOCK = "new", "old", "in-use.lock"
"""What lies in a workshop: the new folder, the one that it replaces, and what is locked for as long as it is in use."""


def check_destination(out: Path) -> None:
    """Refuse a folder that holds something else than a bundle: publishing replaces it whole.

    A link counts as what it leads to.

    Raises:
        InputError: it is such a folder, or a file.
    """
    out = _led_to(out)
    if out.is_dir():
        if any(out.iterdir()) and not (out / MANIFEST).is_file():
            raise InputError(
                f"{out} holds files but no bundle, and export would replace them; name another folder with --out."
            )
    elif os.path.lexists(out):
        raise InputError(f"{out} is no folder; name another one with --out.")


@contextlib.contextmanager
def staged(out: Path) -> Iterator[Path]:
    """Give a new folder that takes the place of `out` when the block ends without an error.

    On an error the new folder is removed and what was at `out` stays as it was. Where `out` is a link, it stays, and
    the folder that it leads to is replaced. What a killed process left beside it is removed.

    Raises:
        InputError: the folder cannot be made there.
        ExportError: it cannot be filled, for example because the disk is full.
    """
    out = _led_to(out)
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        _remove_leftovers(out)
        workshop = Path(tempfile.mkdtemp(prefix=f".{out.name}-", dir=out.parent))
    except OSError as error:
        raise InputError(f"{out} cannot be written ({error.strerror}); name another folder with --out.") from error
    try:
        with _disk_errors(out), _at_work(workshop):
            folder = workshop / _NEW
            folder.mkdir()
            yield folder
            _put(folder, out, workshop / _OLD)
    finally:
        shutil.rmtree(workshop, ignore_errors=True)


def _put(folder: Path, out: Path, old: Path) -> None:
    """Put a folder into the place of another, which is put back if that fails."""
    if out.is_dir():
        out.rename(old)
    try:
        folder.rename(out)
    except OSError:
        if old.is_dir():
            old.rename(out)
        raise


def _led_to(out: Path) -> Path:
    return Path(os.path.realpath(out))


@contextlib.contextmanager
def _disk_errors(out: Path) -> Iterator[None]:
    """Tell what the disk refuses as what it means for the bundle."""
    try:
        yield
    except OSError as error:
        reason = error.strerror or str(error)
        place = f" at {error.filename}" if error.filename else ""
        raise ExportError(
            f"{out} was not published: {reason}{place}; make room or mend that, or name another folder with --out."
            " What was there before is untouched."
        ) from error


@contextlib.contextmanager
def _at_work(workshop: Path) -> Iterator[None]:
    """Hold a lock in a workshop, which ends with this process, however it ends."""
    with (workshop / _LOCK).open("w") as lock:
        _lock(lock)
        yield


def _remove_leftovers(out: Path) -> None:
    """Remove the workshops of processes that were killed, and put back the bundle that one of them was replacing."""
    for workshop in out.parent.glob(f".{glob.escape(out.name)}-*"):
        with contextlib.suppress(OSError), (workshop / _LOCK).open("r+") as lock:
            if _lock(lock):
                if (workshop / _OLD).is_dir() and not out.exists():
                    (workshop / _OLD).rename(out)
                shutil.rmtree(workshop, ignore_errors=True)


def _lock(file: IO[str]) -> bool:
    """Lock a file for this process if nobody else has, and tell whether that is so and known."""
    try:
        import fcntl

        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except (ImportError, OSError):  # Windows, and network folders that know no locks
        return False
    return True


def write_sums(folder: Path) -> None:
    """Write SHA256SUMS over the folder's files, in the form that `sha256sum --check` reads."""
    lines = [
        f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {path.relative_to(folder).as_posix()}\n"
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    ]
    (folder / SUMS).write_text("".join(lines), encoding="utf-8")
