"""Outputs: none can stop or delay the reading, and what they miss is old."""

from __future__ import annotations

import json
import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from edgedigits import Digit, InputError, Reading
from edgedigits.cli.live_session import _shorten_pipe
from edgedigits.live.capture import CameraState, State
from edgedigits.live.framing import Frame
from edgedigits.live.outputs import Delivery, JsonLines, Snapshots, Terminal, Webhook
from edgedigits.live.publishing import Status
from edgedigits.live.watching import Moment

LIVE = CameraState(State.LIVE)


def moment(index: int, published: str = "7", status: Status = Status.STEADY, withheld: str = "") -> Moment:
    frame = Frame(index, index / 10, np.full((48, 64, 3), 200, np.uint8))
    reading = Reading((Digit(7, 0.9, (1, 2, 3, 4)),), (64, 48))
    return Moment(frame, reading, published, status, LIVE, withheld)


class TestDelivery:
    def test_an_output_that_hangs_delays_nothing_and_gets_the_newest(self) -> None:
        lines: list[str] = []
        free = threading.Event()

        def write(line: str) -> None:
            free.wait()
            lines.append(line)

        with Delivery(JsonLines(write)) as delivery:
            for index in range(2000):
                delivery.put(moment(index))
            assert lines == [], "the output still hangs"
            assert delivery.dropped > 1950
            free.set()
            while len(lines) < 2000 - delivery.dropped:
                time.sleep(0.01)
        frames = [json.loads(line)["frame"] for line in lines]
        assert frames[-1] == 1999
        assert frames == sorted(frames)

    def test_of_a_film_nothing_is_dropped(self) -> None:
        lines: list[str] = []

        def write(line: str) -> None:
            time.sleep(0.001)
            lines.append(line)

        with Delivery(JsonLines(write), lossless=True) as delivery:
            for index in range(200):
                delivery.put(moment(index))
        assert [json.loads(line)["frame"] for line in lines] == list(range(200))
        assert delivery.dropped == 0

    def test_an_output_that_fails_is_reported_once_and_tried_again(self) -> None:
        problems: list[str] = []
        lines: list[str] = []

        def write(line: str) -> None:
            if len(lines) < 5:
                lines.append("")
                raise OSError("the disk is full")
            lines.append(line)

        with Delivery(JsonLines(write), lossless=True, on_problem=problems.append) as delivery:
            for index in range(9):
                delivery.put(moment(index))
        assert problems == ["output: the disk is full"]
        assert len(lines) == 9

    def test_a_reader_that_left_is_noticed(self) -> None:
        def write(_: str) -> None:
            raise BrokenPipeError

        with Delivery(JsonLines(write), lossless=True) as delivery:
            for index in range(100):
                delivery.put(moment(index))
            assert delivery.reader_left

    def test_a_hanging_output_does_not_hold_up_the_end(self) -> None:
        free = threading.Event()
        with Delivery(JsonLines(lambda line: free.wait())) as delivery:
            delivery.put(moment(1))
        # that it got here, with the output as it was, is the proof
        free.set()


@pytest.mark.skipif(not hasattr(__import__("fcntl"), "F_GETPIPE_SZ"), reason="needs Linux and Python 3.10")
def test_a_pipe_holds_no_more_than_a_few_lines() -> None:
    """A slow reader would get what lay there for seconds."""
    import fcntl

    read, write = os.pipe()
    _shorten_pipe(write)
    assert fcntl.fcntl(write, fcntl.F_GETPIPE_SZ) == 4096
    os.close(read)
    os.close(write)


def test_lines_are_printed_when_what_is_published_changes() -> None:
    lines: list[str] = []
    terminal = Terminal(lines.append)
    seen = [
        moment(0, "", Status.NOTHING),
        moment(1, "7"),
        moment(2, "7"),
        moment(3, "", Status.UNSURE),
        moment(4, "20?1\n3"),
        moment(5, "20?1\n3", Status.WITHHELD, "2041\n3"),
        moment(6, "", Status.NOTHING),
    ]
    for shown in seen:
        prepared = terminal.prepare(shown)
        if prepared is not None:
            terminal.deliver(prepared)
    assert [line.split(" s  ")[1] for line in lines] == ["7", "20?1 | 3", "2041 | 3  (not as expected)", "-"]


class TestSnapshots:
    def test_each_number_is_kept_with_its_picture(self, tmp_path: Path) -> None:
        output = Snapshots(tmp_path / "new" / "folder")
        for shown in (moment(1), moment(2), moment(3, "", Status.NOTHING), moment(4, "20?\n1")):
            prepared = output.prepare(shown)
            if prepared is not None:
                output.deliver(prepared)
        names = sorted(path.name for path in (tmp_path / "new" / "folder").iterdir())
        assert len(names) == 4
        assert names[0].endswith("_7.jpg")
        assert names[2].endswith("_20x-1.jpg")
        folder = tmp_path / "new" / "folder"
        assert cv2.imread(str(folder / names[0])).shape == (48, 64, 3)
        assert json.loads((folder / names[1]).read_text())["published"] == "7"

    def test_a_folder_that_cannot_be_made(self, tmp_path: Path) -> None:
        (tmp_path / "file").touch()
        with pytest.raises(InputError, match="cannot be made"):
            Snapshots(tmp_path / "file" / "folder")


@contextmanager
def receiving(*codes: int) -> Iterator[tuple[str, list[dict[str, Any]]]]:
    """A server that answers posts with these codes, and with 200 from then on."""
    received: list[dict[str, Any]] = []
    left = list(codes)

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            received.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(left.pop(0) if left else 200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    yield f"http://127.0.0.1:{server.server_address[1]}/digits", received
    server.shutdown()
    server.server_close()


class TestWebhook:
    def test_what_changes_is_posted(self) -> None:
        with receiving() as (url, received), Delivery(Webhook(url), lossless=True) as delivery:
            for shown in (moment(0), moment(1), moment(2, "8"), moment(3, "", Status.NOTHING)):
                delivery.put(shown)
            delivery.close(wait=True)
            assert [body["published"] for body in received] == ["7", "8", ""]
            assert received[0]["time"].endswith("+00:00")

    def test_it_is_tried_again_where_that_may_help(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("edgedigits.live.outputs.webhook._PAUSES", (0.01, 0.01))
        with receiving(503, 500) as (url, received):
            Webhook(url).deliver(b"{}")
            assert len(received) == 3
        with receiving(400) as (url, received):
            with pytest.raises(OSError, match="400"):
                Webhook(url).deliver(b"{}")
            assert len(received) == 1

    def test_nobody_there_is_said_without_the_password(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("edgedigits.live.outputs.webhook._PAUSES", (0.01,))
        with receiving() as (url, _):
            pass
        problems: list[str] = []
        with Delivery(
            Webhook(url.replace("//", "//me:secret@")), lossless=True, on_problem=problems.append
        ) as delivery:
            delivery.put(moment(1))
        assert len(problems) == 1
        assert "cannot be reached" in problems[0]
        assert "secret" not in problems[0]


def test_json_says_it_all() -> None:
    plain = replace(moment(3, "20?", Status.WITHHELD, "205")).as_dict()
    assert plain["raw"] == plain["text"] == "7"
    assert (plain["published"], plain["status"], plain["withheld"]) == ("20?", "withheld", "205")
    assert (plain["frame"], plain["seconds"], plain["camera"]) == (3, 0.3, "live")
    assert json.dumps(plain)
