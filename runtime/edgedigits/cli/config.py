"""--config: options from a settings file."""

from __future__ import annotations

import functools
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar, cast

import click

from edgedigits.errors import InputError
from edgedigits.service.settings_file import ServiceFile

Command = TypeVar("Command", bound=Callable[..., Any])

_KEY = "edgedigits.config"


def config_option(command: Command) -> Command:
    """Add --config: a file whose settings stand in for options that are not given."""

    @functools.wraps(command)
    def explained(*args: Any, **options: Any) -> Any:
        try:
            return command(*args, **options)
        except InputError as error:
            file: ServiceFile | None = click.get_current_context().meta.get(_KEY)
            raise (file.explain(error) if file else error) from error

    return click.option(
        "--config",
        type=click.Path(path_type=Path),
        metavar="FILE",
        is_eager=True,
        expose_value=False,
        callback=_read,
        help="Take the options that are not given from this file, as `edgedigits service` does.",
    )(cast("Command", explained))


def _read(context: click.Context, _: click.Parameter, path: Path | None) -> None:
    if path is None:
        return
    file = ServiceFile.read(path, context.command, context)
    context.meta[_KEY] = file
    context.default_map = dict(file.values)
