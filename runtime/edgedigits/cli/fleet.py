"""`edgedigits fleet`: one model for many devices, by way of a broker."""

from __future__ import annotations

import json
import signal
import socket
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Any, TypeVar

import click

from edgedigits.cli.options import Number, broker_credentials, with_options
from edgedigits.cli.terminal import printable, show_step
from edgedigits.errors import InputError
from edgedigits.fleet.messages import BUNDLED, TOPIC, Desired
from edgedigits.models import Store
from edgedigits.models.proving import prove_model

if TYPE_CHECKING:
    from edgedigits.brokers import Broker
    from edgedigits.fleet.overview import Device

Command = TypeVar("Command", bound=Callable[..., Any])


def _broker_options(command: Command) -> Command:
    """Add --mqtt, --topic, --mqtt-password-file and --mqtt-ca."""
    return with_options(
        command,
        click.option(
            "--mqtt",
            "url",
            required=True,
            metavar="URL",
            envvar="EDGEDIGITS_MQTT",
            help="The broker, such as mqtt://NAME@broker.local. [default: $EDGEDIGITS_MQTT]",
        ),
        click.option("--topic", default=TOPIC, show_default=True, help="Under which the devices are."),
        broker_credentials,
    )


_key_option = click.option(
    "--verify",
    type=click.Path(path_type=Path),
    metavar="KEY",
    envvar="EDGEDIGITS_KEY",
    help="Take models only if they are signed with this public key. [default: $EDGEDIGITS_KEY]",
)


@click.group()
def fleet() -> None:
    """Say once, at a broker of MQTT, which model many devices read with, and see how they are.

    Each device runs `edgedigits fleet follow`. It installs what is desired of it as `edgedigits models install` does,
    and reports what it reads with and how it is. All is retained at the broker, so that devices may come and go.

    \b
    Examples:
      edgedigits fleet follow --mqtt mqtt://broker.local
      edgedigits fleet want https://example.com/digits.tar.gz kitchen garage --mqtt mqtt://broker.local
      edgedigits fleet list --mqtt mqtt://broker.local
    """


@fleet.command()
@_broker_options
@click.option("--device", metavar="NAME", help="Of this device in the fleet. [default: its host name]")
@_key_option
@click.option("--at-least", metavar="VERSION", help="Take no model of an older version: old ones are signed as well.")
@click.option(
    "--every",
    type=Number(1, 86_400),
    default=600,
    show_default=True,
    metavar="SECONDS",
    help="After which the device is examined and reports again.",
)
def follow(
    url: str,
    topic: str,
    mqtt_password_file: Path | None,
    mqtt_ca: Path | None,
    device: str | None,
    verify: Path | None,
    at_least: str | None,
    every: float,
) -> None:
    """Follow, on a device, what is desired of it, and report. Ctrl-C ends it.

    \b
    Examples:
      edgedigits fleet follow --mqtt mqtt://broker.local
      edgedigits fleet follow --mqtt mqtts://kitchen@broker.local --device kitchen --verify key.pub
    """
    from edgedigits.fleet.agent import Agent
    from edgedigits.fleet.following import Follower

    broker, fleet_topic = _broker(url, topic, mqtt_password_file, mqtt_ca)
    if verify is not None and not verify.is_file():
        raise InputError(f"--verify {verify} cannot be read; name the file of a public key.")
    name = _device_name(device if device is not None else socket.gethostname())
    follower = Follower(Store.default(), prove_model, verify, at_least)
    agent = Agent(
        broker,
        f"{fleet_topic}/{name}",
        follower,
        every=every,
        log=lambda line: click.echo(printable(line), err=True),
    )

    def end(_: int, __: FrameType | None) -> None:
        agent.stop()

    signal.signal(signal.SIGTERM, end)
    agent.run()


@fleet.command()
@click.argument("source", metavar="URL")
@click.argument("devices", nargs=-1, required=True, metavar="DEVICE...")
@_broker_options
@_key_option
def want(
    source: str,
    devices: Sequence[str],
    url: str,
    topic: str,
    mqtt_password_file: Path | None,
    mqtt_ca: Path | None,
    verify: Path | None,
) -> None:
    """Say which model devices shall read with.

    URL is the https address of an archive that `edgedigits export` wrote, or the word bundled for the model inside the
    package. It is fetched and checked here, and then desired by its digest: what lies there later is not taken.

    \b
    Examples:
      edgedigits fleet want https://example.com/digits.tar.gz kitchen garage --mqtt mqtt://broker.local
      edgedigits fleet want bundled kitchen --mqtt mqtt://broker.local
    """
    from edgedigits.fleet import overview

    broker, fleet_topic = _broker(url, topic, mqtt_password_file, mqtt_ca)
    names = [_device_name(name) for name in devices]
    desired = Desired() if source == BUNDLED else _examine(source, verify)
    overview.want(broker, fleet_topic, names, desired)
    click.echo(f"Desired of {', '.join(names)}: the model {desired.name}")
    click.echo("`edgedigits fleet list` tells which of them read with it.")


@fleet.command("list")
@_broker_options
@click.option("--json", "as_json", is_flag=True, help="Print everything as one JSON array.")
def list_devices(url: str, topic: str, mqtt_password_file: Path | None, mqtt_ca: Path | None, as_json: bool) -> int:
    """List the devices: what they read with, what is desired, and how they are.

    Exit codes: 0 all are there, read, and read with what is desired; 3 some are not, or there are none.

    \b
    Examples:
      edgedigits fleet list --mqtt mqtt://broker.local
    """
    from edgedigits.fleet import overview

    broker, fleet_topic = _broker(url, topic, mqtt_password_file, mqtt_ca)
    devices = overview.look(broker, fleet_topic)
    if as_json:
        click.echo(json.dumps([_as_dict(device) for device in devices], indent=2))
    elif not devices:
        click.echo(f"No device has reported under {printable(fleet_topic)}; `edgedigits fleet follow` lets one report.")
    else:
        width = max(len(printable(device.name)) for device in devices)
        for device in devices:
            click.echo(f"{printable(device.name):<{width}}  {printable(_in_words(device))}")
    return 0 if devices and all(device.well for device in devices) else 3


def _broker(url: str, topic: str, mqtt_password_file: Path | None, mqtt_ca: Path | None) -> tuple[Broker, str]:
    """Return the broker and the fleet's topic that the options name."""
    try:
        from edgedigits.brokers import Broker, check_topic
    except ImportError:
        raise InputError("MQTT needs the library paho-mqtt; install it: pip install 'edgedigits[mqtt]'.") from None
    return Broker.parse(url, mqtt_password_file, mqtt_ca), check_topic(topic, "--topic")


def _device_name(name: str) -> str:
    from edgedigits.brokers import check_topic

    if "/" in name:
        raise InputError(f"{name!r} names no device: a name has no / in it.")
    return check_topic(name, "DEVICE")


def _examine(source: str, verify: Path | None) -> Desired:
    """Fetch a bundle as the devices will, check it, and return it as it is desired."""
    from edgedigits.bundle import Bundle
    from edgedigits.models.fetching import fetch_bundle
    from edgedigits.models.store import digest_of

    if "://" not in source:
        raise InputError(
            f"{source[:200]!r} is no address that devices can fetch a bundle from; write"
            f" https://example.com/digits.tar.gz, or {BUNDLED}."
        )
    with tempfile.TemporaryDirectory(prefix="edgedigits-") as folder:
        target = Path(folder) / "bundle"
        target.mkdir()
        show_step(f"Fetching {source}")
        try:
            fetch_bundle(source, target, signed=verify is not None)
        finally:
            show_step("")
        Bundle.load(target, verify=verify).verify()
        return Desired(digest_of(target), source)


def _in_words(device: Device) -> str:
    told = device.reported
    parts = ["online " if device.online else "offline"]
    if told is None:
        return "  ".join([*parts, "has not reported"])
    parts.append(f"{told.model}{f' version {told.version}' if told.version else ''}")
    if device.desired is not None and device.desired.name != told.model:
        parts.append(f"desired {device.desired.name}: {told.error or told.stage.value}")
    elif told.error:
        parts.append(told.error)
    if told.shared_with:
        parts.append(f"another on {told.shared_with} has the same name: give each its own with --device")
    health = told.health
    parts.append("reads" if health.reads else f"does not read: {health.failure}")
    if health.temperature is not None:
        parts.append(f"{health.temperature:.0f} °C")
    parts += health.slowed
    parts.append(told.at)
    return "  ".join(parts)


def _as_dict(device: Device) -> dict[str, Any]:
    told = device.reported
    return {
        "device": device.name,
        "online": device.online,
        "well": device.well,
        "desired": None if device.desired is None else {"model": device.desired.name, **asdict(device.desired)},
        "reported": None if told is None else json.loads(told.as_json()),
    }
