"""Families of options that several commands share."""

from __future__ import annotations

import functools
import math
import re
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar, cast

import click
from click.core import ParameterSource

from edgedigits.bundle import Bundle
from edgedigits.engines import ENGINES
from edgedigits.errors import BundleError, EdgeDigitsError, InputError
from edgedigits.expectation import CHECKSUMS, Expectation
from edgedigits.models.store import Store

BUNDLE_VARIABLE = "EDGEDIGITS_BUNDLE"
"""Names the bundle that is used where no option does."""

Command = TypeVar("Command", bound=Callable[..., Any])


class Number(click.FloatRange):
    """A number within a range; unlike click's own, "nan" is none."""

    name = "number"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """Return the number, or fail."""
        number = float(super().convert(value, param, ctx))
        if math.isnan(number):
            self.fail(f"{value} is no number.", param, ctx)
        return number


class NewFolder(click.Path):
    """A folder to write to, which need not exist."""

    def __init__(self) -> None:
        super().__init__(path_type=Path)

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Return the path, or fail."""
        if value == "":
            self.fail("the name is empty; name a folder.", param, ctx)
        return super().convert(value, param, ctx)


@dataclass(frozen=True)
class ChosenBundle:
    """The bundle that the options name, and what it has to be.

    Attributes:
        path: its folder; None for the one inside the package.
        verify: file of the public key that it has to be signed with; None to take it unsigned.
        at_least: the oldest version that is taken; None for any.
    """

    path: Path | None
    verify: Path | None
    at_least: str | None

    def load(self) -> Bundle:
        """Read it: what is returned is what was verified, whatever becomes of the folder.

        Raises:
            BundleError, InputError: as `Bundle.load`.
        """
        return Bundle.load(self.path, verify=self.verify, at_least=self.at_least)

    @contextmanager
    def lasting(self) -> Iterator[Path | None]:
        """Give a folder for processes that read the bundle anew: a copy of what was verified, if it has to be.

        Raises:
            BundleError, InputError: as `load`.
        """
        if self.verify is None and self.at_least is None:
            yield self.path
            return
        bundle = self.load()
        with tempfile.TemporaryDirectory(prefix="edgedigits-") as folder:
            bundle.save(Path(folder))
            yield Path(folder)


def bundle_options(command: Command) -> Command:
    """Add --bundle, --verify and --at-least: the command gets a `ChosenBundle` as `bundle`.

    EDGEDIGITS_BUNDLE names the bundle where --bundle does not; else it is the one that `edgedigits models` installed.
    """

    @functools.wraps(command)
    def chosen(*args: Any, bundle: Path | None, verify: Path | None, at_least: str | None, **options: Any) -> Any:
        installed = Store.default().current() if bundle is None else None
        try:
            return command(*args, bundle=ChosenBundle(bundle or installed, verify, at_least), **options)
        except BundleError as error:
            if installed is not None:
                raise BundleError(f"{error} (it was installed; `edgedigits models rollback` takes it back)") from error
            context = click.get_current_context()
            if context.get_parameter_source("bundle") is not ParameterSource.ENVIRONMENT:
                raise
            raise BundleError(
                f"{error} ({BUNDLE_VARIABLE} names this bundle; unset it for the bundled model)"
            ) from error

    return with_options(
        cast("Command", chosen),
        click.option(
            "--bundle",
            type=click.Path(path_type=Path),
            envvar=BUNDLE_VARIABLE,
            help=f"A folder that `edgedigits export` wrote. [default: ${BUNDLE_VARIABLE}, else the"
            " installed or the bundled model]",
        ),
        verify_option,
        at_least_option,
    )


verify_option = click.option(
    "--verify",
    type=click.Path(path_type=Path),
    metavar="KEY",
    help="Use the bundle only if it is signed with this public key, and unchanged.",
)
at_least_option = click.option(
    "--at-least",
    metavar="VERSION",
    help="Use the bundle only if its version is this or a later one: old ones are signed as well.",
)


def model_options(command: Command) -> Command:
    """Add --bundle, --verify, --at-least, --engine, --model and --threads: which model runs, and on what."""
    chosen = with_options(
        command,
        click.option(
            "--engine",
            metavar="NAME",
            shell_complete=_engines,
            help="onnxruntime, litert, tflite_runtime or opencv. [default: the best one here]",
        ),
        click.option(
            "--model",
            metavar="FORMAT",
            shell_complete=_formats,
            help="A format of the bundle, such as onnx-int8. [default: the one it prefers]",
        ),
        click.option(
            "--threads", type=click.IntRange(1, 256), metavar="N", default=1, show_default=True, help="For the engine."
        ),
    )
    return bundle_options(chosen)


def _engines(_: click.Context, __: click.Parameter, incomplete: str) -> list[str]:
    """Return what a shell may complete --engine to."""
    return [name for name in ENGINES if name.startswith(incomplete)]


def _formats(context: click.Context, _: click.Parameter, incomplete: str) -> list[str]:
    """Return what a shell may complete --model to: formats of the bundle that was named before."""
    try:
        files = Bundle.load(context.params.get("bundle")).files
    except EdgeDigitsError:
        return []
    return [file.format for file in files if file.format.startswith(incomplete)]


def reading_options(command: Command) -> Command:
    """Add --threshold, --expect, --length, --range and --checksum: what may be read.

    `expectation` makes the last four into one value.
    """
    return with_options(
        command,
        click.option(
            "--threshold",
            type=Number(0, 1),
            help="Digits of less confidence become '?'. [default: the manifest's]",
        ),
        click.option(
            "--expect",
            metavar="REGEX",
            help=r"What each line must match as a whole, such as '\d{4}' or '20\d\d'.",
        ),
        click.option(
            "--length", type=click.IntRange(1, 1000), metavar="N", help="How many digits each line must have."
        ),
        click.option("--range", "bounds", metavar="A..B", help="The least and the greatest number a line may be."),
        click.option(
            "--checksum",
            type=click.Choice(list(CHECKSUMS), case_sensitive=False),
            help="The check digits that each line must end with.",
        ),
    )


def expectation(expect: str | None, length: int | None, bounds: str | None, checksum: str | None) -> Expectation | None:
    """Return what the options ask of each line; None where they ask for nothing.

    Raises:
        InputError: an option makes no sense.
    """
    if expect is None and length is None and bounds is None and checksum is None:
        return None
    return Expectation(expect, length, _range(bounds) if bounds is not None else None, checksum)


def _range(text: str) -> tuple[int, int]:
    ends = re.fullmatch(r"\s*([0-9]{1,18})\s*\.\.\s*([0-9]{1,18})\s*", text)
    if ends is None:
        raise InputError(f"--range {text}: write the least and the greatest number with two dots, such as 1900..2099.")
    return int(ends[1]), int(ends[2])


def broker_credentials(command: Command) -> Command:
    """Add --mqtt-password-file and --mqtt-ca."""
    return with_options(
        command,
        click.option(
            "--mqtt-password-file",
            type=click.Path(path_type=Path),
            metavar="FILE",
            help="Holds the broker's password. [default: $EDGEDIGITS_MQTT_PASSWORD]",
        ),
        click.option(
            "--mqtt-ca",
            type=click.Path(path_type=Path),
            metavar="FILE",
            help="Certificate of the authority that signed the broker's. [default: the system's]",
        ),
    )


def with_options(command: Command, *options: Callable[[Command], Command]) -> Command:
    """Add options to a command, in the order in which its help lists them."""
    for option in reversed(options):
        command = option(command)
    return command
