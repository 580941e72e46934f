"""`edgedigits webcam`: clips read frame by frame, cameras that are not there, and the newest frame of a live one."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from edgedigits.camera import CameraError, open_source
from edgedigits.camera.sources import LiveCamera
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
        ("http://127.0.0.1:9/stream", "cannot be opened"),
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


class PacedCapture:
    """Stands in for a camera's driver: a frame every 10 ms, whose grey level is its number; then it ends."""

    def __init__(self, frames: int) -> None:
        self.left = list(range(frames))

    def isOpened(self) -> bool:  # noqa: N802 - OpenCV's name
        return True

    def read(self) -> tuple[bool, np.ndarray]:
        time.sleep(0.01)
        if not self.left:
            return False, np.zeros(0)
        return True, np.full((4, 4, 3), self.left.pop(0), np.uint8)

    def release(self) -> None:
        pass


def test_a_slow_reader_gets_the_newest_frame(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("edgedigits.camera.sources._open_capture", lambda source: PacedCapture(60))
    taken = []
    with LiveCamera(0, "camera 0") as camera:
        for frame in camera:
            taken.append(frame.index)
            assert frame.pixels[0, 0, 0] == frame.index
            time.sleep(0.1)
    assert taken == sorted(set(taken))
    assert len(taken) < 15
    assert taken[-1] >= 50


def test_a_camera_that_gives_nothing_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("edgedigits.camera.sources._open_capture", lambda source: PacedCapture(0))
    with LiveCamera(0, "camera 0") as camera, pytest.raises(CameraError, match="camera 0 gives no frames"):
        next(iter(camera))


def test_a_camera_that_hangs_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    hanging = PacedCapture(1)
    monkeypatch.setattr(hanging, "read", lambda: time.sleep(1) or (True, np.zeros((4, 4, 3), np.uint8)))
    monkeypatch.setattr("edgedigits.camera.sources._open_capture", lambda source: hanging)
    with (
        LiveCamera(0, "camera 0", patience=0.2) as camera,
        pytest.raises(CameraError, match="camera 0 gives no frames"),
    ):
        next(iter(camera))


def test_a_file_is_read_whole_by_the_library(clip: Path) -> None:
    with open_source(str(clip)) as source:
        assert [frame.index for frame in source] == list(range(15))
