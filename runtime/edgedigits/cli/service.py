"""`edgedigits service`: keep reading from a camera, from the start of the system on."""

from __future__ import annotations

from pathlib import Path

import click

from edgedigits.cli.webcam import webcam
from edgedigits.service.control import System
from edgedigits.service.settings_file import ServiceFile, write_template
from edgedigits.service.unit import NAME

_root = click.option(
    "--root",
    type=click.Path(path_type=Path, file_okay=False, exists=True),
    default=Path("/"),
    hidden=True,
    help="Of another system, such as an image that is being built; nothing is started there.",
)


@click.group()
def service() -> None:
    """Keep reading from a camera, as a service of systemd that starts with the system.

    It has a user of its own and cannot write to the system. Settings are in /etc/edgedigits.toml.

    \b
    Examples:
      sudo edgedigits service install
      edgedigits service status
      edgedigits service logs --follow
    """


@service.command()
@_root
def install(root: Path) -> None:
    """Install the service and start it; run it again after a change of its settings.

    \b
    Examples:
      sudo edgedigits service install
    """
    system = System(root)
    system.require_rights()
    if system.write_config(write_template(webcam)):
        click.echo(f"Wrote {system.config}: what is read and where it goes is set there.")
    _write_unit(system)
    system.enable()
    click.echo("The service runs and starts with the system." if system.live else f"The service starts with {root}.")
    click.echo("`edgedigits service status` tells how it goes, `edgedigits service logs --follow` what it reads.")


@service.command()
def status() -> int:
    """Tell whether the service runs, and what its camera does.

    \b
    Examples:
      edgedigits service status
    """
    return System().show(["systemctl", "status", "--no-pager", "--lines=5", NAME])


@service.command()
@click.option("--follow", "-f", is_flag=True, help="Go on with what comes; Ctrl-C ends it.")
@click.option("--lines", type=click.IntRange(1), default=50, show_default=True, metavar="N", help="Of the past.")
def logs(follow: bool, lines: int) -> int:
    """Print what the service has read and reported.

    \b
    Examples:
      edgedigits service logs --follow
    """
    rest = ["--follow"] if follow else ["--no-pager"]
    return System().show(["journalctl", f"--unit={NAME}", f"--lines={lines}", "--output=short", *rest])


@service.command()
def restart() -> None:
    """Start the service anew, with the settings as they are now.

    \b
    Examples:
      sudo edgedigits service restart
    """
    system = System()
    system.require_rights()
    _write_unit(system)
    system.protect_config()
    system.enable()
    click.echo("The service runs with the settings as they are now.")


@service.command()
@_root
def remove(root: Path) -> None:
    """Stop the service and remove it; its settings stay.

    \b
    Examples:
      sudo edgedigits service remove
    """
    system = System(root)
    if not system.remove():
        click.echo("Nothing to remove: the service is not installed.")
        return
    click.echo(f"Removed the service; its settings stay in {system.config}.")


@service.command()
def template() -> None:
    """Print a settings file with every setting explained.

    \b
    Examples:
      edgedigits service template > edgedigits.toml
    """
    click.echo(write_template(webcam), nl=False)


def _write_unit(system: System) -> None:
    """Write the unit that the settings ask for: which addresses it may speak with follows from them."""
    context = click.Context(webcam, info_name="webcam")
    system.write_unit(ServiceFile.read(system.config, webcam, context).values)
