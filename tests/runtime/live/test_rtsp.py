"""RTSP from a real server: GStreamer's, as many cameras have it inside."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import cv2
import pytest

from edgedigits import Reader
from edgedigits.live import CameraError, LiveSettings, State, watch
from edgedigits.live.sources.scenes import render

PYTHON = Path("/usr/bin/python3")
NEEDS = (
    "import gi; gi.require_version('GstRtspServer', '1.0'); from gi.repository import Gst, GstRtspServer; Gst.init()"
)
NEEDS += "; assert Gst.ElementFactory.find('rtpjpegpay')"
PACKAGES = "gir1.2-gst-rtsp-server-1.0 gstreamer1.0-plugins-good python3-gi"


@pytest.fixture(scope="module", autouse=True)
def gstreamer() -> None:
    if not PYTHON.exists() or subprocess.run([PYTHON, "-c", NEEDS], check=False, capture_output=True).returncode:
        pytest.skip(f"needs GStreamer's RTSP server: apt install {PACKAGES}")


@contextmanager
def serving(picture: Path, *access: str, port: str = "0") -> Iterator[str]:
    """Serve a picture; gives "HOST:PORT/digits"."""
    command = [PYTHON, Path(__file__).with_name("rtsp_server.py"), picture, port, *access]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as server:
        assert server.stdout is not None
        try:
            yield f"127.0.0.1:{server.stdout.readline().strip()}/digits"
        finally:
            server.kill()


@pytest.fixture
def picture(tmp_path: Path) -> Path:
    path = tmp_path / "2021.jpg"
    cv2.imwrite(str(path), render(1.0, "2021"))
    return path


def test_a_camera_is_read_lost_and_found_again(reader: Reader, picture: Path) -> None:
    with serving(picture) as place:
        moments = watch(f"rtsp://{place}", reader, LiveSettings(read_timeout=2))
        assert next(moment for moment in moments if moment.published).published == "2021"
    with closing(moments):  # type: ignore[type-var]
        lost = next(moment for moment in moments if moment.camera.state is State.LOST)
        assert lost.published == ""
        with serving(picture, port=place.split(":")[1].split("/")[0]):
            assert next(moment for moment in moments if moment.published).published == "2021"


def test_a_password_is_asked_for_and_taken(reader: Reader, picture: Path) -> None:
    with serving(picture, "me", "secret") as place:
        with pytest.raises(CameraError, match="401") as raised:
            next(moment for moment in watch(f"rtsp://{place}", reader) if moment.frame)
        assert raised.value.final
        moments = watch(f"rtsp://me:secret@{place}", reader)
        with closing(moments):  # type: ignore[type-var]
            moment = next(moment for moment in moments if moment.frame)
    assert moment.frame is not None
    assert moment.frame.pixels.shape == (480, 640, 3)


def test_another_path_is_said(reader: Reader, picture: Path) -> None:
    with serving(picture) as place, pytest.raises(CameraError, match="404"):
        next(moment for moment in watch(f"rtsp://{place.removesuffix('digits')}other", reader) if moment.frame)
