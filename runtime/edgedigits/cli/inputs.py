"""Inputs: the images that the arguments of a command name."""

from __future__ import annotations

import glob
import sys
from collections.abc import Sequence
from pathlib import Path

from edgedigits.errors import InputError
from edgedigits.images import SUFFIXES, EncodedImage, read_encoded

STDIN = "-"


def collect_images(
    paths: Sequence[str], written_to: Sequence[Path], max_pixels: int
) -> tuple[dict[str, str | EncodedImage], list[str]]:
    """Return the images that arguments name, in order, each once, and why some arguments name none.

    Args:
        paths: paths, folders, patterns and -.
        written_to: folders that are left out where a folder above them is searched: the pictures in them were drawn
            by an earlier run.
        max_pixels: of what comes on standard input, which is read here.

    Returns:
        Images by name, which are their paths but for standard input; and reasons.
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
            found = _find(path, written_to)
        except (InputError, OSError, ValueError) as error:
            reason = error.strerror if isinstance(error, OSError) else error
            unusable.append(f"{path[:200]!r} names no image: {reason}")
            continue
        images.update((name, name) for name in found)
    return images, unusable


def _find(path: str, written_to: Sequence[Path]) -> list[str]:
    """Return the images that a path, a folder or a pattern names."""
    if not path:
        raise InputError("the name is empty.")
    if Path(path).is_dir():
        drawn = {folder.resolve() for folder in written_to} - {Path(path).resolve()}
        files = (f for f in Path(path).rglob("*") if f.suffix.lower() in SUFFIXES and f.is_file())
        found = sorted(str(f) for f in files if not drawn or drawn.isdisjoint(f.resolve().parents))
        if not found:
            raise InputError(f"the folder holds no images; images end in {', '.join(sorted(SUFFIXES))}.")
        return found
    if glob.has_magic(path) and not Path(path).exists():
        found = sorted(f for f in glob.glob(path, recursive=True) if Path(f).is_file())  # noqa: PTH207 - absolute too
        if not found:
            raise InputError("no file matches the pattern.")
        return found
    return [path]
