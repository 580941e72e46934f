"""Pictures from the web: what a user typed is fetched, within limits, and nothing else ever."""

from __future__ import annotations

import base64
import socket
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import cv2
import pytest

from edgedigits.cli import run
from edgedigits.errors import InputError
from edgedigits.fetching import fetch
from tests.runtime.samples import draw_text

SEVEN = cv2.imencode(".png", draw_text("7"))[1].tobytes()


class Site(BaseHTTPRequestHandler):
    """A small web site, as good and as bad as they are."""

    def do_GET(self) -> None:
        path = self.path.partition("?")[0]
        if path == "/locked.png" and self.headers.get("Authorization") != f"Basic {_coded('me:secret')}":
            self._answer(401, {"WWW-Authenticate": 'Basic realm="camera"'})
        elif path in ("/seven.png", "/locked.png", "/s%C3%A9v%20en.png"):
            self._answer(200, {"Content-Type": "image/png"}, SEVEN)
        elif path == "/untyped":
            self._answer(200, {}, SEVEN)
        elif path == "/page":
            self._answer(200, {"Content-Type": "text/html; charset=utf-8"}, b"<!doctype html>")
        elif path == "/live":
            self._answer(200, {"Content-Type": "multipart/x-mixed-replace; boundary=x"})
        elif path == "/liar.png":
            self._answer(200, {"Content-Type": "image/png"}, b"<!doctype html><html>")
        elif path.startswith("/hop"):
            left = int(path[4:])
            self._answer(302, {"Location": f"/hop{left - 1}" if left else "/seven.png"})
        elif path == "/to-a-file":
            self._answer(302, {"Location": "file:///etc/passwd"})
        elif path == "/endless.png":
            self._answer(200, {"Content-Type": "image/png"}, SEVEN, 2_000_000)
        elif path == "/slow.png":
            self._answer(200, {"Content-Type": "image/png"}, SEVEN, 40, pause=0.1)
        else:
            self._answer(404, {})

    def _answer(
        self, code: int, headers: dict[str, str], content: bytes = b"", more: int = 0, pause: float = 0
    ) -> None:
        self.send_response(code)
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        try:
            self.wfile.write(content)
            for _ in range(more if pause else 1):
                self.wfile.write(b"x" if pause else b"x" * more)
                time.sleep(pause)
        except OSError:  # the client had enough
            pass

    def log_message(self, *_: object) -> None:
        """Keep the requests off the screen."""


def _coded(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


@pytest.fixture(scope="module")
def site() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Site) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


@pytest.mark.parametrize("path", ["/seven.png", "/untyped", "/hop3", "/sév en.png", "/seven.png?size=large#top"])
def test_a_picture_is_read_where_it_lies(site: str, path: str, capfd: pytest.CaptureFixture[str]) -> None:
    assert run(["predict", site + path]) == 0
    shown = capfd.readouterr()
    assert shown.out.endswith(": 7\n")
    assert shown.out.startswith(site)
    assert shown.err == ""


def test_a_password_is_sent_and_never_shown(site: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    address = site.replace("://", "://me:secret@") + "/locked.png"
    assert run(["predict", address, "--save-dir", str(tmp_path)]) == 0
    assert run(["predict", address.replace("secret", "wrong-secret"), address.replace("locked", "gone")]) == 2
    shown = capfd.readouterr()
    assert shown.out == f"{site}/locked.png: 7\n"
    assert "secret" not in shown.err
    assert "401" in shown.err
    assert [path.name for path in tmp_path.iterdir()] == ["locked.png"]


@pytest.mark.parametrize(
    ("path", "says"),
    [
        ("/gone.png", "the server answers 404 (Not Found)"),
        ("/page", "is a web page and no picture; name the address of the picture itself"),
        ("/liar.png", "is a web page; save the picture in it"),
        ("/live", "/live` reads it"),
        ("/hop9", "redirect"),
        ("/to-a-file", "file:///etc/passwd' is not allowed"),
    ],
)
def test_what_is_no_picture_is_told(site: str, path: str, says: str, capfd: pytest.CaptureFixture[str]) -> None:
    assert run(["predict", site + path]) == 2
    shown = capfd.readouterr()
    assert shown.out == ""
    assert says in shown.err
    assert len(shown.err.splitlines()) == 1


def test_no_more_is_taken_than_allowed(site: str) -> None:
    with pytest.raises(InputError, match=r"more than 1 MB; download the picture"):
        fetch(f"{site}/endless.png", most_bytes=1_000_000)
    assert len(fetch(f"{site}/endless.png").content) > 2_000_000


def test_nothing_takes_longer_than_allowed(site: str) -> None:
    with pytest.raises(InputError, match=r"no whole answer within 0\.5 seconds"):
        fetch(f"{site}/slow.png", seconds=0.5)


def test_a_server_that_is_not_there_is_told() -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    with pytest.raises(InputError, match=rf"127\.0\.0\.1:{port}/x\.png cannot be fetched \(Connection refused\)"):
        fetch(f"http://127.0.0.1:{port}/x.png")
    with pytest.raises(InputError, match="names no server"):
        fetch("http://")


def test_nothing_is_fetched_unless_its_address_was_typed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise OSError("a connection was opened")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    (tmp_path / "seven.png").write_bytes(SEVEN)
    assert run(["predict", str(tmp_path)]) == 0
    assert run(["inspect"]) == 0
    with pytest.raises(InputError, match="a connection was opened"):  # and the test would have seen it
        fetch("http://127.0.0.1/seven.png")
