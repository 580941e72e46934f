"""A reader that takes up the model in use as it changes, without missing a picture. One thread reads with it."""

from __future__ import annotations

import threading
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

from edgedigits.errors import EdgeDigitsError
from edgedigits.expectation import Expectation
from edgedigits.images import ImageSource
from edgedigits.models.store import Store
from edgedigits.reader import Reader
from edgedigits.reading import Reading

_LOOK_EVERY = 2.0
"""Seconds between two looks at which model is in use: a look reads one link."""


class FollowingReader(Reader):
    """Reads with a store's model in use; a new one is opened beside the reading, and taken for the next picture.

    Args:
        store: whose model is read with; the bundled one where it has none.
        options: those of `Reader`, but for the bundle.

    Raises:
        BundleError, EngineError: as `Reader`.
    """

    def __init__(self, store: Store, **options: Any) -> None:
        self._store, self._options = store, options
        self._folder = store.current()
        super().__init__(self._folder, **options)
        self._successor: Reader | None = None
        self._opening: threading.Thread | None = None
        self._looked = time.monotonic()

    def read(self, image: ImageSource, *, threshold: float | None = None, expect: Expectation | None = None) -> Reading:
        """Read an image as `Reader.read` does, with the model that is in use now."""
        self._look()
        if self._successor is not None:
            # between two pictures, so that each is read with one model from its beginning to its end
            successor, self._successor = self._successor, None
            vars(self).update(vars(successor))
        return super().read(image, threshold=threshold, expect=expect)

    def _look(self) -> None:
        now = time.monotonic()
        if now - self._looked < _LOOK_EVERY or (self._opening is not None and self._opening.is_alive()):
            return
        self._looked = now
        folder = self._store.current()
        if folder != self._folder:
            self._opening = threading.Thread(target=self._open, args=(folder,), name="edgedigits-model", daemon=True)
            self._opening.start()

    def _open(self, folder: Path | None) -> None:
        self._folder = folder
        # what cannot be opened is not read with; it is tried again as soon as something else is in use
        with suppress(EdgeDigitsError):
            self._successor = Reader(folder, **self._options)


def open_reader(bundle: Path | None, **options: Any) -> Reader:
    """Return a reader for a long run: of a bundle that was named, else of the model in use, whatever it will be.

    Args:
        bundle: what was named; None, or the model in use, to follow the store.
        options: those of `Reader`, but for the bundle.

    Raises:
        BundleError, EngineError: as `Reader`.
    """
    store = Store.default()
    return FollowingReader(store, **options) if bundle in (None, store.current()) else Reader(bundle, **options)
