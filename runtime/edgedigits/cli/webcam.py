"""`edgedigits webcam`: read digits live, from a camera, a video file or a stream."""

from __future__ import annotations

import json
from pathlib import Path

import click

from edgedigits.camera import Frame, open_source
from edgedigits.cli.options import expectation, model_options, reading_options
from edgedigits.cli.output import one_line
from edgedigits.errors import InputError
from edgedigits.reader import Reader
from edgedigits.reading import Reading

_ESCAPE = 27


@click.command()
@click.argument("source", default="0")
@model_options
@reading_options
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object for each frame.")
@click.option("--window", is_flag=True, help="Show the frames with the reading drawn in; q or Esc ends it.")
@click.option("--frames", type=click.IntRange(1), metavar="N", help="Stop after N frames.")
def webcam(
    source: str,
    bundle: Path | None,
    engine: str | None,
    model: str | None,
    threads: int,
    threshold: float | None,
    expect: str | None,
    length: int | None,
    bounds: str | None,
    checksum: str | None,
    as_json: bool,
    window: bool,
    frames: int | None,
) -> None:
    """Read handwritten digits live.

    SOURCE is a camera's number, a video file or a stream's URL; camera 0 when left out. Without --json a line is
    printed whenever the reading changes. Ctrl-C ends it.
    """
    expected = expectation(expect, length, bounds, checksum)
    reader = Reader(bundle, engine=engine, format=model, threads=threads)
    if window:
        _require_window()
    previous = ""
    with open_source(source) as opened:
        for count, frame in enumerate(opened, 1):
            reading = reader.read(frame.pixels, threshold=threshold, expect=expected)
            if as_json:
                _print_json(frame, reading)
            elif one_line(reading) != previous:
                click.echo(f"{frame.seconds:7.2f} s  {one_line(reading)}")
            previous = one_line(reading)
            if (window and _shown_to_the_end(frame, reading)) or count == frames:
                break


def _print_json(frame: Frame, reading: Reading) -> None:
    head = {"frame": frame.index, "seconds": round(frame.seconds, 3)}
    click.echo(json.dumps({**head, **reading.as_dict()}))


def _require_window() -> None:
    from edgedigits.windows import opencv_has_windows, require_screen

    require_screen()
    if not opencv_has_windows():
        raise InputError(
            "This OpenCV has no windows: leave --window out, or replace opencv-python-headless by opencv-python"
            " (pip uninstall opencv-python-headless && pip install opencv-python)."
        )


def _shown_to_the_end(frame: Frame, reading: Reading) -> bool:
    import cv2

    from edgedigits.drawing import draw_reading

    cv2.imshow("edgedigits", draw_reading(frame.pixels, reading))
    return cv2.waitKey(1) & 0xFF in (ord("q"), _ESCAPE)
