"""`edgedigits webcam`: read digits live, from a camera, a film or a stream."""

from __future__ import annotations

from collections.abc import Callable

import click

from edgedigits.cli.config import config_option
from edgedigits.cli.live_options import (
    camera_options,
    live_settings,
    output_options,
    output_settings,
    reader_options,
    server_options,
)
from edgedigits.cli.live_session import Session
from edgedigits.cli.options import reading_options
from edgedigits.live import Moment
from edgedigits.live.outputs import JsonLines, Terminal
from edgedigits.live.running import Profile, run
from edgedigits.reader import Reader
from edgedigits.service.notify import Notifier


@click.command()
@click.argument("source", default="0")
@config_option
@reader_options
@reading_options
@camera_options
@output_options
@server_options
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object for each frame.")
@click.option("--window", is_flag=True, help="Show the frames with the reading drawn in; q or Esc ends it.")
@click.option("--frames", type=click.IntRange(1), metavar="N", help="Stop after N frames.")
@click.option("--profile", is_flag=True, help="Say at the end where the time went.")
def webcam(
    source: str,
    make_reader: Callable[[], Reader],
    as_json: bool,
    window: bool,
    frames: int | None,
    profile: bool,
    **options: object,
) -> None:
    """Read handwritten digits live.

    SOURCE is a camera's number, /dev/video0 or usb:NAME; csi:0 for a Raspberry Pi's ribbon-cable camera; a stream's URL
    (rtsp, http); a film, a folder or pattern of pictures; or test: for rendered sheets. Camera 0 when left out;
    `edgedigits cameras` lists what there is.

    A number is published when it was read three times and for 0.3 seconds; "?" is a digit that is not sure. Without
    --json a line is printed whenever the published text changes. What is not as --expect, --length, --range,
    --checksum, --monotonic and --max-step ask is withheld. Ctrl-C ends it.

    Exit codes: 0 the source ended, 1 it was lost (--exit-on-loss), 2 bad input or usage.

    \b
    Examples:
      edgedigits webcam
      edgedigits webcam film.mp4 --json > readings.jsonl
      edgedigits webcam http://192.168.0.9/stream --length 5
      edgedigits webcam --serve 8000
      edgedigits webcam --config edgedigits.toml
    """
    settings, outputs = live_settings(options), output_settings(options)
    with Session() as session:
        notifier = Notifier.of_environment()

        def look(moment: Moment) -> None:
            session.look(moment)
            notifier.look(moment)

        printer = (JsonLines if as_json else Terminal)(session.write)
        taken = Profile() if profile else None
        try:
            run(
                source,
                make_reader(),
                settings,
                outputs,
                make_reader=make_reader,
                printer=printer,
                window=window,
                frames=frames,
                log=session.log,
                on_moment=look,
                profile=taken,
            )
        finally:
            for line in taken.lines() if taken else ():
                session.log(line)
