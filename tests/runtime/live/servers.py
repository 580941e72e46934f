"""Servers that stand in for cameras: MJPEG over HTTP, with every fault that a camera on a network has."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import cv2
import numpy as np

BOUNDARY = "frame"


def jpeg(picture: np.ndarray) -> bytes:
    return cv2.imencode(".jpg", picture)[1].tobytes()


class Handler(BaseHTTPRequestHandler):
    """Serves what its server's `answer` writes."""

    def do_GET(self) -> None:
        with suppress(BrokenPipeError, ConnectionResetError):
            self.server.answer(self)  # type: ignore[attr-defined]

    def log_message(self, *_: object) -> None:
        pass

    def start_parts(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", f"multipart/x-mixed-replace; boundary={BOUNDARY}")
        self.end_headers()

    def send_part(self, content: bytes, *, length: bool = True) -> None:
        head = f"--{BOUNDARY}\r\nContent-Type: image/jpeg\r\n"
        head += f"Content-Length: {len(content)}\r\n" if length else ""
        self.wfile.write(head.encode() + b"\r\n" + content + b"\r\n")
        self.wfile.flush()


@contextmanager
def serving(answer: Callable[[Handler], None], port: int = 0) -> Iterator[str]:
    """Serve on a port of this machine, a free one unless it is named; gives the URL."""
    server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
    server.daemon_threads = True
    server.answer = answer  # type: ignore[attr-defined]
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}/stream"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def endless(pictures: list[bytes], pause: float = 0.03) -> Callable[[Handler], None]:
    """An answer that shows pictures in turn, for ever."""

    def answer(handler: Handler) -> None:
        handler.start_parts()
        while True:
            for picture in pictures:
                handler.send_part(picture)
                time.sleep(pause)

    return answer


def refusing(code: int) -> Callable[[Handler], None]:
    """An answer that is an error."""
    return lambda handler: handler.send_error(code)
