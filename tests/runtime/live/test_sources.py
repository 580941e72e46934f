"""Sources: one text names any camera; what is wrong with one is said in a sentence of its own."""

from __future__ import annotations

import itertools
import socket
import struct
import sys
import threading
import time
import types
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import cv2
import numpy as np
import pytest

from edgedigits import Reader
from edgedigits.live.sources import CameraError, Wanted, find_cameras, masked, parse_source, scenes, usb
from edgedigits.live.sources.base import is_patched
from tests.runtime.live.servers import Handler, endless, jpeg, refusing, serving
from tests.runtime.samples import draw_text, write_clip

QUICK = Wanted(open_timeout=1, read_timeout=1)


def pictures_of(text: str, wanted: Wanted = QUICK) -> Iterator[tuple[float | None, np.ndarray, bool]]:
    with closing(parse_source(text).open(wanted)) as stream:
        while (picture := stream.read()) is not None:
            yield picture.seconds, picture.pixels, picture.damaged


def refusal(text: str) -> CameraError:
    with pytest.raises(CameraError) as raised:
        next(pictures_of(text))
    assert "\n" not in str(raised.value)
    return raised.value


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("0", "UsbCamera"),
        ("/dev/video0", "UsbCamera"),
        ("/dev/v4l/by-id/usb-046d_C270-video-index0", "UsbCamera"),
        ("usb:Logitech", "NamedUsbCamera"),
        ("csi:0", "CsiCamera"),
        ("rtsp://camera/live", "NetworkStream"),
        ("http://camera/stream", "HttpCamera"),
        ("clip.mp4", "Film"),
        ("test:", "Scenes"),
        ("test:2021", "Scenes"),
        ("scans/*.png", "Pictures"),
    ],
)
def test_one_text_names_a_source_of_any_kind(text: str, kind: str) -> None:
    assert type(parse_source(text)).__name__ == kind


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("123456789012", "numbered from 0 to 255"),
        ("256", "numbered from 0 to 255"),
        ("test:20x1", "test:2021"),
        ("csi:x", "csi:0"),
        ("rtsp://", "no stream"),
        ("gopher://camera/", "no stream"),
        ("http://:80/", "names no server"),
        ("http://camera:port/", "no URL"),
        ("", "no source"),
    ],
)
def test_what_names_no_source_is_said(text: str, says: str) -> None:
    with pytest.raises(CameraError, match=says) as raised:
        parse_source(text)
    assert raised.value.final
    assert raised.value.exit_code == 2


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("rtsp://me:secret@camera/live", "rtsp://me:***@camera/live"),
        ("rtsp://me:p@ss/w@camera/live", None),
        ("http://camera/snap?user=me&pwd=secret&x=1", "http://camera/snap?user=me&pwd=***&x=1"),
        ("http://me:sec:ret@camera", "http://me:***@camera"),
        ("http://camera/live", "http://camera/live"),
    ],
)
def test_passwords_are_masked(url: str, shown: str | None) -> None:
    assert "secret" not in masked(url)
    assert "sec:ret" not in masked(url)
    if shown:
        assert masked(url) == shown
        assert parse_source(url).name == shown


class TestFilms:
    def test_times_are_the_film_s_own(self, tmp_path: Path) -> None:
        """Of a film of varying rate, frame number times rate is not the time."""
        path = tmp_path / "film.avi"
        write_clip(str(path), [draw_text(str(n)) for n in range(10)], rate=5)
        seconds = [at for at, _, _ in pictures_of(str(path))]
        assert seconds == pytest.approx([n / 5 for n in range(10)], abs=0.01)

    @pytest.mark.parametrize(
        ("content", "says"),
        [
            (b"", "empty"),
            (b"not a film", "not a video"),
            (b"\0\0\0\x20ftypav01isom" + b"\0" * 200, "AV1"),
            (b"RIFF\x80\0\0\0WEBPVP8X" + b"ANIM" + b"\0" * 200, "animated WebP"),
        ],
    )
    def test_what_cannot_be_decoded_is_named(self, tmp_path: Path, content: bytes, says: str) -> None:
        path = tmp_path / "film.mp4"
        path.write_bytes(content)
        assert says in str(refusal(str(path)))

    def test_a_film_that_is_not_there(self) -> None:
        assert "does not exist" in str(refusal("gone.mp4"))

    def test_a_damaged_frame_does_not_end_a_film(self, tmp_path: Path) -> None:
        path = tmp_path / "film.avi"
        write_clip(str(path), [draw_text(str(n)) for n in range(10)], rate=5)
        content = bytearray(path.read_bytes())
        frames = [i for i in range(len(content) - 3) if content[i : i + 3] == b"\xff\xd8\xff"]
        content[frames[4] : frames[4] + 400] = bytes(400)
        path.write_bytes(content)
        assert len(list(pictures_of(str(path)))) >= 9


class TestPictures:
    def test_a_folder_and_a_pattern(self, tmp_path: Path) -> None:
        for name in ("b.png", "a.png", "c.jpg"):
            cv2.imwrite(str(tmp_path / name), draw_text(name[0].replace("a", "1").replace("b", "2")))
        (tmp_path / "d.png").write_text("no picture")
        assert [at for at, _, _ in pictures_of(str(tmp_path))] == [0, 1, 2]
        assert len(list(pictures_of(str(tmp_path / "*.png")))) == 2

    def test_a_folder_without_pictures(self, tmp_path: Path) -> None:
        assert "names no picture" in str(refusal(str(tmp_path)))


class TestHttp:
    def test_mjpeg_with_and_without_lengths(self) -> None:
        def answer(handler: Handler) -> None:
            handler.start_parts()
            for number in range(6):
                handler.send_part(jpeg(np.full((48, 64), 40 * number, np.uint8)), length=number % 2 == 0)

        with serving(answer) as url:
            levels = [pixels.mean() for _, pixels, _ in pictures_of(url)]
        assert levels == pytest.approx([0, 40, 80, 120, 160, 200], abs=2)

    def test_broken_parts_are_passed_over_and_patched_ones_marked(self) -> None:
        whole = jpeg(np.random.default_rng(1).integers(0, 255, (120, 160), np.uint8))

        def answer(handler: Handler) -> None:
            handler.start_parts()
            for content in (whole, b"nothing", whole[: len(whole) // 2], b"", whole):
                handler.send_part(content)

        with serving(answer) as url:
            assert [damaged for _, _, damaged in pictures_of(url)] == [False, True, False]

    def test_an_address_that_gives_one_picture_each_time(self) -> None:
        asked = itertools.count(1)

        def answer(handler: Handler) -> None:
            content = jpeg(np.full((48, 64), 20 * next(asked), np.uint8))
            handler.send_response(200)
            handler.send_header("Content-Type", "image/jpeg")
            handler.send_header("Content-Length", str(len(content)))
            handler.end_headers()
            handler.wfile.write(content)

        with serving(answer) as url:
            taken = itertools.islice(pictures_of(url, Wanted(fps=50)), 3)
            assert [pixels.mean() for _, pixels, _ in taken] == pytest.approx([40, 60, 80], abs=2)

    @pytest.mark.parametrize(
        ("code", "says", "final"),
        [(401, "401", True), (403, "forbidden", True), (404, "404", True), (503, "503", False)],
    )
    def test_refusals_have_a_sentence_each(self, code: int, says: str, final: bool) -> None:
        with serving(refusing(code)) as url:
            error = refusal(url.replace("http://", "http://me:secret@"))
        assert says in str(error)
        assert "secret" not in str(error)
        assert error.final is final

    def test_a_web_page_is_no_stream(self) -> None:
        def answer(handler: Handler) -> None:
            handler.send_response(200)
            handler.send_header("Content-Type", "text/html")
            handler.end_headers()

        with serving(answer) as url:
            assert "web page" in str(refusal(url))

    def test_name_and_password_are_sent(self) -> None:
        seen = []

        def answer(handler: Handler) -> None:
            seen.append(handler.headers.get("Authorization"))
            endless([jpeg(np.zeros((48, 64), np.uint8))])(handler)

        with serving(answer) as url:
            next(pictures_of(url.replace("http://", "http://me:sec%20ret@")))
        assert seen == ["Basic bWU6c2VjIHJldA=="]

    def test_a_server_that_falls_silent(self) -> None:
        def answer(handler: Handler) -> None:
            handler.start_parts()
            handler.send_part(jpeg(np.zeros((48, 64), np.uint8)))
            time.sleep(3)

        with serving(answer) as url, pytest.raises(CameraError, match="none came for 1 s"):
            list(pictures_of(url))


@contextmanager
def listening(answer: bytes | None) -> Iterator[int]:
    """A port of this machine where each connection gets these bytes, or none at all and is kept open."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        kept = []

        def run() -> None:
            while True:
                try:
                    connection, _ = server.accept()
                except OSError:
                    return
                kept.append(connection)
                if answer is not None:
                    connection.settimeout(1)
                    try:
                        connection.recv(4096)
                        connection.sendall(answer)
                        connection.close()
                    except OSError:
                        pass

        threading.Thread(target=run, daemon=True).start()
        yield server.getsockname()[1]


@pytest.mark.parametrize("scheme", ["http", "rtsp"])
def test_refused_and_unknown(scheme: str) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port = unused.getsockname()[1]
        error = refusal(f"{scheme}://me:secret@127.0.0.1:{port}/live")
    assert "refuses the connection" in str(error)
    assert "secret" not in str(error)
    assert not error.final
    assert "nobody knows the name" in str(refusal(f"{scheme}://no-such-camera.invalid/live"))


@pytest.mark.parametrize(("status", "says"), [(b"401 Unauthorized", "401"), (b"404 Not Found", "404")])
def test_rtsp_refusals_have_a_sentence_each(status: bytes, says: str) -> None:
    with listening(b"RTSP/1.0 " + status + b"\r\nCSeq: 1\r\n\r\n") as port:
        assert says in str(refusal(f"rtsp://127.0.0.1:{port}/live"))


def test_a_server_that_never_answers_is_given_up() -> None:
    with listening(None) as port:
        assert "does not answer" in str(refusal(f"http://127.0.0.1:{port}/"))


class TestScenes:
    def test_the_bundled_model_reads_them(self, reader: Reader) -> None:
        for text in ("2021", "7", "90210", "34568"):
            assert reader.read(scenes.render(1.5, text)).text == text
            assert scenes.truth(1.5, text) == text

    def test_the_same_time_shows_the_same_picture_of_the_size_that_is_wanted(self) -> None:
        assert np.array_equal(scenes.render(3.3), scenes.render(3.3))
        assert scenes.render(3.3, size=(320, 200)).shape == (200, 320, 3)
        assert not np.array_equal(scenes.render(3.3), scenes.render(3.4))

    def test_frames_come_at_the_rate_that_is_wanted(self) -> None:
        begun = time.monotonic()
        taken = list(itertools.islice(pictures_of("test:", Wanted(size=(64, 48), fps=20)), 7))
        assert len(taken) == 7
        assert time.monotonic() - begun >= 6 / 20


class TestUsb:
    @pytest.fixture
    def machine(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
        """A machine whose cameras are files; returns the folder of its devices."""
        system, devices = tmp_path / "sys", tmp_path / "dev"
        devices.mkdir()
        for number, (name, index) in enumerate(
            (("Logitech C270", 0), ("Logitech C270", 1), ("unicam", 0), ("codec", 0))
        ):
            folder = system / f"video{number}"
            folder.mkdir(parents=True)
            (folder / "name").write_text(name + "\n")
            (folder / "index").write_text(f"{index}\n")
            (devices / f"video{number}").touch()
        monkeypatch.setattr(usb, "_SYSTEM", system)
        monkeypatch.setattr(usb, "_DEVICES", devices)

        def query(descriptor: int, request: int, _: bytes) -> bytes:
            assert request == 0x80685600
            path = Path(f"/proc/self/fd/{descriptor}").resolve().name
            driver = {"video2": b"unicam", "video3": b"bcm2835-codec"}.get(path, b"uvcvideo")
            capable = 0x00200001 if path != "video3" else 0x00208000
            return driver.ljust(16, b"\0") + bytes(68) + struct.pack("<II", capable | 0x80000000, capable) + bytes(12)

        monkeypatch.setattr("fcntl.ioctl", query)
        return devices

    @pytest.mark.skipif(not sys.platform.startswith("linux"), reason="Video4Linux")
    def test_cameras_are_listed_by_name_with_what_is_wrong(self, machine: Path) -> None:
        found = {camera.source: (camera.name, camera.problem) for camera in find_cameras()}
        assert found[str(machine / "video0")] == ("Logitech C270", "")
        assert str(machine / "video1") not in found
        assert "use csi:0" in found[str(machine / "video2")][1]
        assert "takes no pictures" in found[str(machine / "video3")][1]
        assert found["test:"][1] == ""

    def test_a_name_that_no_camera_has(self, machine: Path) -> None:
        assert "Logitech C270" in str(refusal("usb:Creative"))

    def test_a_camera_that_is_not_there(self, machine: Path) -> None:
        error = refusal("63")
        assert "camera 63 cannot be opened" in str(error)
        assert str(machine / "video0") in str(error)
        assert error.final


class TestCsi:
    def test_without_picamera2_it_says_how_to_get_it(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setitem(sys.modules, "picamera2", None)
        assert "apt install python3-picamera2" in str(refusal("csi:0"))

    def test_rows_are_cut_to_the_picture_and_flicker_is_set(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """picamera2 gives YUV420 whose rows are padded to the camera's stride."""
        asked: dict[str, object] = {}

        class Picamera2:
            camera_controls = types.MappingProxyType({"AeFlickerMode": (0, 2, 0)})

            def __init__(self, number: int) -> None:
                asked["number"] = number

            @staticmethod
            def global_camera_info() -> list[dict[str, object]]:
                return [{"Model": "imx708", "Num": 0}]

            def create_video_configuration(self, **wanted: object) -> dict[str, object]:
                return wanted

            def configure(self, wanted: dict[str, object]) -> None:
                asked.update(wanted)

            def start(self) -> None:
                asked["running"] = True

            def capture_array(self, _: str) -> np.ndarray:
                picture = np.zeros((48, 128, 3), np.uint8)
                picture[:, :100] = (0, 0, 250)
                picture[:, 100:] = (0, 250, 0)
                return cv2.cvtColor(picture, cv2.COLOR_BGR2YUV_I420)

            def stop(self) -> None:
                asked["running"] = False

            def close(self) -> None:
                asked["closed"] = True

        module = types.ModuleType("picamera2")
        module.Picamera2 = Picamera2  # type: ignore[attr-defined]
        monkeypatch.setitem(sys.modules, "picamera2", module)
        _, pixels, _ = next(pictures_of("csi:0", Wanted(size=(100, 48), mains=60)))
        assert pixels.shape == (48, 100, 3)
        assert pixels[:, :98, 2].min() > 200
        assert asked["controls"] == {"FrameRate": 30.0, "AeFlickerMode": 1, "AeFlickerPeriod": 8333}
        assert (asked["running"], asked["closed"]) == (False, True)
        assert "csi:0" in {camera.source for camera in find_cameras()}
        assert "ribbon cable: csi:0" in str(refusal("csi:1"))


def test_pictures_that_a_decoder_patched_up_are_known() -> None:
    picture = np.random.default_rng(0).integers(0, 255, (120, 160, 3), np.uint8)
    assert not is_patched(picture)
    picture[80:] = 128
    assert is_patched(picture)
    picture[80:] = 255
    assert not is_patched(picture)
