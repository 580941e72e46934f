"""The window, on a screen that only exists in memory; and what is said where there can be none."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator

import pytest

from edgedigits.windows import opencv_has_windows

SHOW = """
from dataclasses import replace

import cv2

from edgedigits import Reader
from edgedigits.live import LiveSettings, watch
from edgedigits.live.outputs.window import Window

window = Window()
for count, moment in enumerate(watch("test:2021", Reader(), LiveSettings(size=(320, 240)))):
    if moment.frame is not None and count > 5:
        break
    assert not window.show(moment)
assert cv2.getWindowProperty("edgedigits", cv2.WND_PROP_VISIBLE) == 1
cv2.destroyWindow("edgedigits")
assert window.show(replace(moment, frame=None)), "it was closed"
window.close()
"""
WEBCAM = ["-m", "edgedigits", "webcam", "test:2021", "--size", "320x240", "--window", "--frames", "3"]


@pytest.fixture
def screen() -> Iterator[str]:
    if shutil.which("Xvfb") is None:
        pytest.skip("needs a screen in memory: apt install xvfb")
    reading, writing = os.pipe()
    command = ["Xvfb", "-displayfd", str(writing), "-screen", "0", "800x600x24", "-nolisten", "tcp"]
    with subprocess.Popen(command, pass_fds=[writing], stderr=subprocess.DEVNULL) as server:
        os.close(writing)
        try:
            yield ":" + os.read(reading, 16).decode().strip()
        finally:
            os.close(reading)
            server.terminate()


def run(arguments: list[str], display: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *arguments],
        env={**os.environ, "DISPLAY": display, "WAYLAND_DISPLAY": ""},
        check=False,
        capture_output=True,
        text=True,
        timeout=120,
    )


@pytest.mark.skipif(not opencv_has_windows(), reason="needs opencv-python in place of opencv-python-headless")
def test_frames_are_shown_until_the_window_is_closed(screen: str) -> None:
    shown = run(["-c", SHOW], screen)
    assert shown.returncode == 0, shown.stderr
    assert run(WEBCAM, screen).returncode == 0


@pytest.mark.skipif(opencv_has_windows(), reason="this OpenCV has windows")
def test_an_opencv_without_windows_names_the_one_that_has_them() -> None:
    told = run(WEBCAM, ":0")
    assert told.returncode == 2
    assert "pip install opencv-python" in told.stderr
    assert "Traceback" not in told.stderr


def test_no_screen_is_said() -> None:
    told = run(WEBCAM, "")
    assert told.returncode == 2
    assert "no screen" in told.stderr
