"""The settings file: options of `edgedigits webcam` in TOML, each under the name that it has on the command line."""

from __future__ import annotations

import re
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click

from edgedigits.errors import InputError
from edgedigits.service.unit import CAMERA_GROUP

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

_NOT_IN_FILES = frozenset({"config", "help", "window", "frames", "profile"})
"""Options that make sense at a terminal only."""


@dataclass(frozen=True)
class ServiceFile:
    """Settings that were read from a file.

    Attributes:
        path: the file.
        values: by the option's name in Python, as the command takes them.
        lines: of each option, by the name that stands in the file.
    """

    path: Path
    values: Mapping[str, Any]
    lines: Mapping[str, int]

    @classmethod
    def read(cls, path: Path, command: click.Command, context: click.Context) -> ServiceFile:
        """Read a file and check each setting as the command line does.

        Args:
            path: the file.
            command: the command whose options may stand in it.
            context: of the command.

        Raises:
            InputError: the file cannot be read, or a line of it makes no sense; the message names the line.
        """
        try:
            text = path.read_text(encoding="utf-8")
        except OSError as error:
            advice = (
                f"use sudo, or join the group that may: sudo usermod -aG {CAMERA_GROUP} $USER"
                if isinstance(error, PermissionError)
                else "`edgedigits service template` prints one to begin with"
            )
            raise InputError(f"{path} cannot be read ({error.strerror}); {advice}.") from error
        except UnicodeDecodeError as error:
            raise InputError(f"{path} is no text in UTF-8; write it anew with an editor.") from error
        try:
            parsed = tomllib.loads(text)
        except tomllib.TOMLDecodeError as error:
            raise InputError(_syntax(path, str(error))) from error
        parameters = _parameters(command)
        lines = {key: _line_of(key, text) for key in parsed}
        values = {}
        for key, value in parsed.items():
            where = f"{path}, line {lines[key]}"
            parameter = parameters.get(key.replace("_", "-"))
            if parameter is None or parameter.name is None:
                raise InputError(f"{where}: there is no setting {key!r}; there are {', '.join(sorted(parameters))}.")
            try:
                values[parameter.name] = _converted(value, parameter, context)
            except click.BadParameter as error:
                raise InputError(f"{where}: {key}: {error.message}") from error
        return cls(path, values, lines)

    def explain(self, error: InputError) -> InputError:
        """Return an error about an option with the line on which the file sets it; others as they are."""
        for key, line in self.lines.items():
            if re.search(rf"--{re.escape(key.replace('_', '-'))}\b", str(error)):
                return InputError(f"{self.path}, line {line}: {error}")
        return error


def _parameters(command: click.Command) -> dict[str, click.Parameter]:
    """Return what may be set, by the name on the command line without its dashes."""
    named = {max(parameter.opts, key=len).lstrip("-"): parameter for parameter in command.params}
    return {name: parameter for name, parameter in named.items() if name not in _NOT_IN_FILES}


def _converted(value: Any, parameter: click.Parameter, context: click.Context) -> Any:
    if isinstance(parameter, click.Option) and parameter.is_flag:
        if not isinstance(value, bool):
            raise click.BadParameter("write true or false, without quotes.")
        return value
    if isinstance(value, bool) or not isinstance(value, (str, int, float)):
        raise click.BadParameter('write a number or a text in quotes, such as "640x480".')
    return parameter.type.convert(str(value), parameter, context)


def _line_of(key: str, text: str) -> int:
    """Return the number of the line that sets a key, from 1."""
    pattern = re.compile(rf"\s*(\[+\s*)?[\"']?{re.escape(key)}[\"']?\s*[=.\]]")
    return next((number for number, line in enumerate(text.splitlines(), 1) if pattern.match(line)), 1)


def _syntax(path: Path, message: str) -> str:
    found = re.fullmatch(r"(.*) \(at line (\d+), column (\d+)\)", message)
    if found is None:
        return f"{path}, at its end: {message}."
    return f'{path}, line {found[2]}: {found[1]} (column {found[3]}); texts stand in quotes, as in source = "0".'


def write_template(command: click.Command) -> str:
    """Return a settings file with all settings of a command, explained; what a service can do without is commented out.

    Args:
        command: `edgedigits webcam`.
    """
    out = [
        "# What edgedigits reads and where it goes. Take the # away before a setting to use it, then:",
        "#     sudo edgedigits service restart",
        "# Try it at a terminal with: edgedigits webcam --config THIS-FILE",
        "",
        "# The camera's number, /dev/video0, usb:NAME, csi:0 for a ribbon camera, or a stream's address.",
        'source = "0"',
        "",
        "# Wait for a camera that is not there yet, and for one that is unplugged.",
        "wait = true",
    ]
    for name, parameter in _parameters(command).items():
        if name in ("source", "wait") or not isinstance(parameter, click.Option):
            continue
        out += ["", *(f"# {line}" for line in (parameter.help or "").splitlines())]
        out.append(f"# {name} = {_example(parameter)}")
    return "\n".join(out) + "\n"


def _example(parameter: click.Option) -> str:
    """Return a value as it is written in TOML: the default, or what shows the form."""
    if parameter.is_flag:
        return "true"
    default = str(parameter.default) if isinstance(parameter.default, Path) else parameter.default
    if isinstance(default, bool) or default is None or callable(default) or not isinstance(default, (str, int, float)):
        return f'"{parameter.metavar or "…"}"'
    return f'"{default}"' if isinstance(default, str) else str(default)
