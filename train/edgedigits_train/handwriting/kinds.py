"""All kinds of scenes, gathered from the modules that lay them out."""

from __future__ import annotations

from collections import ChainMap
from collections.abc import Mapping

from edgedigits_train.handwriting.grids import GRIDS
from edgedigits_train.handwriting.layouts import LAYOUTS, Layout
from edgedigits_train.handwriting.numerals import NUMERALS
from edgedigits_train.handwriting.pages import TEXTS
from edgedigits_train.handwriting.printed import PRINTED

PAGES: dict[str, Layout] = {**TEXTS, **NUMERALS, **GRIDS, **PRINTED}
"""Kinds of pages beside the everyday ones of `layouts.LAYOUTS`, by name."""
KINDS: Mapping[str, Layout] = ChainMap(LAYOUTS, PAGES)
"""All kinds of scenes by name."""
