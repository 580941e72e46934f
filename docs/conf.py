"""Settings of Sphinx, which builds the documentation: `make docs`."""

from importlib.metadata import version as version_of

import click
from sphinx.application import Sphinx

project = "edgedigits"
copyright = "2026, the edgedigits authors"
author = "the edgedigits authors"
version = release = version_of("edgedigits")

extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon", "sphinx.ext.viewcode", "sphinx_click"]
source_suffix = {".md": "markdown"}
highlight_language = "text"
default_role = "literal"  # docstrings write code between single backticks
smartquotes = False  # options begin with two dashes
nitpicky = True
nitpick_ignore_regex = [("py:.*", ".*")]  # values that are no part of the reference

myst_heading_anchors = 3

autodoc_member_order = "bysource"
autodoc_typehints = "description"
autodoc_typehints_description_target = "documented"
napoleon_use_ivar = True

html_theme = "furo"
html_title = f"edgedigits {version}"


def escape_help(_app: Sphinx, _context: click.Context, lines: list[str]) -> None:
    """Let a command's help be plain text: an asterisk in it is one."""
    lines[:] = [line.replace("*", r"\*") for line in lines]


def setup(app: Sphinx) -> None:
    """Connect what changes the generated pages."""
    for part in ("description", "options", "arguments", "epilog"):
        app.connect(f"sphinx-click-process-{part}", escape_help)
