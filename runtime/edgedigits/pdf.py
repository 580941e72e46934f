"""PDF: the pages of a document as pictures, where pypdfium2 is installed (the extra `pdf`)."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from edgedigits.errors import InputError

_LONGER_SIDE = 2000
"""Pixels of a page; the reader looks at 1,600."""
_FINEST = 300 / 72
"""Pixels a point: smaller pages than a sheet are drawn with 300 dots an inch."""


@dataclass(frozen=True)
class PdfPage:
    """One page of a document.

    Attributes:
        document: its path, or the whole document.
        index: of the page, from 0.
        name: what messages call it.
    """

    document: str | bytes
    index: int
    name: str

    def render(self) -> npt.NDArray[np.uint8]:
        """Return the page as uint8 (H, W, 3) in BGR, of at most 2,000 pixels on its longer side.

        Raises:
            InputError: the page is damaged.
        """
        pdfium = _pdfium(self.name)
        try:
            with pdfium.PdfDocument(self.document) as document:
                page = document[self.index]
                scale = min(_LONGER_SIDE / max(*page.get_size(), 1), _FINEST)
                return np.array(page.render(scale=scale, rev_byteorder=False).to_numpy()[:, :, :3], np.uint8)
        except (pdfium.PdfiumError, ValueError, MemoryError) as error:
            raise InputError(f"{self.name} cannot be drawn ({error}); save the document anew.") from error


def pdf_pages(document: str | os.PathLike[str] | bytes, name: str) -> tuple[PdfPage, ...]:
    """Return the pages of a document, none of them drawn yet.

    Args:
        document: its path, or the whole document.
        name: what messages call it; pages are called `name#page=1` and so on.

    Raises:
        InputError: the extra `pdf` is not installed, or the document is damaged, empty or locked.
    """
    source = document if isinstance(document, bytes) else os.fspath(document)
    pdfium = _pdfium(name)
    try:
        with pdfium.PdfDocument(source) as opened:
            count = len(opened)
    except pdfium.PdfiumError as error:
        reason = str(error).rstrip(".")
        if "password" in reason.lower():
            raise InputError(f"{name} is locked by a password; save it without one.") from error
        raise InputError(f"{name} is no whole PDF ({reason}); save it anew.") from error
    if not count:
        raise InputError(f"{name} has no pages.")
    return tuple(PdfPage(source, index, f"{name}#page={index + 1}") for index in range(count))


def _pdfium(name: str) -> Any:
    try:
        import pypdfium2
    except ImportError:
        raise InputError(f'{name} is a PDF; its pages are read with pip install "edgedigits[pdf]".') from None
    return pypdfium2
