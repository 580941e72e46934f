"""`edgedigits models`: which model this device reads with, and how it gets another."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import click

from edgedigits.bundle import Bundle
from edgedigits.cli.options import at_least_option
from edgedigits.models import Installed, Store
from edgedigits.models.proving import prove_model


@click.group()
def models() -> None:
    """List, install and take back the models of this device.

    A new model is put beside the old one, checked against its hashes and, with --verify, its signature, and has to read
    known digits and a photo here. Only then is it switched to, by one rename; a running service takes it up.

    \b
    Examples:
      edgedigits models install digits.tar.gz --verify key.pub
      edgedigits models list
      edgedigits models rollback
    """


@models.command("list")
@click.option("--json", "as_json", is_flag=True, help="Print everything as one JSON array.")
def list_models(as_json: bool) -> None:
    """List what is installed, and which of it is in use.

    \b
    Examples:
      edgedigits models list
    """
    store = Store.default()
    installed = store.list()
    bundled = Bundle.load()
    if as_json:
        rows = [{**_as_dict(model), "path": str(model.path)} for model in installed]
        rows.append(
            {
                "name": "bundled",
                "version": bundled.version,
                "accuracy": bundled.files[0].accuracy,
                "current": store.current() is None,
                "previous": False,
                "path": str(bundled.path),
            }
        )
        click.echo(json.dumps(rows, indent=2))
        return
    for model in installed:
        mark = "*" if model.current else "-" if model.previous else " "
        click.echo(f"{mark} {_in_words(model)}")
    mark = "*" if store.current() is None else " "
    click.echo(f"{mark} bundled       accuracy {bundled.files[0].accuracy:.2%}")
    click.echo("* is in use, - is the one that `edgedigits models rollback` goes back to")


@models.command()
@click.argument("source", metavar="FILE|URL")
@click.option(
    "--verify",
    type=click.Path(path_type=Path),
    metavar="KEY",
    envvar="EDGEDIGITS_KEY",
    help="Take it only if it is signed with this public key. [default: $EDGEDIGITS_KEY]",
)
@at_least_option
def install(source: str, verify: Path | None, at_least: str | None) -> None:
    """Install the model of FILE or URL and switch to it.

    FILE is a folder that `edgedigits export` wrote, or a .tar.gz or .zip of one; URL is the https address of such an
    archive.

    \b
    Examples:
      edgedigits models install build/bundle
      edgedigits models install https://example.com/digits.tar.gz --verify key.pub --at-least 1.4
    """

    def prove(folder: Path) -> None:
        prove_model(folder, _progress)
        if sys.stderr.isatty():
            click.echo("\r\033[K", nl=False, err=True)

    model = Store.default().install(source, prove, verify=verify, at_least=at_least)
    click.echo(f"In use now: {_in_words(model)}")


@models.command()
def rollback() -> None:
    """Go back to the model before.

    \b
    Examples:
      edgedigits models rollback
    """
    model = Store.default().roll_back()
    click.echo(f"In use now: {_in_words(model) if model else 'the bundled model'}")


def _progress(what: str) -> None:
    if sys.stderr.isatty():
        click.echo(f"\r\033[KTrying the new model: {what} …", nl=False, err=True)


def _in_words(model: Installed) -> str:
    accuracy = f"accuracy {model.accuracy:.2%}" if model.accuracy is not None else "damaged; install it again"
    version = f", version {model.version}" if model.version else ""
    return f"{model.name}  {accuracy}{version}"


def _as_dict(model: Installed) -> dict[str, object]:
    return {
        "name": model.name,
        "version": model.version,
        "accuracy": model.accuracy,
        "current": model.current,
        "previous": model.previous,
    }
