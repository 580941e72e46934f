"""Streams that FFmpeg reads: RTSP and whatever else has a URL."""

from __future__ import annotations

import socket
from dataclasses import dataclass
from urllib.parse import urlsplit

from edgedigits.addresses import masked
from edgedigits.live.sources.base import (
    CameraError,
    Kind,
    NetworkSource,
    OpenCvStream,
    Source,
    Stream,
    Wanted,
    open_with_opencv,
)

_PATIENCE = 10
_PORTS = {"rtsp": 554, "rtsps": 322, "rtmp": 1935, "http": 80, "https": 443}
_PROTOCOLS = (*_PORTS, "udp", "rtp", "srt", "tcp")


@dataclass(frozen=True)
class NetworkStream(NetworkSource):
    """A stream by its URL."""

    def open(self, wanted: Wanted) -> Stream:
        """Connect.

        Raises:
            CameraError: nobody answers, access is refused, or what comes is no film.
        """
        parts = urlsplit(self.url)
        if parts.scheme in _PORTS and parts.hostname:
            check_reachable(parts.hostname, parts.port or _PORTS[parts.scheme], self.name, wanted.open_timeout)
        if parts.scheme == "rtsp":
            self._ask(wanted)
        capture = open_with_opencv(self.url, wanted, "CAP_FFMPEG")
        if not capture.isOpened():
            raise CameraError(f"{self.name} cannot be opened: what comes from there is no film; check the URL's path.")
        return OpenCvStream(capture, self.name, patience=_PATIENCE)

    def _ask(self, wanted: Wanted) -> None:
        """Ask an RTSP server for a description without a password, only to tell what FFmpeg does not say."""
        parts = urlsplit(self.url)
        bare = f"rtsp://{parts.hostname}:{parts.port or _PORTS['rtsp']}{parts.path or '/'}"
        bare += f"?{parts.query}" if parts.query else ""
        try:
            with socket.create_connection(
                (parts.hostname or "", parts.port or _PORTS["rtsp"]), wanted.open_timeout
            ) as connection:
                connection.settimeout(wanted.read_timeout)
                request = (
                    f"DESCRIBE {bare} RTSP/1.0\r\nCSeq: 1\r\nAccept: application/sdp\r\nUser-Agent: edgedigits\r\n\r\n"
                )
                connection.sendall(request.encode())
                status = connection.recv(64).split(b" ")[1:2]
        except OSError:
            return  # FFmpeg will tell whether it can
        if status == [b"404"]:
            raise CameraError(f"{self.name}: the server has nothing under this path (404); check the URL.", final=True)
        if status == [b"401"] and parts.username is None:
            raise CameraError(f"{self.name}: {_NEEDS_PASSWORD}", final=True)


_NEEDS_PASSWORD = "it wants a name and a password (401); put them into the URL: rtsp://NAME:PASSWORD@…"


def check_reachable(host: str, port: int, name: str, timeout: float) -> None:
    """Connect to a server and hang up, so that it can be said what is wrong.

    Raises:
        CameraError: the name is unknown, nobody answers, or the connection is refused.
    """
    try:
        socket.create_connection((host, port), timeout).close()
    except socket.gaierror as error:
        raise CameraError(f"{name} cannot be opened: nobody knows the name {host}; check its spelling.") from error
    except TimeoutError as error:
        raise CameraError(
            f"{name} cannot be opened: {host} does not answer within {timeout:g} s; is it switched on?"
        ) from error
    except ConnectionRefusedError as error:
        raise CameraError(
            f"{name} cannot be opened: {host} refuses the connection on port {port}; is the camera's server running?"
        ) from error
    except (OSError, OverflowError) as error:
        reason = getattr(error, "strerror", None) or error
        raise CameraError(f"{name} cannot be opened: {host} cannot be reached ({reason}).") from error


def _parse(text: str) -> Source | None:
    if "://" not in text:
        return None
    try:
        parts = urlsplit(text)
        valid = parts.port != 0
    except ValueError as error:
        raise CameraError(f"{masked(text)} is no URL ({error}).", final=True) from error
    if parts.scheme.lower() not in _PROTOCOLS or not (parts.hostname or parts.scheme in ("udp", "rtp")) or not valid:
        raise CameraError(
            f"{masked(text)} is no stream that can be read; URLs begin with {', '.join(f'{p}://' for p in _PORTS)}.",
            final=True,
        )
    return NetworkStream(text)


KIND = Kind("stream", "rtsp://…", _parse)
