"""Options of the commands that read live, and the settings that they make."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import partial, wraps
from pathlib import Path
from typing import Any, TypeVar, cast

import click

from edgedigits.cli.options import (
    ChosenBundle,
    NewFolder,
    Number,
    broker_credentials,
    expectation,
    model_options,
    with_options,
)
from edgedigits.errors import InputError
from edgedigits.live.settings import LiveSettings, OutputSettings
from edgedigits.models.following import open_reader

Command = TypeVar("Command", bound=Callable[..., Any])


class Numbers(click.ParamType[tuple[float, ...]]):
    """Numbers in a row, such as 640x480 or 10,20,100,50."""

    name = "numbers"

    def __init__(self, form: str, count: int, separator: str) -> None:
        self._form, self._count, self._separator = form, count, separator

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> tuple[float, ...]:
        """Return the numbers, or fail."""
        if isinstance(value, tuple):
            return value
        parts = re.split(self._separator, value.strip())
        if len(parts) != self._count or not all(
            re.fullmatch(r"\s*[0-9]{1,6}(\.[0-9]{1,6})?\s*", part) for part in parts
        ):
            self.fail(f"{value!r}: write {self._form}.", param, ctx)
        return tuple(float(part) for part in parts)


def reader_options(command: Command) -> Command:
    """Add the options of `model_options`, and hand the command `make_reader`: what makes the reader that they name."""

    @wraps(command)
    def with_reader(
        *, bundle: ChosenBundle, engine: str | None, model: str | None, threads: int, **options: object
    ) -> object:
        make_reader = partial(
            open_reader,
            bundle.path,
            verify=bundle.verify,
            at_least=bundle.at_least,
            engine=engine,
            format=model,
            threads=threads,
        )
        return command(make_reader=make_reader, **options)

    return cast(Command, model_options(with_reader))


def camera_options(command: Command) -> Command:
    """Add what is asked of the camera, and of the numbers that are published."""
    return with_options(
        command,
        click.option(
            "--size", type=Numbers("a size as 640x480", 2, "[x×X]"), metavar="WxH", help="Ask the camera for it."
        ),
        click.option("--fps", type=Number(0.01, 1000), metavar="N", help="Frames a second to ask the camera for."),
        click.option(
            "--fourcc", metavar="CODE", help="Format to ask a USB camera for. [default: MJPG where it has it]"
        ),
        click.option(
            "--mains", type=click.Choice(["50", "60"]), default="50", show_default=True, help="Of the lamps, in Hz."
        ),
        click.option(
            "--rotate",
            type=click.Choice(["0", "90", "180", "270"]),
            default="0",
            show_default=True,
            help="Degrees to turn frames clockwise.",
        ),
        click.option("--mirror", is_flag=True, help="Exchange left and right, as for a camera that mirrors."),
        click.option(
            "--roi",
            type=Numbers("x,y,w,h, in pixels or as shares of 1", 4, ","),
            metavar="X,Y,W,H",
            help="The part of the frame that is read, in pixels or as shares of 1.",
        ),
        click.option(
            "--max-fps",
            type=Number(0, 1000),
            metavar="N",
            help="Readings a second at most. [default: 10 of cameras, fewer of what is dear; films: all]",
        ),
        click.option(
            "--monotonic",
            type=click.Choice(["up", "down"]),
            help="Withhold a number that goes the other way, as a meter's cannot.",
        ),
        click.option(
            "--max-step", type=click.IntRange(0), metavar="N", help="Withhold a number further than N from the last."
        ),
        click.option("--wait", is_flag=True, help="Wait for a camera that is not there yet."),
        click.option("--exit-on-loss", is_flag=True, help="End with exit code 1 when a camera is lost."),
    )


def output_options(command: Command) -> Command:
    """Add where readings go."""
    return with_options(
        command,
        click.option("--snapshots", type=NewFolder(), metavar="DIR", help="Keep a picture of each published number."),
        click.option("--post", metavar="URL", help="Post each published number to this URL, as JSON."),
        click.option("--mqtt", metavar="URL", help="Publish to this broker, such as mqtt://homeassistant.local."),
        click.option(
            "--mqtt-topic", default=OutputSettings.mqtt_topic, show_default=True, help="Under which all is published."
        ),
        broker_credentials,
        click.option(
            "--discovery",
            metavar="PREFIX",
            default=OutputSettings.discovery,
            show_default=True,
            help="Of Home Assistant's discovery; '' for none.",
        ),
        click.option("--serve", metavar="[HOST:]PORT", help="Serve a page with the picture and the number."),
        click.option(
            "--corrections",
            type=NewFolder(),
            default=OutputSettings.corrections,
            show_default=True,
            help="Where digits that are corrected on the page are kept.",
        ),
    )


def server_options(command: Command) -> Command:
    """Add --token and --name."""
    return with_options(
        command,
        click.option(
            "--token",
            envvar="EDGEDIGITS_TOKEN",
            metavar="SECRET",
            help="What clients must know, where other machines may ask. [env: EDGEDIGITS_TOKEN]",
        ),
        click.option(
            "--name", default=OutputSettings.name, show_default=True, help="Of this reader, where it is shown."
        ),
    )


def live_settings(options: dict[str, Any]) -> LiveSettings:
    """Return the settings that the options of `reading_options` and `camera_options` make.

    Raises:
        InputError: an option makes no sense.
    """
    expected = expectation(options["expect"], options["length"], options["bounds"], options["checksum"])
    size, roi = options["size"], options["roi"]
    if size is not None and any(side != int(side) for side in size):
        raise InputError("--size: width and height are whole numbers, such as 640x480.")
    return LiveSettings(
        size=(int(size[0]), int(size[1])) if size else None,
        fps=options["fps"],
        fourcc=options["fourcc"],
        mains=int(options["mains"]),
        rotate=int(options["rotate"]),
        mirror=options["mirror"],
        roi=(roi[0], roi[1], roi[2], roi[3]) if roi else None,
        max_fps=options["max_fps"],
        threshold=options["threshold"],
        pattern=expected.pattern if expected else None,
        length=expected.length if expected else None,
        range=expected.range if expected else None,
        checksum=expected.checksum if expected else None,
        monotonic=options["monotonic"],
        max_step=options["max_step"],
        wait=options["wait"],
        exit_on_loss=options["exit_on_loss"],
    )


def output_settings(options: dict[str, Any]) -> OutputSettings:
    """Return the settings that the options of `output_options` make."""
    return OutputSettings(
        snapshots=options["snapshots"],
        post=options["post"],
        mqtt=options["mqtt"],
        mqtt_topic=options["mqtt_topic"],
        mqtt_password_file=options["mqtt_password_file"],
        mqtt_ca=options["mqtt_ca"],
        discovery=options["discovery"],
        serve=options["serve"],
        token=options["token"],
        corrections=Path(options["corrections"]),
        name=options["name"],
    )
