"""Where a bundle comes from: a folder, an archive, or an address that an archive is fetched from."""

from __future__ import annotations

import shutil
import tarfile
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import IO
from urllib.parse import urlsplit

from edgedigits.bundle import MANIFEST
from edgedigits.errors import BundleError, InputError

MOST_BYTES = 64_000_000
"""A bundle of all formats with its report has 3 MB."""
_MOST_FILES = 200
_PATIENCE = 30
"""Seconds without an answer after which a download is given up."""
_CHUNK = 1 << 16


def fetch_bundle(source: str, target: Path, *, signed: bool = False) -> None:
    """Put a bundle's files into a folder. They are not yet checked against anything.

    Args:
        source: a folder that `edgedigits export` wrote, a .tar, .tar.gz or .zip of one, or the https address of such
            an archive. A plain http address is taken only where the signature will be checked.
        target: a folder that exists and is empty.
        signed: whether the signature will be checked.

    Raises:
        InputError: the source is missing, too large or no archive, or cannot be had.
        BundleError: the archive holds no bundle.
    """
    address = urlsplit(source)
    if address.scheme in ("http", "https") and address.netloc:
        archive = target.with_suffix(".archive")
        try:
            _download(source, archive, signed)
            _unpack(archive, target, source)
        finally:
            archive.unlink(missing_ok=True)
        return
    path = Path(source)
    if path.is_dir():
        _copy(path, target)
    elif path.is_file():
        _unpack(path, target, source)
    else:
        raise InputError(
            f"{source} does not exist; name a folder that `edgedigits export` wrote, an archive of one, or its address."
        )


def _download(address: str, archive: Path, signed: bool) -> None:
    import http.client
    import urllib.error
    import urllib.request

    try:
        with urllib.request.urlopen(address, timeout=_PATIENCE) as answer, archive.open("wb") as file:
            # asked of where it came from in the end: it may have been sent on
            if urlsplit(answer.url).scheme != "https" and not signed:
                raise InputError(
                    f"{address}: what comes by plain http can be changed on its way; use https, or --verify with the"
                    " key that the bundle is signed with."
                )
            _pour(answer, file, MOST_BYTES, address)
    except (urllib.error.URLError, http.client.HTTPException, TimeoutError) as error:
        reason = error.reason if isinstance(error, urllib.error.URLError) else error
        raise InputError(
            f"{address} cannot be fetched ({' '.join(str(reason).split())}); check the address and the network."
        ) from error


def _copy(folder: Path, target: Path) -> None:
    if not (folder / MANIFEST).is_file():
        raise BundleError(f"{folder} is no bundle: it has no {MANIFEST}; name a folder that `edgedigits export` wrote.")
    room = MOST_BYTES
    for path in sorted(folder.rglob("*")):
        if path.is_dir():
            continue
        room -= path.stat().st_size
        if room < 0:
            raise InputError(f"{folder} holds more than {MOST_BYTES / 1e6:.0f} MB; a bundle has a few.")
        place = target / path.relative_to(folder)
        place.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, place)


def _unpack(archive: Path, target: Path, name: str) -> None:
    """Unpack an archive's regular files, of the folder that holds the manifest."""
    try:
        with _opened(archive) as members:
            room = MOST_BYTES
            for count, (inside, content) in enumerate(members):
                if count == _MOST_FILES:
                    raise InputError(f"{name} holds more than {_MOST_FILES} files; a bundle has a dozen.")
                place = target / _safe(inside, name)
                place.parent.mkdir(parents=True, exist_ok=True)
                with content, place.open("wb") as file:
                    room -= _pour(content, file, room, name)
    except (tarfile.TarError, zipfile.BadZipFile, EOFError, RuntimeError, NotImplementedError) as error:
        raise InputError(f"{name} is damaged ({' '.join(str(error).split())}); copy it again.") from error
    root = next(iter(sorted(target.rglob(MANIFEST), key=lambda path: len(path.parts))), None)
    if root is None:
        raise BundleError(f"{name} holds no bundle: there is no {MANIFEST} in it; pack the folder that export wrote.")
    if root.parent != target:
        _lift(root.parent, target)


@contextmanager
def _opened(archive: Path) -> Iterator[Iterator[tuple[str, IO[bytes]]]]:
    """Open an archive; give its regular files, names as they stand in it. Links and devices are left out."""
    if zipfile.is_zipfile(archive):
        with zipfile.ZipFile(archive) as zipped:
            yield ((info.filename, zipped.open(info)) for info in zipped.infolist() if not info.is_dir())
    elif tarfile.is_tarfile(archive):
        with tarfile.open(archive) as tar:
            yield (
                (member.name, content)
                for member in tar
                if member.isreg() and (content := tar.extractfile(member)) is not None
            )
    else:
        raise InputError(f"{archive.name} is no archive; pack the bundle: tar -czf digits.tar.gz -C build bundle")


def _safe(inside: str, name: str) -> PurePosixPath:
    path = PurePosixPath(inside)
    if path.is_absolute() or ".." in path.parts or "\\" in inside or "\0" in inside or not path.parts:
        raise InputError(f"{name} wants to write outside of its folder ({inside!r}); do not use it.")
    return path


def _lift(folder: Path, target: Path) -> None:
    """Move what lies in a folder below the target into the target itself, and remove the rest."""
    kept = target.with_suffix(".kept")
    folder.rename(kept)
    shutil.rmtree(target)
    kept.rename(target)


def _pour(source: IO[bytes], file: IO[bytes], room: int, name: str) -> int:
    """Copy at most `room` bytes; return how many."""
    poured = 0
    while chunk := source.read(_CHUNK):
        poured += len(chunk)
        if poured > room:
            raise InputError(f"{name} holds more than {MOST_BYTES / 1e6:.0f} MB; a bundle has a few.")
        file.write(chunk)
    return poured
