"""The page and its API: who may ask, what is answered, and what a browser shows of it."""

from __future__ import annotations

import http.client
import json
import re
import shutil
import socket
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from ctypes.util import find_library
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from edgedigits import Digit, InputError, Reader, Reading
from edgedigits.live.capture import CameraState, State
from edgedigits.live.framing import Frame
from edgedigits.live.publishing import Status
from edgedigits.live.running import served
from edgedigits.live.settings import LiveSettings, OutputSettings
from edgedigits.live.watching import Moment, Watch
from tests.commands import started
from tests.runtime.samples import draw_text

pytest.importorskip("starlette", reason="needs the extra `server`")
pytest.importorskip("uvicorn", reason="needs the extra `server`")

SECRET = "a-long-secret"


def ask(
    url: str, body: bytes | None = None, method: str | None = None, **headers: str
) -> tuple[int, dict[str, Any], http.client.HTTPMessage]:
    names = {name.replace("_", "-"): value for name, value in headers.items()}
    request = urllib.request.Request(url, body, names, method=method)
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(request, timeout=60) as answer:
            content = answer.read()
            return answer.status, json.loads(content) if content[:1] == b"{" else {}, answer.headers
    except urllib.error.HTTPError as error:
        with error:
            return error.code, json.loads(error.read() or b"{}"), error.headers


def png(picture: np.ndarray) -> bytes:
    return cv2.imencode(".png", picture)[1].tobytes()


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    """A server without a camera."""
    with served(OutputSettings(serve="0"), Reader) as page:
        yield page.url


class TestReading:
    def test_a_picture_in_the_body_is_read_as_predict_reads_it(self, url: str) -> None:
        status, answer, _ = ask(f"{url}read", png(draw_text("2021")), Content_Type="image/png")
        assert (status, answer["text"]) == (200, "2021")
        assert [digit["value"] for digit in answer["digits"]] == [2, 0, 2, 1]
        expected = Reader().read(png(draw_text("2021"))).as_dict()
        assert {key: answer[key] for key in expected} == expected

    def test_a_picture_in_a_form_is_read(self, url: str) -> None:
        content = png(draw_text("73"))
        note = b'--b\r\nContent-Disposition: form-data; name="note"\r\n\r\nhello\r\n'
        head = b'--b\r\nContent-Disposition: form-data; name="picture"; filename="my.png"\r\n\r\n'
        body = note + head + content + b"\r\n--b--\r\n"
        status, answer, _ = ask(f"{url}read", body, Content_Type="multipart/form-data; boundary=b")
        assert (status, answer["text"], answer["path"]) == (200, "73", "my.png")

    def test_what_is_expected_can_be_said(self, url: str) -> None:
        status, answer, _ = ask(f"{url}read?length=3", png(draw_text("73")))
        assert (status, answer["expected"]) == (200, False)

    @pytest.mark.parametrize(
        ("path", "body", "code", "says"),
        [
            ("read", b"no picture", 400, "not an image"),
            ("read", b"", 400, "empty"),
            ("read?threshold=7", b"x", 400, "threshold"),
            ("read?length=x", b"x", 400, "length"),
            ("read?expect=(", b"x", 400, "regular expression"),
            ("roi", b'{"roi": [0, 0, 1, 1]}', 400, "no camera"),
            ("reset", b"{}", 400, "no camera"),
            ("correct", b"[]", 400, "no JSON object"),
            ("correct", b"{", 400, "no JSON"),
            ("correct", b'{"frame": 1, "digit": 0}', 400, "Send"),
            ("correct", b'{"frame": 1, "digit": 0, "value": 7}', 410, "gone"),
        ],
    )
    def test_what_cannot_be_used_is_said(self, url: str, path: str, body: bytes, code: int, says: str) -> None:
        status, answer, _ = ask(url + path, body)
        assert status == code
        assert says in answer["error"]

    def test_more_than_can_be_read_is_refused_before_it_is_sent(self, url: str) -> None:
        connection = http.client.HTTPConnection(url.split("/")[2], timeout=30)
        connection.putrequest("POST", "/read")
        connection.putheader("Content-Length", str(10**9))
        connection.endheaders()
        assert connection.getresponse().status == 413
        connection.close()

    def test_a_form_without_a_file(self, url: str) -> None:
        body = b'--b\r\nContent-Disposition: form-data; name="note"\r\n\r\nhello\r\n--b--\r\n'
        status, answer, _ = ask(f"{url}read", body, Content_Type="multipart/form-data; boundary=b")
        assert status == 400
        assert "holds no file" in answer["error"]

    def test_too_many_pictures_are_put_off(self) -> None:
        with served(OutputSettings(serve="0"), Reader) as page:
            answers = [ask(f"{page.url}read", b"x") for _ in range(40)]
        assert answers[0][0] == 400
        status, answer, headers = answers[-1]
        assert status == 429
        assert "try again" in answer["error"]
        assert headers["Retry-After"] == "1"


class TestAddresses:
    def test_the_page_and_all_it_needs_come_from_here(self, url: str) -> None:
        pages = {
            path: urllib.request.urlopen(url + path, timeout=30) for path in ("", "static/page.js", "static/page.css")
        }
        texts = {path: answer.read().decode() for path, answer in pages.items()}
        for text in texts.values():
            assert not re.search(r"https?://(?!www\.w3\.org)", text)
        assert "default-src 'self'" in pages[""].headers["Content-Security-Policy"]
        assert ask(f"{url}reading.json")[1]["camera"] == "none"

    def test_the_api_is_described(self, url: str) -> None:
        status, description, _ = ask(f"{url}openapi.json")
        assert status == 200
        assert description["openapi"].startswith("3.1")
        endless = {"/events", "/stream.mjpg"}
        assert endless < set(description["paths"])
        for path, operations in description["paths"].items():
            if path not in endless:
                for method in operations:
                    assert ask(url + path[1:], b"" if method == "post" else None)[0] not in (404, 405, 500)

    def test_what_is_not_there(self, url: str) -> None:
        with pytest.raises(urllib.error.HTTPError, match="404"):
            urllib.request.urlopen(f"{url}static/../app.py", timeout=30)


class TestAccess:
    @pytest.mark.parametrize("host", ["evil.example", "evil.example:80", "127.0.0.1.evil.example", ""])
    def test_another_name_is_refused(self, url: str, host: str) -> None:
        assert ask(f"{url}reading.json", Host=host)[0] == 400

    def test_other_pages_are_refused(self, url: str) -> None:
        assert ask(f"{url}read", b"x", Origin="http://evil.example")[0] == 403
        assert ask(f"{url}read", b"x", Origin="null")[0] == 403
        assert ask(f"{url}read", b"x", Origin=url.rstrip("/"))[0] == 400

    def test_others_than_this_machine_need_a_token(self) -> None:
        with pytest.raises(InputError, match="--token"), served(OutputSettings(serve="0.0.0.0:0"), Reader):
            pass
        with pytest.raises(InputError, match="8 characters"), served(OutputSettings(serve="0", token="short"), Reader):
            pass

    def test_a_token_is_asked_for_and_kept_in_a_cookie(self) -> None:
        with served(OutputSettings(serve="0.0.0.0:0", token=SECRET), Reader) as page:
            url = page.url.replace("0.0.0.0", "127.0.0.1")
            assert SECRET not in page.url
            assert ask(f"{url}reading.json")[0] == 401
            assert ask(f"{url}reading.json?token=wrong-secret")[0] == 401
            assert ask(f"{url}reading.json?token={SECRET}")[0] == 200
            assert ask(f"{url}reading.json", Authorization=f"Bearer {SECRET}")[0] == 200
            connection = http.client.HTTPConnection(url.split("/")[2], timeout=30)
            connection.request("GET", f"/?token={SECRET}")
            answer = connection.getresponse()
            answer.read()
            assert (answer.status, answer.headers["Location"]) == (303, "/")
            cookie = answer.headers["Set-Cookie"]
            assert "HttpOnly" in cookie
            assert "samesite=strict" in cookie.lower()
            assert ask(f"{url}reading.json", Cookie=cookie.split(";")[0])[0] == 200
            connection.close()

    @pytest.mark.parametrize("address", ["x", "1:2:x", "70000", "-1", "no-such-host.invalid:80"])
    def test_addresses_that_cannot_be_served(self, address: str) -> None:
        with pytest.raises(InputError), served(OutputSettings(serve=address, token=SECRET), Reader):
            pass

    def test_a_port_that_is_taken(self, url: str) -> None:
        port = url.split(":")[2].strip("/")
        with pytest.raises(InputError, match="choose another port"), served(OutputSettings(serve=port), Reader):
            pass


def moment(index: int, text: str = "7") -> Moment:
    picture = cv2.cvtColor(draw_text(text), cv2.COLOR_GRAY2BGR)
    digits = tuple(Digit(int(value), 0.9, (100 + 60 * i, 70, 60, 100)) for i, value in enumerate(text))
    reading = Reading(digits, (320, 240))
    return Moment(Frame(index, index / 30, picture), reading, text, Status.STEADY, CameraState(State.LIVE), fresh=True)


@contextmanager
def showing(corrections: Path) -> Iterator[tuple[str, Any, Watch]]:
    watch = Watch("test:", None, LiveSettings())  # type: ignore[arg-type] - nothing is read here
    with served(OutputSettings(serve="0", corrections=corrections), Reader, watch) as page:
        page.show(moment(0))
        yield page.url, page.show, watch


class TestLive:
    def test_the_state_is_told(self, tmp_path: Path) -> None:
        with showing(tmp_path) as (url, _, _watch):
            state = ask(f"{url}reading.json")[1]
            assert (state["published"], state["raw"], state["status"], state["camera"]) == ("7", "7", "steady", "live")
            assert state["size"] == [320, 240]
            with urllib.request.urlopen(f"{url}snapshot.jpg", timeout=30) as answer:
                picture = cv2.imdecode(np.frombuffer(answer.read(), np.uint8), cv2.IMREAD_COLOR)
            assert picture.shape == (240, 320, 3)

    def test_events_come_as_things_change(self, tmp_path: Path) -> None:
        with showing(tmp_path) as (url, show, _), urllib.request.urlopen(f"{url}events", timeout=30) as events:
            assert events.headers.get_content_type() == "text/event-stream"
            assert json.loads(events.readline()[6:])["published"] == "7"
            show(moment(1, "42"))
            events.readline()
            assert json.loads(events.readline()[6:])["published"] == "42"

    def test_the_region_is_set_and_checked(self, tmp_path: Path) -> None:
        with showing(tmp_path) as (url, _, watch):
            assert ask(f"{url}roi", b'{"roi": [0.1, 0.2, 0.5, 0.5]}')[1] == {"roi": [0.1, 0.2, 0.5, 0.5]}
            assert watch.roi == (0.1, 0.2, 0.5, 0.5)
            for wrong in (b'{"roi": [0, 0, 0, 0]}', b'{"roi": [1]}', b'{"roi": "x"}', b'{"roi": [NaN, 0, 1, 1]}'):
                assert ask(f"{url}roi", wrong)[0] == 400
            assert ask(f"{url}roi", b'{"roi": null}')[1] == {"roi": None}
            assert watch.roi is None

    def test_a_correction_lies_where_training_looks(self, tmp_path: Path) -> None:
        own_digits = pytest.importorskip("edgedigits_train.data.own_digits", reason="needs the training part")
        with showing(tmp_path / "own") as (url, show, _):
            show(moment(5, "12"))
            assert ask(f"{url}correct", b'{"frame": 5, "digit": 1, "value": 7}')[0] == 200
            assert ask(f"{url}correct", b'{"frame": 5, "digit": 0, "value": "none"}')[0] == 200
            assert ask(f"{url}correct", b'{"frame": 5, "digit": 9, "value": 7}')[0] == 410
            assert ask(f"{url}correct", b'{"frame": 5, "digit": 0, "value": "../7"}')[0] == 400
            assert ask(f"{url}correct", b'{"frame": 5, "digit": 0, "value": 10}')[0] == 400
        assert len(list((tmp_path / "own" / "7").glob("*.png"))) == 1
        own = own_digits.load_own_digits(tmp_path / "own")
        assert sorted(own.data.labels.tolist()) == [7, 10]

    def test_viewers_share_one_encoded_picture(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        encoded = []
        original = cv2.imencode
        monkeypatch.setattr(cv2, "imencode", lambda *a: encoded.append(1) or original(*a))
        with showing(tmp_path) as (url, _, _watch):
            viewers = [urllib.request.urlopen(f"{url}stream.mjpg", timeout=30) for _ in range(4)]
            for viewer in viewers:
                assert b"picture" in viewer.readline()
            assert len(encoded) == 1
            for viewer in viewers:
                viewer.close()

    def test_a_viewer_that_stalls_is_dropped_and_holds_up_nobody(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("edgedigits.live.page.app._VIEWER_TIMEOUT", 0.5)
        noise = np.random.default_rng(1).integers(0, 255, (480, 640, 3), np.uint8)
        with showing(tmp_path) as (url, show, _):
            host, port = url.split("/")[2].split(":")
            stalled = socket.create_connection((host, int(port)))
            stalled.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            stalled.sendall(f"GET /stream.mjpg HTTP/1.1\r\nHost: {host}:{port}\r\n\r\n".encode())
            for index in range(1, 60):
                shown = moment(index)
                show(Moment(Frame(index, 0, noise), shown.reading, "7", Status.STEADY, shown.camera))
                time.sleep(0.05)
                if index % 10 == 0:
                    assert ask(f"{url}reading.json")[0] == 200
            stalled.settimeout(20)
            total = 0
            while piece := stalled.recv(1 << 16):
                total += len(piece)
            assert total < 3_000_000
            stalled.close()


CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


@pytest.mark.skipif(CHROMIUM is None, reason="needs Debian's chromium: apt install chromium")
@pytest.mark.skipif(find_library("atomic") is None, reason="playwright needs Debian's libatomic1")
def test_a_browser_shows_it_all(tmp_path: Path) -> None:
    """The picture moves, a region is drawn, a digit corrected, a photo read, and nobody else is asked for anything."""
    playwright = pytest.importorskip("playwright.sync_api", reason="needs playwright")
    photo, corrections = tmp_path / "photo.png", tmp_path / "corrections"
    cv2.imwrite(str(photo), draw_text("815"))
    command = [sys.executable, "-m", "edgedigits", "webcam", "test:2021", "--serve", "0", "--corrections", corrections]
    with started([*command, "--fps", "8", "--max-fps", "4"]) as run, playwright.sync_playwright() as browsers:
        assert run.stderr is not None
        url = run.stderr.readline().split("page: ")[1].strip()
        context = browsers.chromium.launch_persistent_context(
            str(tmp_path / "profile"),
            executable_path=CHROMIUM,
            args=list(FLAGS),
            viewport={"width": 390, "height": 844},
            color_scheme="light",
        )
        context.set_default_timeout(60_000)
        page = context.pages[0]
        said, asked = [], []
        page.on("console", lambda message: said.append(message.text))
        page.on("pageerror", lambda error: said.append(str(error)))
        page.on("request", lambda request: asked.append(request.url))

        def shown(place: str, text: str) -> None:
            playwright.expect(page.locator(place)).to_have_text(text, timeout=60_000)

        page.goto(url)
        shown("#number", "2021")
        moves = """async () => {
            const canvas = document.createElement("canvas"); canvas.width = canvas.height = 64;
            const pen = canvas.getContext("2d", { willReadFrequently: true }); const seen = new Set();
            for (let i = 0; i < 40 && seen.size < 3; i++) {
                pen.drawImage(document.querySelector("#picture"), 0, 0, 64, 64);
                seen.add(pen.getImageData(0, 0, 64, 64).data.join());
                await new Promise((done) => setTimeout(done, 150));
            }
            return seen.size;
        }"""
        assert page.evaluate(moves) == 3
        for width, scheme in ((1280, "dark"), (390, "light")):
            page.set_viewport_size({"width": width, "height": 844})
            page.emulate_media(color_scheme=scheme)
            assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
            ground = page.evaluate("getComputedStyle(document.body).backgroundColor")
            assert (sum(map(int, re.findall(r"\d+", ground))) < 200) is (scheme == "dark")

        page.locator("#digits button").first.click()
        page.get_by_role("button", name="That is a 3").click()
        shown("#message", "Kept as a 3.")
        assert len(list((corrections / "3").glob("*.png"))) == 1

        page.get_by_role("button", name="Choose a region").click()
        view = page.locator("#overlay").bounding_box()
        page.mouse.move(view["x"] + 0.1 * view["width"], view["y"] + 0.1 * view["height"])
        page.mouse.down()
        page.mouse.move(view["x"] + 0.5 * view["width"], view["y"] + 0.9 * view["height"], steps=3)
        page.mouse.up()
        page.wait_for_selector("rect.roi", state="attached")
        assert ask(f"{url}reading.json")[1]["roi"] == pytest.approx([0.1, 0.1, 0.4, 0.8], abs=0.02)
        page.get_by_role("button", name="Whole picture").click()
        page.wait_for_selector("rect.roi", state="detached")

        page.set_input_files("#file", str(photo))
        shown("#photo-number", "815")
        page.screenshot(path=str(tmp_path / "page.png"), full_page=True)
        context.close()
        run.terminate()
        assert run.wait(20) == 0
    assert said == []
    assert {address.split("/")[2] for address in asked if address.startswith("http")} == {url.split("/")[2]}


def test_serve_reads_without_a_camera() -> None:
    with started([sys.executable, "-m", "edgedigits", "serve", "0"]) as run:
        assert run.stderr is not None
        url = run.stderr.readline().split("page: ")[1].strip()
        assert ask(f"{url}read", png(draw_text("64")))[1]["text"] == "64"
        run.terminate()
        assert run.wait(20) == 0


def test_serve_says_what_is_wrong() -> None:
    for address, says in (("x", "HOST:PORT"), ("0.0.0.0:0", "--token")):
        with started([sys.executable, "-m", "edgedigits", "serve", address]) as run:
            _, error = run.communicate(timeout=60)
            assert run.returncode == 2
            assert says in error
            assert len(error.splitlines()) == 1
