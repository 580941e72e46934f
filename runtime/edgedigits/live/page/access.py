"""Access: who may ask the server, and for what."""

from __future__ import annotations

import hmac
import ipaddress
import socket
from collections.abc import Awaitable, Callable, MutableMapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response

from edgedigits.errors import InputError

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

_COOKIE = "edgedigits_token"
_LEAST_TOKEN = 8
_HEADERS = {
    "Content-Security-Policy": "default-src 'self'; img-src 'self' blob:; frame-ancestors 'none'; base-uri 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}


@dataclass(frozen=True)
class Address:
    """Where the server listens.

    Attributes:
        host: name or address.
        port: 0 for any free one.
    """

    host: str
    port: int

    @classmethod
    def parse(cls, text: str) -> Address:
        """Return what "PORT" or "HOST:PORT" says; without a host it is this machine alone.

        Raises:
            InputError: it is neither.

        Example:
            >>> Address.parse("8000")
            Address(host='127.0.0.1', port=8000)
        """
        host, _, port = text.rpartition(":")
        if not port.isascii() or not port.isdigit() or len(port) > 5 or int(port) > 65535:
            raise InputError(
                f"{text!r} is no address to serve on; write PORT or HOST:PORT, such as 8000 or 0.0.0.0:8000."
            )
        return cls(host.strip("[]") or "127.0.0.1", int(port))

    @property
    def is_loopback(self) -> bool:
        """Whether only this machine can reach it."""
        if self.host == "localhost":
            return True
        try:
            return ipaddress.ip_address(self.host).is_loopback
        except ValueError:
            return False


def checked_token(address: Address, token: str | None) -> str | None:
    """Return the token, which is needed where others than this machine can ask.

    Raises:
        InputError: it is missing, or too short to be a secret.
    """
    if token is None and not address.is_loopback:
        raise InputError(
            f"{address.host} can be reached from other machines: give a secret with --token, which a client then has to"
            " know, or leave the host out to serve this machine alone."
        )
    if token is not None and (len(token) < _LEAST_TOKEN or not token.isascii() or not token.isprintable()):
        raise InputError(f"--token: a secret has {_LEAST_TOKEN} characters or more, of letters, digits and signs.")
    return token


class Guard:
    """Refuses requests under a name that is not this machine's, from other pages, and without the token.

    A page somewhere else can make a browser ask this server, or give its own name this machine's address (DNS
    rebinding): Host and Origin tell.

    Args:
        app: what is guarded.
        address: where the server listens.
        token: what clients must know; None where nobody needs to.
    """

    def __init__(self, app: App, address: Address, token: str | None) -> None:
        self._app, self._token = app, token
        own = socket.gethostname().casefold()
        self._names = {"localhost", address.host.casefold(), own, f"{own}.local"}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, or let it through."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request = Request(scope)
        refusal = self._refusal(request)
        if refusal is not None:
            await refusal(scope, receive, send)
            return

        async def send_with_headers(message: MutableMapping[str, Any]) -> None:
            if message["type"] == "http.response.start":
                names = {name.lower() for name, _ in message["headers"]}
                message["headers"] = [
                    *message["headers"],
                    *(
                        (key.encode(), value.encode())
                        for key, value in _HEADERS.items()
                        if key.lower().encode() not in names
                    ),
                ]
            await send(message)

        await self._app(scope, receive, send_with_headers)

    def _refusal(self, request: Request) -> Response | None:
        host = request.headers.get("host", "")
        if not self._is_own(host):
            return _error(400, f"The name {host[:80]!r} is not this server's; ask it by its address.")
        origin = request.headers.get("origin")
        if origin is not None and urlsplit(origin).netloc.casefold() != host.casefold():
            return _error(403, "Other pages may not use this server.")
        if self._token is None:
            return None
        given = request.query_params.get("token")
        if given is not None and self._is_token(given):
            return self._remember(request) if request.method == "GET" and request.url.path == "/" else None
        bearer = request.headers.get("authorization", "").removeprefix("Bearer ").strip()
        if self._is_token(bearer) or self._is_token(request.cookies.get(_COOKIE, "")):
            return None
        return _error(401, "A token is needed: open the page as /?token=…, or send the header Authorization: Bearer ….")

    def _is_own(self, host: str) -> bool:
        try:
            name = urlsplit(f"//{host}").hostname or ""
        except ValueError:
            return False
        if name.casefold() in self._names:
            return True
        try:
            ipaddress.ip_address(name)
        except ValueError:
            return False
        return True

    def _is_token(self, given: str) -> bool:
        return self._token is not None and hmac.compare_digest(given.encode(), self._token.encode())

    def _remember(self, request: Request) -> Response:
        """Keep the token in a cookie, and take it out of the address, where others could see it."""
        assert self._token is not None
        rest = urlencode([pair for pair in parse_qsl(request.url.query) if pair[0] != "token"])
        answer = RedirectResponse(f"/?{rest}" if rest else "/", 303)
        answer.set_cookie(_COOKIE, self._token, max_age=365 * 86400, httponly=True, samesite="strict")
        return answer


def _error(code: int, message: str) -> JSONResponse:
    return JSONResponse({"error": message}, code)
