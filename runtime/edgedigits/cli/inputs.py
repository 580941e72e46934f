"""Inputs: the images that the arguments of a command name."""

from __future__ import annotations

import glob
import os
import re
import sys
import urllib.parse
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from io import BufferedReader
from pathlib import Path
from typing import TypeAlias, cast

from edgedigits.arrays import UInt8Array
from edgedigits.cli.kinds import advice_for, is_pdf, picture_kind
from edgedigits.cli.terminal import show_step
from edgedigits.errors import InputError
from edgedigits.image_kinds import Kind, readable_suffixes
from edgedigits.images import SUFFIXES, EncodedImage, read_encoded
from edgedigits.pdf import PdfPage, pdf_pages

STDIN = "-"
_HEAD = 1024
_NAMED = 3
"""Skipped files that are named, of however many."""

Source: TypeAlias = "str | EncodedImage | PdfPage"


@dataclass(frozen=True)
class Input:
    """One image to read.

    Attributes:
        name: what output and messages call it: its path, for most.
        source: where it is.
        stem: what a picture of it is called, without its ending.
    """

    name: str
    source: Source
    stem: str


@dataclass(frozen=True)
class Unusable:
    """Files or arguments that name no image that can be read, and why."""

    reason: str
    count: int = 1


def collect_inputs(
    arguments: Sequence[str], written_to: Sequence[Path], max_pixels: int
) -> tuple[list[Input], list[Unusable]]:
    """Return the images that arguments name, in order, each once, and what of the arguments cannot be used.

    Args:
        arguments: paths of images and PDF documents, folders, patterns, addresses on the web and -.
        written_to: folders that are left out where a folder above them is searched: the pictures in them were drawn
            by an earlier run.
        max_pixels: of what comes on standard input, which is read here.
    """
    inputs: dict[str, Input] = {}
    unusable: list[Unusable] = []
    for argument in arguments:
        for found in _collect(argument, written_to, max_pixels):
            if isinstance(found, Unusable):
                unusable.append(found)
            else:
                inputs[found.name] = found
    return list(inputs.values()), unusable


def _collect(argument: str, written_to: Sequence[Path], max_pixels: int) -> Iterator[Input | Unusable]:
    """Yield what one argument names."""
    try:
        if argument == STDIN:
            yield from _from_stdin(max_pixels)
        elif _is_address(argument):
            yield from _from_web(argument)
        elif not argument:
            raise InputError("'' names no image: the name is empty.")
        elif Path(argument).is_dir():
            yield from _in_folder(argument, written_to)
        elif glob.has_magic(argument) and not Path(argument).exists():
            found = sorted(f for f in glob.glob(argument, recursive=True) if Path(f).is_file())  # noqa: PTH207 - absolute too
            if not found:
                raise InputError(f"{argument[:200]!r} names no image: no file matches the pattern.")
            yield from _files(found)
        else:
            yield from _file(argument)
    except InputError as error:
        yield Unusable(str(error))
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else error
        yield Unusable(f"{argument[:200]!r} names no image: {reason}")


def _from_stdin(max_pixels: int) -> Iterator[Input]:
    if sys.stdin is None:
        raise InputError("Standard input is closed; name a file, or pipe an image in.")
    name, file = "standard input", cast("BufferedReader", sys.stdin.buffer)
    head = file.peek(_HEAD)[:_HEAD]
    if is_pdf(head):
        yield from _pages(file.read(), name)
        return
    _refuse_what_is_no_picture(head, name)
    yield Input(STDIN, read_encoded(file, name, max_pixels), "stdin")


def _is_address(argument: str) -> bool:
    if "://" not in argument:
        return False
    from edgedigits.fetching import is_address  # which loads all that the web takes

    return is_address(argument)


def _from_web(address: str) -> Iterator[Input]:
    from edgedigits.fetching import address_shown, fetch

    name = address_shown(address)
    show_step(f"Fetching {name}")
    try:
        image = fetch(address)
    finally:
        show_step("")
    if is_pdf(image.content[:_HEAD]):
        yield from _pages(bytes(image.content), name)
        return
    _refuse_what_is_no_picture(bytes(image.content[:_HEAD]), name)
    yield Input(name, image, _stem(urllib.parse.urlsplit(name).path) or "picture")


def _in_folder(folder: str, written_to: Sequence[Path]) -> Iterator[Input | Unusable]:
    """Yield the images in a folder and below it; one line tells of those that are skipped, for each reason."""
    errors: list[OSError] = []
    found: list[str] = []
    skipped: defaultdict[Kind, list[Path]] = defaultdict(list)
    for path in _walk(folder, written_to, errors):
        kind = picture_kind(path)
        if kind is not None and kind.readable:
            found.append(str(path))
        elif kind is not None:
            skipped[kind].append(path)
    yield from _files(sorted(found))
    for kind, paths in skipped.items():
        yield Unusable(
            f"{folder}: {len(paths)} skipped ({_names(sorted(paths))}): {kind.name} is not read here; {kind.advice}.",
            len(paths),
        )
    for error in errors:
        yield Unusable(f"{error.filename} cannot be searched ({error.strerror}); check its permissions.")
    if not found and not skipped and not errors:
        endings = ", ".join(sorted(readable_suffixes()))
        raise InputError(f"{folder!r} names no image: the folder holds no images; images end in {endings}.")


def _walk(folder: str, written_to: Sequence[Path], errors: list[OSError]) -> Iterator[Path]:
    """Yield the files in a folder and below it, but for what is hidden and for earlier pictures."""
    drawn = {written.resolve() for written in written_to} - {Path(folder).resolve()}
    for place, folders, files in os.walk(folder, onerror=errors.append):
        here = Path(place)
        folders[:] = [name for name in folders if not name.startswith(".") and (here / name).resolve() not in drawn]
        for path in (here / name for name in files if not name.startswith(".")):
            try:
                # a link that leads nowhere is told when it is read
                if path.is_file() or path.is_symlink():
                    yield path
            except OSError as error:
                errors.append(error)


def _names(paths: Sequence[Path]) -> str:
    more = f" and {len(paths) - _NAMED} more" if len(paths) > _NAMED else ""
    return ", ".join(path.name for path in paths[:_NAMED]) + more


def _files(paths: Iterable[str]) -> Iterator[Input | Unusable]:
    for path in paths:
        try:
            yield from _file(path)
        except InputError as error:
            yield Unusable(str(error))
        except OSError as error:
            yield Unusable(f"{path} cannot be read ({error.strerror}); check its permissions.")


def _file(path: str) -> Iterator[Input]:
    """Yield the image at a path, or the pages of the document there; what is wrong with an image is told later."""
    file = Path(path)
    # what is no regular file, such as a pipe, can be read but once
    if file.suffix.lower() not in SUFFIXES and file.is_file() and os.access(file, os.R_OK):
        with file.open("rb") as opened:
            head = opened.read(_HEAD)
        if is_pdf(head):
            yield from _pages(path, path)
            return
        _refuse_what_is_no_picture(head, path)
    yield Input(path, path, file.stem)


def _pages(document: str | bytes, name: str) -> Iterator[Input]:
    for page in pdf_pages(document, name):
        yield Input(page.name, page, f"{_stem(name)}-page-{page.index + 1}")


def _refuse_what_is_no_picture(head: bytes, name: str) -> None:
    advice = advice_for(head, name)
    if advice:
        raise InputError(f"{name} {advice}.")


def _stem(name: str) -> str:
    return re.sub(r"[^\w.-]+", "-", Path(name).stem).strip("-.")[:100]


def pixels_or_path(source: Source) -> str | EncodedImage | UInt8Array:
    """Return what a reader takes for an image; a page is drawn here."""
    return source.render() if isinstance(source, PdfPage) else source
