"""`edgedigits cameras`: list the cameras of this machine."""

from __future__ import annotations

import json
from dataclasses import asdict

import click

from edgedigits.cli.terminal import say
from edgedigits.live.sources import find_cameras


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object for each camera.")
def cameras(as_json: bool) -> None:
    """List the cameras of this machine by name, and say why one cannot be used.

    What stands in the first column is what `edgedigits webcam` takes.

    \b
    Examples:
      edgedigits cameras
      edgedigits cameras --json
    """
    found = find_cameras()
    if as_json:
        for camera in found:
            click.echo(json.dumps(asdict(camera), ensure_ascii=False))
        return
    width = max(len(camera.source) for camera in found)
    for camera in found:
        problem = f"  cannot be used: {camera.problem}" if camera.problem else ""
        say(f"{camera.source:<{width}}  {camera.name}{problem}")
    if len(found) == 1:
        click.echo(
            "No camera is plugged in, or this user may not see it; streams have URLs (rtsp://, http://).", err=True
        )
