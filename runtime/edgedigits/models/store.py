"""The store: the models of a device, side by side, one of them in use.

    models/
        versions/3f2a9c41d07e/    a bundle, named after its content
        versions/…
        current -> versions/…     the one in use; replaced by one rename
        previous -> versions/…    the one before, to go back to

Whatever ends an installation, be it a power cut or a full disk, `current` leads to a whole bundle: the old one or the
new one.
"""

from __future__ import annotations

import errno
import hashlib
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from edgedigits.bundle import MANIFEST, Bundle
from edgedigits.errors import BundleError, EdgeDigitsError, InputError
from edgedigits.installation import Installation

VARIABLE = "EDGEDIGITS_MODELS"
"""Environment variable that names the store."""

_CURRENT, _PREVIOUS, _VERSIONS, _LOCK = "current", "previous", "versions", ".lock"
_STAGED = ".new-"

Prove = Callable[[Path], None]
"""Raises a BundleError where a bundle must not be used on this machine."""


@dataclass(frozen=True)
class Installed:
    """One model of a store.

    Attributes:
        name: the folder's.
        path: the folder.
        accuracy: share of the evaluation images that its preferred file answers right, 0 to 1; None where it is
            damaged.
        version: as its publisher counts; None where it has none.
        current: whether it is in use.
        previous: whether it is the one to go back to.
    """

    name: str
    path: Path
    accuracy: float | None
    version: str | None
    current: bool
    previous: bool


@dataclass(frozen=True)
class Store:
    """A folder of models. It need not exist: then the bundled model is in use.

    Attributes:
        root: the folder.
    """

    root: Path

    @classmethod
    def default(cls) -> Store:
        """Return this installation's store: EDGEDIGITS_MODELS, else where install.sh put it, else the user's."""
        if named := os.environ.get(VARIABLE):
            return cls(Path(named))
        prefix = Installation.here().prefix
        if prefix is not None:
            return cls(prefix / "models")
        data = os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share"
        return cls(Path(data) / "edgedigits" / "models")

    def current(self) -> Path | None:
        """Return the folder of the model in use; None for the bundled one."""
        return self._led_to(_CURRENT)

    def list(self) -> tuple[Installed, ...]:
        """Return what is installed, by name."""
        current, previous = self._led_to(_CURRENT), self._led_to(_PREVIOUS)
        folders = sorted(path for path in (self.root / _VERSIONS).glob("[!.]*") if path.is_dir())
        return tuple(_describe(path, path == current, path == previous) for path in folders)

    def install(
        self,
        source: str,
        prove: Prove,
        *,
        verify: Path | None = None,
        at_least: str | None = None,
        sha256: str | None = None,
    ) -> Installed:
        """Put a new model beside the others, check and prove it, and switch to it.

        Args:
            source: a folder that `edgedigits export` wrote, an archive of one, or its https address.
            prove: raises a BundleError where the model must not be used here; see `prove_model`.
            verify: file of the public key that it has to be signed with.
            at_least: the oldest version that is taken, such as "1.4".
            sha256: digest that its manifest must have; None for any.

        Raises:
            BundleError: it is damaged, for another version of edgedigits, not signed, too old, another one than was
                asked for, or does not read here.
            InputError: the source cannot be had, or there is no room for it.
        """
        from edgedigits.models.fetching import fetch_bundle

        with self._locked() as versions:
            staged = versions / f"{_STAGED}{os.getpid()}"
            staged.mkdir()
            try:
                fetch_bundle(source, staged, signed=verify is not None)
                if sha256 not in (None, digest_of(staged)):
                    raise BundleError(f"What is at {source} is not the model that was asked for; ask for it again.")
                with _said_of(source, staged):
                    Bundle.load(staged, verify=verify, at_least=at_least).verify()
                prove(staged)
                folder = versions / _name(staged)
                _settle(staged)
                if not _is_whole(folder):
                    shutil.rmtree(folder, ignore_errors=True)
                    staged.rename(folder)
                    _sync(versions)
                self._switch(folder)
            finally:
                shutil.rmtree(staged, ignore_errors=True)
            self._prune()
            return _describe(folder, True, False)

    def roll_back(self) -> Installed | None:
        """Go back to the model before, or to the bundled one where there was none.

        Returns:
            The one that is in use now; None for the bundled one.

        Raises:
            InputError: nothing was installed that one could go back from.
        """
        with self._locked():
            current, previous = self._led_to(_CURRENT), self._led_to(_PREVIOUS)
            if current is None:
                raise InputError("The bundled model is in use: there is none to go back to; `edgedigits models list`.")
            if previous is None or previous == current:
                (self.root / _CURRENT).unlink()
                _sync(self.root)
                return None
            self._point(_CURRENT, previous)
            self._point(_PREVIOUS, current)
            return _describe(previous, True, False)

    def use_bundled(self) -> None:
        """Go back to the model inside the package; the one that was in use is kept.

        Raises:
            InputError: the store cannot be written.
        """
        with self._locked():
            current = self._led_to(_CURRENT)
            if current is not None:
                self._point(_PREVIOUS, current)
                (self.root / _CURRENT).unlink()
                _sync(self.root)

    def _switch(self, folder: Path) -> None:
        current = self._led_to(_CURRENT)
        if current == folder:
            return
        if current is not None:
            self._point(_PREVIOUS, current)
        self._point(_CURRENT, folder)

    def _point(self, name: str, folder: Path) -> None:
        """Let a link lead to a folder; whoever looks sees the old or the new one."""
        link = self.root / f".{name}-{os.getpid()}"
        link.unlink(missing_ok=True)
        link.symlink_to(Path(_VERSIONS) / folder.name)
        link.replace(self.root / name)
        _sync(self.root)

    def _led_to(self, name: str) -> Path | None:
        try:
            target = (self.root / name).readlink()
        except OSError:
            return None
        folder = self.root / _VERSIONS / target.name
        return folder if (folder / MANIFEST).is_file() else None

    def _prune(self) -> None:
        """Remove what is neither in use nor kept to go back to."""
        kept = {self._led_to(_CURRENT), self._led_to(_PREVIOUS)}
        for path in (self.root / _VERSIONS).iterdir():
            if path not in kept:
                shutil.rmtree(path, ignore_errors=True)

    @contextmanager
    def _locked(self) -> Iterator[Path]:
        """Be alone in the store, with what an interrupted installation left behind taken away; give its versions."""
        import fcntl

        versions = self.root / _VERSIONS
        try:
            versions.mkdir(parents=True, exist_ok=True)
            with (self.root / _LOCK).open("w") as lock:
                fcntl.flock(lock, fcntl.LOCK_EX)
                for left in [
                    *versions.glob(f"{_STAGED}*"),
                    *self.root.glob(".current-*"),
                    *self.root.glob(".previous-*"),
                ]:
                    if left.is_dir() and not left.is_symlink():
                        shutil.rmtree(left, ignore_errors=True)
                    else:
                        left.unlink(missing_ok=True)
                yield versions
        except OSError as error:
            hints = {errno.EACCES: "; use sudo", errno.ENOSPC: "; make room and try again"}
            reason = error.strerror or type(error).__name__
            hint = hints.get(error.errno or 0, "")
            raise InputError(f"{self.root} cannot be written ({reason}), and the model in use stays{hint}.") from error


@contextmanager
def _said_of(source: str, staged: Path) -> Iterator[None]:
    """Let errors name what the user gave: the folder that a model was staged in is gone afterwards."""
    try:
        yield
    except (BundleError, InputError) as error:
        raise type(error)(str(error).replace(str(staged), source)) from error


def _describe(folder: Path, current: bool, previous: bool) -> Installed:
    accuracy = version = None
    with suppress(EdgeDigitsError):
        bundle = Bundle.load(folder)
        accuracy, version = bundle.files[0].accuracy if bundle.files else None, bundle.version
    return Installed(folder.name, folder, accuracy, version, current, previous)


def _is_whole(folder: Path) -> bool:
    """Return whether a bundle lies there with every file as its manifest says."""
    try:
        Bundle.load(folder).verify()
    except EdgeDigitsError:
        return False
    return True


def digest_of(folder: Path) -> str:
    """Return the SHA-256 of a bundle's manifest, which holds the digests of the files; "" where there is none."""
    try:
        return hashlib.sha256((folder / MANIFEST).read_bytes()).hexdigest()
    except OSError:
        return ""


def _name(folder: Path) -> str:
    """Return a name that follows from the content."""
    return digest_of(folder)[:12]


def _settle(folder: Path) -> None:
    """See to it that a folder's files are on the disk, and may be read by the service's user."""
    for path in [folder, *folder.rglob("*")]:
        path.chmod(0o755 if path.is_dir() else 0o644)
        _sync(path)


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
