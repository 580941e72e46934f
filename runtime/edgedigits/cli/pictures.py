"""Pictures: files that a run writes, and what it never writes over."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from edgedigits.arrays import UInt8Array
from edgedigits.cli.inputs import Input
from edgedigits.errors import InputError


class PictureFolder:
    """A folder of pictures that replace neither each other nor an image that is read, nor what was there before.

    Args:
        path: the folder, which is made; None where no pictures are wanted.
        option: that named it, for messages.
        inputs: the images that are read.
        overwrite: pictures may replace files that were there before.

    Attributes:
        occupied: files that were there before and have the name of a picture, which is not written then.

    Raises:
        InputError: the folder cannot be made.
    """

    def __init__(self, path: Path | None, option: str, inputs: Iterable[Input], overwrite: bool) -> None:
        self.path = path
        self.occupied: list[Path] = []
        if path is None:
            return
        try:
            path.mkdir(parents=True, exist_ok=True)
            resolved = path.resolve()
        except OSError as error:
            raise InputError(f"{option} {path} cannot be made ({error.strerror}); choose another folder.") from error
        self._overwrite = overwrite
        read = (Path(image.source) for image in inputs if isinstance(image.source, str))
        places = (place for path in read for place in (path.parent.resolve() / path.name, path.resolve()))
        self._taken = {place.stem.casefold() for place in places if place.parent == resolved}

    def place_for(self, image: Input) -> Path | None:
        """Return where the picture of an image goes; None where none is wanted, or something was there before."""
        if self.path is None:
            return None
        free, number = image.stem, 2
        while free.casefold() in self._taken:
            free, number = f"{image.stem}-{number}", number + 1
        self._taken.add(free.casefold())
        place = self.path / f"{free}.png"
        if os.path.lexists(place) and not self._overwrite:
            self.occupied.append(place)
            return None
        return place


def write_picture(path: Path, picture: UInt8Array, overwrite: bool) -> None:
    """Write a picture as PNG, so that whoever looks sees it whole or not at all.

    Args:
        path: of the file; a link there is replaced, never followed.
        picture: uint8, (H, W, 3) in BGR.
        overwrite: a file that is there is replaced.

    Raises:
        InputError: it cannot be written, or something is there.
    """
    import cv2

    beside = path.parent / f".edgedigits-{secrets.token_hex(8)}"
    try:
        with beside.open("xb") as file:
            file.write(cv2.imencode(".png", picture)[1].tobytes())
        if overwrite:
            beside.replace(path)
        else:
            _rename_to_free(beside, path)
    except FileExistsError:
        raise InputError(f"{path} appeared meanwhile, and is left as it is; --overwrite replaces it.") from None
    except OSError as error:
        raise InputError(f"{path} cannot be written ({error.strerror}); choose another folder.") from error
    finally:
        with suppress(OSError):
            beside.unlink(missing_ok=True)


def _rename_to_free(source: Path, target: Path) -> None:
    """Give a file another name, which must be free.

    Raises:
        FileExistsError: it is not.
    """
    try:
        os.link(source, target)
    except FileExistsError:
        raise
    except OSError:  # memory cards and some network folders have no links
        os.close(os.open(target, os.O_CREAT | os.O_EXCL | os.O_WRONLY))
        source.replace(target)
