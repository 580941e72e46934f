"""The server, in a thread beside the watching."""

from __future__ import annotations

import socket
import threading
import time
from types import TracebackType

import uvicorn

from edgedigits.errors import InputError
from edgedigits.live.page.access import Address, App, Guard

_SEND_BUFFER = 1 << 17
"""Bytes the system keeps for a viewer: with its default, one that has stalled holds hundreds of pictures."""
_START_TIMEOUT = 30.0


class Server:
    """Listens from the start of a `with` block to its end.

    Args:
        app: what answers.
        address: where it listens.
        token: what clients must know; None where nobody needs to.

    Raises:
        InputError: the address cannot be had.
    """

    def __init__(self, app: App, address: Address, token: str | None) -> None:
        self._socket = _listening(address)
        port = self._socket.getsockname()[1]
        host = f"[{address.host}]" if ":" in address.host else address.host
        self.url = f"http://{host}:{port}/"
        """Where the page is."""
        config = uvicorn.Config(
            Guard(app, address, token),
            log_config=None,
            log_level="critical",
            access_log=False,
            lifespan="on",
            ws="none",
            server_header=False,
            timeout_keep_alive=10,
            limit_concurrency=64,
            h11_max_incomplete_event_size=1 << 16,
        )
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(
            target=self._server.run, args=([self._socket],), name="edgedigits-server", daemon=True
        )

    def __enter__(self) -> Server:
        self._thread.start()
        until = time.monotonic() + _START_TIMEOUT
        while not self._server.started and self._thread.is_alive() and time.monotonic() < until:
            time.sleep(0.01)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        # viewers look without end: they are not waited for
        self._server.force_exit = self._server.should_exit = True
        self._thread.join(0.5)
        self._socket.close()


def _listening(address: Address) -> socket.socket:
    try:
        family, kind, protocol, _, place = socket.getaddrinfo(
            address.host, address.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        listener = socket.socket(family, kind, protocol)
    except OSError as error:
        raise InputError(f"Nothing can be served on {address.host}: {error.strerror}; is it this machine's?") from error
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _SEND_BUFFER)
        listener.bind(place)
        listener.listen(64)
    except OSError as error:
        listener.close()
        raise InputError(
            f"Nothing can be served on {address.host}:{address.port}: {error.strerror}; choose another port."
        ) from error
    return listener
