"""Inputs: the images that the arguments of a command name."""

from __future__ import annotations

import glob
from pathlib import Path

from edgedigits.images import SUFFIXES

STDIN = "-"


def collect_images(paths: tuple[str, ...]) -> tuple[list[str], list[str]]:
    """Return the images that paths, folders and patterns name, in order, each once, and why some name none."""
    images: dict[str, None] = {}
    unusable = []
    for path in paths:
        if path != STDIN and Path(path).is_dir():
            found = sorted(str(f) for f in Path(path).rglob("*") if f.suffix.lower() in SUFFIXES and f.is_file())
            if not found:
                unusable.append(f"{path}: the folder holds no images; images end in {', '.join(sorted(SUFFIXES))}.")
        elif path != STDIN and glob.has_magic(path) and not Path(path).exists():
            found = sorted(f for f in glob.glob(path, recursive=True) if Path(f).is_file())  # noqa: PTH207 - absolute too
            if not found:
                unusable.append(f"{path}: no file matches the pattern.")
        else:
            found = [path]
        images.update(dict.fromkeys(found))
    return list(images), unusable
