"""The layouts in which a bundle's files can be arranged once more.

A layout is one module of this package that holds one `Layout` value. To add one, write the module and name it in
`LAYOUTS`.
"""

from __future__ import annotations

from collections.abc import Iterable

from edgedigits.errors import InputError
from edgedigits_export.publish.layouts.base import Layout
from edgedigits_export.publish.layouts.c_header import C_HEADER
from edgedigits_export.publish.layouts.triton import TRITON

LAYOUTS: dict[str, Layout] = {layout.name: layout for layout in (C_HEADER, TRITON)}
"""All layouts by name."""


def get_layouts(names: Iterable[str]) -> tuple[Layout, ...]:
    """Return the layouts of these names.

    Raises:
        InputError: there is none of a name.
    """
    chosen = set(names)
    unknown = sorted(chosen - set(LAYOUTS))
    if unknown:
        raise InputError(f"There is no layout {unknown[0]!r}; choose from {', '.join(LAYOUTS)}.")
    return tuple(layout for name, layout in LAYOUTS.items() if name in chosen)


__all__ = ["LAYOUTS", "Layout", "get_layouts"]
