"""Publishing a folder all at once: staged beside its place, and moved there only when everything is right."""

from __future__ import annotations

import contextlib
import hashlib
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

from edgedigits.bundle import MANIFEST
from edgedigits.errors import InputError

SUMS = "SHA256SUMS"


def check_destination(out: Path) -> None:
    """Refuse a folder that holds something else than a bundle: publishing replaces it whole.

    Raises:
        InputError: it is such a folder, or a file.
    """
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

    On an error the new folder is removed and what was at `out` stays as it was.

    Raises:
        InputError: the folder cannot be made there.
    """
    out = out.absolute()
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        workshop = Path(tempfile.mkdtemp(prefix=f".{out.name}-", dir=out.parent))
    except OSError as error:
        raise InputError(f"{out} cannot be written ({error.strerror}); name another folder with --out.") from error
    try:
        folder = workshop / "new"
        folder.mkdir()
        yield folder
        if out.is_dir():
            out.rename(workshop / "old")
        try:
            folder.rename(out)
        except OSError:
            if (workshop / "old").is_dir():
                (workshop / "old").rename(out)
            raise
    finally:
        shutil.rmtree(workshop, ignore_errors=True)


def write_sums(folder: Path) -> None:
    """Write SHA256SUMS over the folder's files, in the form that `sha256sum --check` reads."""
    lines = [
        f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {path.relative_to(folder).as_posix()}\n"
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    ]
    (folder / SUMS).write_text("".join(lines), encoding="utf-8")
