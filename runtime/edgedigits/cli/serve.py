"""`edgedigits serve`: a page and an API that read pictures, without a camera."""

from __future__ import annotations

import time
from collections.abc import Callable

import click

from edgedigits.cli.live_options import reader_options, server_options
from edgedigits.cli.live_session import Session
from edgedigits.live.running import served
from edgedigits.live.settings import OutputSettings
from edgedigits.reader import Reader


@click.command()
@click.argument("address", default="8000", metavar="[[HOST:]PORT]")
@reader_options
@server_options
def serve(
    address: str,
    make_reader: Callable[[], Reader],
    token: str | None,
    name: str,
) -> None:
    """Serve a page and an API that read the pictures they are sent.

    Port 8000 of this machine alone when left out. Another address, such as 0.0.0.0:8000, lets other machines ask, and
    needs --token. `POST /read` takes a picture and answers with the JSON of `edgedigits predict`; /openapi.json
    describes all addresses. `edgedigits webcam --serve` does the same beside a camera. Ctrl-C ends it.

    \b
    Examples:
      edgedigits serve
      edgedigits serve 0.0.0.0:8000 --token a-long-secret
      curl --data-binary @photo.jpg http://127.0.0.1:8000/read
    """
    # a model that cannot be used is said now, not to the first who asks
    make_reader()
    with Session() as session, served(OutputSettings(serve=address, token=token, name=name), make_reader) as page:
        session.log(f"page: {page.url}")
        while True:
            time.sleep(1)
