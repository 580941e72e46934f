"""The command line: a thin shell over the library. Each command is one module here."""

from __future__ import annotations

import errno
import importlib
import io
import os
import signal
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from importlib.metadata import entry_points
from types import FrameType
from typing import Any, NoReturn

import click

from edgedigits.cli.terminal import colours, complain
from edgedigits.errors import EdgeDigitsError
from edgedigits.offers import explain_missing

_OWN = {
    "predict": "edgedigits.cli.predict:predict",
    "webcam": "edgedigits.cli.webcam:webcam",
    "cameras": "edgedigits.cli.cameras:cameras",
    "serve": "edgedigits.cli.serve:serve",
    "service": "edgedigits.cli.service:service",
    "models": "edgedigits.cli.models:models",
    "fleet": "edgedigits.cli.fleet:fleet",
    "doctor": "edgedigits.cli.doctor:doctor",
    "inspect": "edgedigits.cli.inspect:inspect",
    "bench": "edgedigits.cli.bench:bench",
}
_PARTS = {
    "train": ("edgedigits-train", "Train a Keras model."),
    "evaluate": ("edgedigits-train", "Measure how well a trained model reads."),
    "evaluate-photos": ("edgedigits-train", "Measure how well photos are read whose digits are known."),
    "recipes": ("edgedigits-train", "List what is trained and how, or write it as a file to change."),
    "export": ("edgedigits-export", "Turn a trained model into checked TFLite and ONNX files."),
}
"""Commands that other distributions bring, and how they are introduced where those are not installed."""


HELP_OPTIONS = ["-h", "--help"]


class _ReaderGoneError(Exception):
    """What reads our output went away, as in `edgedigits predict … | head`; click would end with 1 for it."""


class _Commands(click.Group):
    """Commands that are imported when they are called, so that `predict` does not wait for the others."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        brought = [point.name for point in entry_points(group="edgedigits.commands")]
        return [*_OWN, *dict.fromkeys([*_PARTS, *brought])]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name in _OWN:
            module, name = _OWN[cmd_name].split(":")
            command = getattr(importlib.import_module(module), name)
            assert isinstance(command, click.Command)
            return _with_short_help(command)
        for point in entry_points(group="edgedigits.commands", name=cmd_name):
            command = point.load()
            assert isinstance(command, click.Command)
            return _with_short_help(command)
        return _not_installed(cmd_name) if cmd_name in _PARTS else None

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        try:
            return super().resolve_command(ctx, args)
        except click.UsageError as error:
            # click looks for what was meant among commands that are imported already
            from difflib import get_close_matches

            near = [] if args[0].startswith("-") else get_close_matches(args[0], self.list_commands(ctx), 1)
            if not near:
                raise
            raise click.UsageError(f"No such command {args[0]!r}. Did you mean {near[0]!r}?", ctx) from error

    def make_context(
        self, info_name: str | None, args: list[str], parent: click.Context | None = None, **extra: Any
    ) -> click.Context:
        with _reader_may_go():
            return super().make_context(info_name, args, parent, **{"color": colours(), **extra})

    def invoke(self, ctx: click.Context) -> Any:
        with _reader_may_go():
            return super().invoke(ctx)


def _with_short_help(command: click.Command) -> click.Command:
    """Return a command that takes -h, and whose commands do, whoever asked first: click remembers a help option."""
    command.get_help_option(click.Context(command, help_option_names=HELP_OPTIONS))
    for below in command.commands.values() if isinstance(command, click.Group) else ():
        _with_short_help(below)
    return command


@contextmanager
def _reader_may_go() -> Iterator[None]:
    try:
        yield
    except BrokenPipeError:
        raise _ReaderGoneError from None


def _not_installed(name: str) -> click.Command:
    distribution, summary = _PARTS[name]

    @click.command(
        name,
        help=f"{summary} (Needs `pip install {distribution}`.)",
        short_help=f"Not installed: pip install {distribution}",
        context_settings={"ignore_unknown_options": True, "allow_extra_args": True},
        add_help_option=False,
    )
    def missing() -> None:
        raise click.UsageError(
            f"`edgedigits {name}` comes with the part {distribution}, which is not installed here: "
            f"`make setup` in a checkout of the project brings it, or, once published, pip install {distribution}."
        )

    return missing


@click.command(
    cls=_Commands,
    context_settings={"help_option_names": HELP_OPTIONS},
    epilog="Exit codes: 0 all read, 3 some image held nothing readable or was not as expected, 2 bad input or usage,"
    " 1 anything else.\n\nLet bash complete what you type (zsh_source and fish_source: zsh and fish):"
    ' eval "$(_EDGEDIGITS_COMPLETE=bash_source edgedigits)"',
)
@click.version_option(package_name="edgedigits")
def commands() -> None:
    """Read handwritten digits in photos and webcam frames, on small computers.

    \b
    Examples:
      edgedigits predict photo.jpg
      edgedigits webcam 0
      edgedigits doctor
    """


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """Run the command line and exit with the documented code; no traceback reaches the user.

    EDGEDIGITS_DEBUG=1 lets the tracebacks of unexpected errors through.
    """
    _prepare_streams()
    with _interruptions() as interruptions:
        code = run(arguments, interruptions)
    sys.exit(code)


def run(arguments: Sequence[str] | None = None, interruptions: Sequence[int] = ()) -> int:
    """Run a command and return its exit code; whatever goes wrong is said in one line on stderr.

    Args:
        arguments: of the command line; None for those of the process.
        interruptions: signals that came meanwhile, as far as they are noted.
    """
    try:
        result: Any = commands.main(args=arguments, prog_name="edgedigits", standalone_mode=False)
        code = result if isinstance(result, int) else 0
    except click.exceptions.Exit as exit_:
        code = exit_.exit_code
    except click.ClickException as error:
        _show(error)
        code = error.exit_code
    except (click.Abort, KeyboardInterrupt):
        code = _stopped()
    except _ReaderGoneError:
        _discard_output()
        code = 0
    except EdgeDigitsError as error:
        complain(error)
        code = error.exit_code
    except Exception as error:
        if os.environ.get("EDGEDIGITS_DEBUG"):
            raise
        # packages that are interrupted while they are imported raise errors of their own
        code = _stopped() if interruptions else _failed(error)
    return code


def _show(error: click.ClickException) -> None:
    """Say in one line what is wrong, but for a command without arguments, which from click 8.2 on shows its help so."""
    if isinstance(error, getattr(click.exceptions, "NoArgsIsHelpError", ())):
        error.show()
        return
    context = error.ctx if isinstance(error, click.UsageError) else None
    advice = f" (`{context.command_path} --help` lists what there is)" if context else ""
    message = " ".join(error.format_message().split())
    # click calls a number that has limits a range: "'abc' is not a valid integer range"
    message = message.replace("a valid integer range", "a valid integer").replace(
        "a valid float range", "a valid number"
    )
    complain(message + advice)


def _stopped() -> int:
    with suppress(OSError):
        click.echo("Stopped.", err=True)
    return 130


_ADVICE = {
    errno.ENOSPC: "free some room, or write elsewhere",
    errno.EDQUOT: "free some room, or write elsewhere",
    errno.EROFS: "write elsewhere",
    errno.EMFILE: "raise the limit of open files (`ulimit -n 1024`)",
    errno.ENFILE: "close other programs",
    errno.ENOMEM: "close other programs, or use smaller images",
    errno.EACCES: "check its permissions",
}


def _failed(error: Exception) -> int:
    complain(_explained(error))
    if isinstance(error, OSError):
        _discard_output()
    return 1


def _explained(error: Exception) -> str:
    """Return what an error that nobody expected says, and what to do about it."""
    reason = " ".join(str(error).split()) or "no reason given"
    where = "EDGEDIGITS_DEBUG=1 shows where"
    if isinstance(error, MemoryError):
        return f"There is not enough memory ({where}); close other programs, or use smaller images."
    if isinstance(error, OSError) and error.errno:
        name = f"{error.filename}: " if error.filename else ""
        return f"{name}{error.strerror} ({where}); {_ADVICE.get(error.errno, 'check the disk and the paths')}."
    return explain_missing(error) or f"{type(error).__name__}: {reason} ({where}; please report it)"


def _prepare_streams() -> None:
    """Make sure that nothing that is printed can raise or land in a file by mistake."""
    for descriptor in (0, 1, 2):
        try:
            os.fstat(descriptor)
        except OSError:
            # the shell closed it (`<&-`): the next file that is opened would take its place
            os.open(os.devnull, os.O_RDWR)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def _discard_output() -> None:
    """Send what is still to be written to nowhere: Python writes it when it ends, and would complain once more."""
    with suppress(OSError, ValueError):
        null = os.open(os.devnull, os.O_WRONLY)
        os.dup2(null, sys.stdout.fileno())
        os.close(null)


@contextmanager
def _interruptions() -> Iterator[list[int]]:
    """Let Ctrl-C raise KeyboardInterrupt, and note it; afterwards it ends the process without a word."""
    noted: list[int] = []
    ours = threading.current_thread() is threading.main_thread()
    if not ours or signal.getsignal(signal.SIGINT) is not signal.default_int_handler:
        yield noted
        return

    def interrupt(number: int, _: FrameType | None) -> None:
        noted.append(number)
        raise KeyboardInterrupt

    signal.signal(signal.SIGINT, interrupt)
    yield noted
    signal.signal(signal.SIGINT, signal.SIG_DFL)
