"""`edgedigits webcam`: clips read frame by frame, cameras that are lost and found, and how it ends."""

from __future__ import annotations

import json
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from tests.commands import started
from tests.runtime.live.servers import Handler, endless, jpeg, serving
from tests.runtime.samples import draw_text, write_clip


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A clip of 15 frames: 5 show nothing, 5 a 7, 5 a 3."""
    path = tmp_path_factory.mktemp("clips") / "clip.avi"
    write_clip(str(path), [draw_text(text) for text in [""] * 5 + ["7"] * 5 + ["3"] * 5])
    return path


def webcam(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    run = subprocess.run(
        [sys.executable, "-m", "edgedigits", "webcam", *map(str, arguments)],
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert "Traceback" not in run.stderr
    return run


def test_json_has_every_frame_of_a_file(clip: Path) -> None:
    run = webcam(clip, "--json")
    assert (run.returncode, run.stderr) == (0, "")
    rows = [json.loads(line) for line in run.stdout.splitlines()]
    assert [row["frame"] for row in rows] == list(range(15))
    assert [row["text"] for row in rows] == [""] * 5 + ["7"] * 5 + ["3"] * 5
    assert rows[10]["seconds"] == pytest.approx(1.0, abs=0.01)
    assert rows[10]["digits"][0]["value"] == 3
    assert [row["raw"] for row in rows] == [row["text"] for row in rows]
    assert [row["published"] for row in rows] == [""] * 8 + ["7"] * 4 + ["", "3", "3"]
    assert [row["status"] for row in rows][7:9] == ["unsure", "steady"]


def test_lines_are_printed_when_the_reading_changes(clip: Path) -> None:
    run = webcam(clip)
    assert [line.split()[-1] for line in run.stdout.splitlines()] == ["7", "3"]


def test_frames_are_read_as_they_are_expected_to_be(clip: Path) -> None:
    rows = [json.loads(line) for line in webcam(clip, "--json", "--range", "5..9").stdout.splitlines()]
    assert [row["expected"] for row in rows] == [False] * 5 + [True] * 5 + [False] * 5
    assert "(not as expected)" in webcam(clip, "--range", "5..9").stdout


def test_frames_ends_it(clip: Path) -> None:
    assert len(webcam(clip, "--json", "--frames", "4").stdout.splitlines()) == 4


@pytest.mark.parametrize(
    ("source", "says"),
    [
        ("63", "camera 63 cannot be opened"),
        ("gone.mp4", "gone.mp4 does not exist"),
        ("123456789012", "numbered from 0 to 255"),
    ],
)
def test_a_camera_that_is_missing_is_one_clear_line(source: str, says: str) -> None:
    run = webcam(source)
    assert run.returncode == 2
    assert run.stdout == ""
    assert says in run.stderr
    assert len(run.stderr.splitlines()) == 1


def test_a_file_without_frames_is_one_clear_line(tmp_path: Path, clip: Path) -> None:
    text, short = tmp_path / "text.mp4", tmp_path / "short.avi"
    text.write_text("not a film")
    short.write_bytes(clip.read_bytes()[:300])
    for path in (text, short):
        run = webcam(path)
        assert run.returncode == 2
        assert path.name in run.stderr
        assert len(run.stderr.splitlines()) == 1


def test_a_window_without_a_screen_says_so(clip: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DISPLAY", raising=False)
    monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)
    run = webcam(clip, "--window")
    assert run.returncode == 2
    assert len(run.stderr.splitlines()) == 1


def command(*arguments: str | Path) -> list[str]:
    return [sys.executable, "-m", "edgedigits", "webcam", *map(str, arguments)]


def test_a_camera_without_hardware_shows_what_it_is_told_to() -> None:
    run = webcam("test:2021", "--frames", "80", "--size", "320x240")
    assert run.stdout.splitlines()[-1].endswith(" 2021")
    assert run.stderr.splitlines() == ["live: test:2021, 320 × 240"]


def test_a_stream_that_is_lost_comes_again() -> None:
    """The server hangs up after ten frames, and its first answer holds a broken part."""
    pictures = [jpeg(draw_text("42"))]

    def answer(handler: Handler) -> None:
        handler.start_parts()
        handler.send_part(b"broken")
        for _ in range(10):
            handler.send_part(pictures[0])
            time.sleep(0.05)

    with serving(answer) as url:
        run = webcam(url, "--json", "--frames", "15")
    assert run.returncode == 0
    rows = [json.loads(line) for line in run.stdout.splitlines()]
    assert sum(row["frame"] is not None for row in rows) == 15
    assert "lost" in [row["camera"] for row in rows]
    assert {row["raw"] for row in rows if row["frame"] is not None} == {"42"}
    assert "trying again in" in run.stderr


def test_a_stream_that_is_not_there_yet_is_waited_for() -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port = unused.getsockname()[1]
    with started(command(f"http://me:secret@127.0.0.1:{port}/stream", "--frames", "3")) as run:
        assert run.stderr is not None
        said = [run.stderr.readline() for _ in range(2)]
        assert "refuses the connection" in "".join(said)
        assert "secret" not in "".join(said)
        with serving(endless([jpeg(draw_text("7"))]), port):
            assert run.wait(60) == 0


def test_loss_can_end_it_with_an_error() -> None:
    def answer(handler: Handler) -> None:
        handler.start_parts()
        handler.send_part(jpeg(draw_text("42")))

    with serving(answer) as url:
        run = webcam(url, "--exit-on-loss")
    assert run.returncode == 1
    assert "gives no frames any more" in run.stderr


@pytest.mark.parametrize(("stop", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 0)])
def test_a_signal_ends_it_within_a_second_while_it_connects(stop: signal.Signals, code: int) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"rtsp://127.0.0.1:{silent.getsockname()[1]}/live"
        with started(command(url)) as run:
            silent.accept()
            silent.accept()
            assert_ends(run, stop, code)


def test_a_signal_ends_it_while_it_reads() -> None:
    with started(command("test:2021")) as run:
        assert run.stderr is not None
        assert run.stderr.readline().startswith("live: test:2021")
        assert_ends(run, signal.SIGTERM, 0)


def assert_ends(run: subprocess.Popen[str], stop: signal.Signals, code: int) -> None:
    """A process that does nothing takes its time as well: a busy machine counts for both."""
    begun = time.monotonic()
    run.send_signal(stop)
    assert run.wait(30) == code
    taken = time.monotonic() - begun
    idle = time.monotonic()
    subprocess.run([sys.executable, "-c", ""], check=True)
    assert taken < 1 + 4 * (time.monotonic() - idle)
    assert "Traceback" not in run.communicate()[1]


def test_a_closed_pipe_ends_it() -> None:
    with started(command("test:2021", "--json")) as run:
        assert run.stdout is not None
        assert run.stderr is not None
        run.stdout.readline()
        run.stdout.close()
        assert run.wait(20) == 0
        assert "Error" not in run.stderr.read()


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--size", "640"], "640x480"),
        (["--roi", "1,2,3"], "x,y,w,h"),
        (["--roi", "0,0,0,5"], "w and h above 0"),
        (["--roi", "5000,0,10,10"], "outside the picture, which has 640 × 480"),
        (["--fourcc", "MJ"], "four letters"),
        (["--rotate", "45"], "90"),
        (["--max-fps", "nan"], "no number"),
        (["--monotonic", "sideways"], "up"),
        (["--post", "file:///etc/passwd"], "http"),
    ],
)
def test_options_that_make_no_sense_are_said(arguments: list[str], says: str) -> None:
    run = webcam("test:", "--frames", "1", *arguments)
    assert run.returncode == 2
    assert says in run.stderr
    assert sum(line.startswith("Error: ") for line in run.stderr.splitlines()) == 1


def test_frames_are_turned_and_cut(tmp_path: Path) -> None:
    path = tmp_path / "turned.avi"
    picture = draw_text("27")
    write_clip(str(path), [np.ascontiguousarray(np.rot90(picture))] * 2)
    rows = [json.loads(line) for line in webcam(path, "--rotate", "90", "--json").stdout.splitlines()]
    assert [row["text"] for row in rows] == ["27", "27"]
    x, _, w, _ = rows[0]["digits"][1]["box"]
    row, _ = (
        json.loads(line)
        for line in webcam(path, "--rotate", "90", "--json", "--roi", "0.5,0,0.5,1").stdout.splitlines()
    )
    assert row["text"] == "7"
    assert row["digits"][0]["box"][0] == pytest.approx(x, abs=4)
    assert row["digits"][0]["box"][2] == pytest.approx(w, abs=6)


def test_cameras_are_listed() -> None:
    run = subprocess.run(
        [sys.executable, "-m", "edgedigits", "cameras", "--json"], capture_output=True, text=True, check=True
    )
    rows = [json.loads(line) for line in run.stdout.splitlines()]
    assert rows[-1] == {"source": "test:", "name": "rendered sheets: a camera without hardware", "problem": ""}
