"""`edgedigits doctor`: tell what this machine has, and what would mend what it lacks."""

from __future__ import annotations

import platform
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import click

from edgedigits.cli.options import bundle_options
from edgedigits.engines import ENGINES
from edgedigits.errors import EdgeDigitsError
from edgedigits.reader import Reader

_OPENCV_BUILDS = (
    "opencv-python",
    "opencv-python-headless",
    "opencv-contrib-python",
    "opencv-contrib-python-headless",
)


@click.command()
@bundle_options
def doctor(bundle: Path | None) -> int:
    """Tell which engines and files work on this machine, and what to do about the rest.

    Exit codes: 0 it can read, 1 it cannot.
    """
    click.echo(f"edgedigits {version('edgedigits')}, Python {platform.python_version()}, {platform.platform()}")
    for name in ("numpy", *_OPENCV_BUILDS):
        installed = _version_of(name)
        if installed:
            click.echo(f"  {name} {installed}")
    builds = [name for name in _OPENCV_BUILDS if _version_of(name)]
    if len(builds) > 1:
        click.echo(
            f"Warning: {' and '.join(builds)} overwrite each other's files; "
            f"pip uninstall -y {' '.join(builds)}, then install the one you want."
        )
    click.echo("Engines, in order of preference:")
    for engine in ENGINES.values():
        probe = engine.probe()
        mark, advice = ("yes", "") if probe.available else ("no ", f"; {engine.install}")
        click.echo(f"  {mark} {engine.name:<15} {probe.detail}{advice}")
    try:
        reader = Reader(bundle)
    except EdgeDigitsError as error:
        click.echo(f"Cannot read: {error}")
        return 1
    click.echo(f"Reads with {reader.file.path.name} in {reader.engine.title}.")
    return 0


def _version_of(distribution: str) -> str | None:
    try:
        return version(distribution)
    except PackageNotFoundError:
        return None
