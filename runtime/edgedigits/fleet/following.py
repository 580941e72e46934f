"""Following what is desired, on the device: the store's installation, and no network but the bundle's address."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from edgedigits import machine
from edgedigits.fleet.messages import BUNDLED, Desired, Health
from edgedigits.models import Store
from edgedigits.proof import read_photo


@dataclass(frozen=True)
class Follower:
    """Brings a store's model to what is desired.

    Attributes:
        store: whose model the device reads with.
        prove: raises a BundleError where a bundle must not be used here; see `prove_model`.
        verify: file of the public key that bundles have to be signed with; None to take them unsigned.
        at_least: the oldest version of a bundle that is taken; None for any.
    """

    store: Store
    prove: Callable[[Path], None]
    verify: Path | None = None
    at_least: str | None = None

    @property
    def model(self) -> str:
        """Name of the model in use."""
        current = self.store.current()
        return BUNDLED if current is None else current.name

    def follow(self, desired: Desired) -> None:
        """Read with what is desired from now on; where that fails, what was in use stays.

        Raises:
            BundleError: the bundle must not be used here.
            InputError: it cannot be had, or there is no room for it.
        """
        if desired.name == self.model:
            return
        if desired.sha256 is None:
            self.store.use_bundled()
            return
        self.store.install(
            desired.source, self.prove, verify=self.verify, at_least=self.at_least, sha256=desired.sha256
        )

    def version(self) -> str | None:
        """Return the version of the model in use, as its publisher counts; None where it has none."""
        return next((model.version for model in self.store.list() if model.current), None)

    def examine(self) -> Health:
        """Read the photo that comes with the package, and ask the board how it is."""
        photo = read_photo(self.store.current())
        failure = photo.failure or ("" if photo.text else "it finds no digit in the photo that comes with the package")
        memory, degrees = machine.memory(), machine.temperature()
        return Health(not failure, failure, degrees, machine.throttling()[0], memory.available if memory else None)
