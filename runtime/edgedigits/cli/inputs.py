"""Inputs: the images that the arguments of a command name."""

from __future__ import annotations

import glob
import sys
from pathlib import Path

from edgedigits.errors import InputError
from edgedigits.images import SUFFIXES, EncodedImage, read_encoded

STDIN = "-"


def collect_images(paths: tuple[str, ...], max_pixels: int) -> tuple[dict[str, str | EncodedImage], list[str]]:
    """Return the images that paths, folders, patterns and - name, in order, each once, and why some name none.

    An image is named by its path and is that path, but for standard input, which is read here.
    """
    images: dict[str, str | EncodedImage] = {}
    unusable = []
    for path in paths:
        if path == STDIN:
            try:
                images[path] = read_encoded(sys.stdin.buffer, "standard input", max_pixels)
            except InputError as error:
                unusable.append(str(error))
            continue
        try:
            found = _find(path)
        except (InputError, OSError, ValueError) as error:
            reason = error.strerror if isinstance(error, OSError) else error
            unusable.append(f"{path[:200]!r} names no image: {reason}")
            continue
        images.update((name, name) for name in found)
    return images, unusable


def _find(path: str) -> list[str]:
    """Return the images that a path, a folder or a pattern names."""
    if not path:
        raise InputError("the name is empty.")
    if Path(path).is_dir():
        found = sorted(str(f) for f in Path(path).rglob("*") if f.suffix.lower() in SUFFIXES and f.is_file())
        if not found:
            raise InputError(f"the folder holds no images; images end in {', '.join(sorted(SUFFIXES))}.")
        return found
    if glob.has_magic(path) and not Path(path).exists():
        found = sorted(f for f in glob.glob(path, recursive=True) if Path(f).is_file())  # noqa: PTH207 - absolute too
        if not found:
            raise InputError("no file matches the pattern.")
        return found
    return [path]
