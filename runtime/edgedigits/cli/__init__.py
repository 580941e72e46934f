"""The command line: a thin shell over the library. Each command is one module here."""

from __future__ import annotations

import importlib
import os
import sys
from collections.abc import Sequence
from importlib.metadata import entry_points
from typing import Any

import click

from edgedigits.errors import EdgeDigitsError
from edgedigits.offers import explain_missing

_OWN = {
    "predict": "edgedigits.cli.predict:predict",
    "webcam": "edgedigits.cli.webcam:webcam",
    "cameras": "edgedigits.cli.cameras:cameras",
    "doctor": "edgedigits.cli.doctor:doctor",
    "inspect": "edgedigits.cli.inspect:inspect",
    "bench": "edgedigits.cli.bench:bench",
}
_PARTS = {
    "train": ("edgedigits-train", "Train a Keras model."),
    "export": ("edgedigits-export", "Turn a trained model into checked TFLite and ONNX files."),
}
"""Commands that other distributions bring, and how they are introduced where those are not installed."""


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
            return command
        for point in entry_points(group="edgedigits.commands", name=cmd_name):
            command = point.load()
            assert isinstance(command, click.Command)
            return command
        return _not_installed(cmd_name) if cmd_name in _PARTS else None


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
            f"pip install {distribution} (or `make {name}` in a checkout of the project)."
        )

    return missing


@click.command(
    cls=_Commands,
    epilog="Exit codes: 0 all read, 3 some image held nothing readable or was not as expected, 2 bad input or usage,"
    " 1 anything else.",
)
@click.version_option(package_name="edgedigits")
def commands() -> None:
    """Read handwritten digits in photos and webcam frames, on small computers."""


def _show(error: click.ClickException) -> None:
    """Say in one line what is wrong, but for a command without arguments, which from click 8.2 on shows its help so."""
    if isinstance(error, getattr(click.exceptions, "NoArgsIsHelpError", ())):
        error.show()
        return
    context = error.ctx if isinstance(error, click.UsageError) else None
    advice = f" (`{context.command_path} --help` lists what there is)" if context else ""
    click.echo(f"Error: {' '.join(error.format_message().split())}{advice}", err=True)


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line and exit with the documented code; no traceback reaches the user.

    EDGEDIGITS_DEBUG=1 lets the tracebacks of unexpected errors through.
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
        click.echo("Stopped.", err=True)
        code = 130
    except EdgeDigitsError as error:
        click.echo(f"Error: {error}", err=True)
        code = error.exit_code
    except BrokenPipeError:
        # the reader of our output went away, as in `edgedigits predict … | head`
        sys.stdout = open(os.devnull, "w")  # noqa: SIM115, PTH123
        code = 0
    except Exception as error:
        if os.environ.get("EDGEDIGITS_DEBUG"):
            raise
        reason = " ".join(str(error).split()) or "no reason given"
        unexpected = f"{type(error).__name__}: {reason} (EDGEDIGITS_DEBUG=1 shows where; please report it)"
        click.echo(f"Error: {explain_missing(error) or unexpected}", err=True)
        code = 1
    sys.exit(code)
