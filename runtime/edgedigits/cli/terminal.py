"""The terminal: what is written to it, and what in names and messages must not reach it as it is."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

import click

_UNPRINTABLE = re.compile("[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")
"""Controls, which can move the cursor or ask the terminal for an answer; marks that turn the direction of writing; and
the bytes of a file name that are not UTF-8, which Python holds as lone surrogates."""
_NAMED = {"\n": r"\n", "\r": r"\r", "\t": r"\t"}


def printable(text: object) -> str:
    r"""Return a name or a message with everything in it visible, in one line.

    Example:
        >>> printable("a\x1b[31m\udcff.png")
        'a\\x1b[31m\\xff.png'
    """
    return _UNPRINTABLE.sub(_visible, str(text))


def _visible(found: re.Match[str]) -> str:
    code = ord(found[0])
    if 0xDC80 <= code <= 0xDCFF:  # a byte that is not UTF-8, as os.fsdecode escapes it
        code -= 0xDC00
    return _NAMED.get(found[0]) or (f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}")


def say(line: object) -> None:
    """Print a line in which names from files may stand."""
    click.echo(printable(line))


def complain(message: object) -> None:
    """Say on stderr, in one line, what is wrong."""
    remark("Error", message, "red")


def remark(kind: str, message: object, colour: str = "yellow") -> None:
    """Say something on stderr, in one line that begins with its kind: Error, Warning, Hint."""
    with suppress(OSError):  # who cannot be told cannot be told that either
        click.echo(f"{click.style(f'{kind}:', fg=colour)} {printable(message)}", err=True, color=colours())


def colours() -> bool | None:
    """Tell whether the environment asks for colours (FORCE_COLOR) or for none (NO_COLOR, a dumb terminal).

    None where it says nothing: then terminals get them.
    """
    if os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb":
        return False
    return True if os.environ.get("FORCE_COLOR") else None


class Progress:
    """A bar on the terminal, above which lines may be written; nothing where there is no terminal."""

    def __init__(self, bar: Any = None) -> None:
        self._bar = bar

    def clear(self) -> None:
        """Take the bar away, before something else is written."""
        if self._bar is not None:
            click.echo("\r\033[K", nl=False, err=True)

    def advance(self) -> None:
        """Draw the bar again, one step further."""
        if self._bar is not None:
            self._bar.update(1)


@contextmanager
def progress(label: str, count: int) -> Iterator[Progress]:
    """Show a bar of this many steps on stderr, where that is a terminal."""
    if not _shows_progress():
        yield Progress()
        return
    # the number of the step makes every bar another one: click draws none that looks like the last
    with click.progressbar(
        length=count, label=label, width=20, show_pos=True, show_percent=True, file=sys.stderr
    ) as bar:
        yield Progress(bar)


def show_step(step: str) -> None:
    """Show on a terminal's stderr what is being done, in place of what was; "" takes it away."""
    if _shows_progress():
        click.echo(f"\r\033[K{step}" + ("…" if step else ""), nl=False, err=True)


def _shows_progress() -> bool:
    """Tell whether stderr is a terminal that can take back what was written."""
    return sys.stderr is not None and sys.stderr.isatty() and os.environ.get("TERM") != "dumb"
