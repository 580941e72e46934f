"""Cameras that send JPEG pictures over HTTP: MJPEG, and addresses that give one picture each time they are asked."""

from __future__ import annotations

import base64
import socket
import time
import urllib.error
import urllib.request
from dataclasses import dataclass
from http.client import HTTPException, HTTPResponse
from urllib.parse import unquote, urlsplit, urlunsplit

import cv2
import numpy as np

from edgedigits.addresses import masked
from edgedigits.image_headers import read_header
from edgedigits.live.sources import stream
from edgedigits.live.sources.base import CameraError, Kind, NetworkSource, Picture, Source, Stream, Wanted, is_patched
from edgedigits.native_output import native_output_muted

_LARGEST_PART = 32 << 20
_LONGEST_LINE = 1 << 16
_PATIENCE = 30
"""Parts in a row that hold no picture, after which the stream is none."""
_SNAPSHOTS_PER_SECOND = 5.0
_END_OF_JPEG = bytes(64) + b"\xff\xd9"


@dataclass(frozen=True)
class HttpCamera(NetworkSource):
    """A camera by its URL."""

    def open(self, wanted: Wanted) -> Stream:
        """Ask for the pictures.

        Raises:
            CameraError: nobody answers, access is refused, or there is nothing under this path.
        """
        answer = _ask(self.url, self.name, wanted.open_timeout)
        kind = answer.headers.get_content_type()
        if kind == "multipart/x-mixed-replace":
            return _PartStream(answer, self.name, wanted)
        answer.close()
        if kind.startswith("image/"):
            return _SnapshotStream(self.url, self.name, wanted)
        if kind == "text/html":
            raise CameraError(
                f"{self.name} is a web page, not a stream; name the address of the stream in it, which often ends in"
                " /stream or /video.",
                final=True,
            )
        return stream.NetworkStream(self.url).open(wanted)


def _ask(url: str, name: str, timeout: float) -> HTTPResponse:
    parts = urlsplit(url)
    bare = urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2]))
    passwords = urllib.request.HTTPPasswordMgrWithDefaultRealm()
    request = urllib.request.Request(bare, headers={"User-Agent": "edgedigits"})
    if parts.username is not None:
        user, password = unquote(parts.username), unquote(parts.password or "")
        passwords.add_password(None, bare, user, password)
        # many cameras refuse without saying how they want to be asked
        request.add_unredirected_header(
            "Authorization", "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()
        )
    # cameras stand in the house: a proxy would not reach them
    opener = urllib.request.build_opener(
        urllib.request.ProxyHandler({}), urllib.request.HTTPDigestAuthHandler(passwords)
    )
    try:
        answer = opener.open(request, timeout=timeout)
    except urllib.error.HTTPError as error:
        error.close()
        raise CameraError(f"{name}: {_refusal(error.code)}", final=error.code in (401, 403, 404)) from error
    except urllib.error.URLError as error:
        port = parts.port or (443 if parts.scheme == "https" else 80)
        # ask once more, below HTTP, for a sentence of what is wrong there
        stream.check_reachable(parts.hostname or "", port, name, timeout)
        raise CameraError(f"{name} cannot be opened: {error.reason}.") from error
    except TimeoutError as error:
        raise CameraError(f"{name} cannot be opened: it does not answer within {timeout:g} s.") from error
    except (OSError, HTTPException, ValueError) as error:
        raise CameraError(f"{name} cannot be opened: what answers there does not speak HTTP ({error}).") from error
    assert isinstance(answer, HTTPResponse)
    return answer


def _refusal(code: int) -> str:
    if code == 401:
        return "it wants a name and a password, or others than these (401); write http://NAME:PASSWORD@…"
    if code == 403:
        return "access is forbidden (403); look into the camera's settings for who may see its picture."
    if code == 404:
        return "the server has nothing under this path (404); check the URL."
    return f"the server answers with error {code}; look at its log."


class _PartStream:
    """The parts of a multipart answer, each a JPEG picture."""

    def __init__(self, answer: HTTPResponse, name: str, wanted: Wanted) -> None:
        self._answer = answer
        self._name = name
        self._timeout = wanted.read_timeout
        boundary = str(answer.headers.get_param("boundary", failobj="") or "").strip('"')
        # some servers write the two dashes into the parameter as well
        self._boundary = b"--" + boundary.removeprefix("--").encode("latin-1", "replace")
        connection = getattr(answer.fp, "raw", None)
        connection = getattr(connection, "_sock", None)
        if isinstance(connection, socket.socket):
            connection.settimeout(wanted.read_timeout)

    def read(self) -> Picture | None:
        """Return the next picture; what is none is passed over."""
        try:
            for _ in range(_PATIENCE):
                content = self._next_part()
                if content is None:
                    return None
                picture = decode_jpeg(content)
                if picture is not None:
                    return picture
        except TimeoutError as error:
            raise CameraError(f"{self._name} gives no frames: none came for {self._timeout:g} s.") from error
        except (OSError, HTTPException, ValueError) as error:
            raise CameraError(f"{self._name}: the connection broke off ({error}).") from error
        raise CameraError(f"{self._name}: {_PATIENCE} parts in a row held no picture that can be decoded.")

    def _next_part(self) -> bytes | None:
        """Return the content of the next part; None at the end."""
        line = self._line()
        while line and not line.startswith(self._boundary):
            line = self._line()
        if not line or line.rstrip() == self._boundary + b"--":
            return None
        length = None
        while (line := self._line()).strip():
            key, _, value = line.partition(b":")
            if key.strip().lower() == b"content-length" and value.strip().isdigit():
                length = int(value)
        if not line:
            return None
        if length is not None and length <= _LARGEST_PART:
            return self._answer.read(length)
        content = bytearray()
        while (line := self._line()) and not line.startswith(self._boundary):
            content += line
            if len(content) > _LARGEST_PART:
                raise ValueError("a part without an end")
        if line:
            self._pushed_back = line
        return bytes(content)

    _pushed_back: bytes = b""

    def _line(self) -> bytes:
        line, self._pushed_back = self._pushed_back, b""
        return line or self._answer.readline(_LONGEST_LINE)

    def close(self) -> None:
        """Hang up."""
        self._answer.close()


class _SnapshotStream:
    """An address that gives one picture each time it is asked."""

    def __init__(self, url: str, name: str, wanted: Wanted) -> None:
        self._url, self._name, self._wanted = url, name, wanted
        self._pause = 1 / (wanted.fps or _SNAPSHOTS_PER_SECOND)
        self._next = time.monotonic()

    def read(self) -> Picture | None:
        """Wait until the next picture is due, and ask for it."""
        for _ in range(_PATIENCE):
            time.sleep(max(0.0, self._next - time.monotonic()))
            self._next = time.monotonic() + self._pause
            try:
                with _ask(self._url, self._name, self._wanted.read_timeout) as answer:
                    content = answer.read(_LARGEST_PART)
            except (OSError, HTTPException) as error:
                raise CameraError(f"{self._name}: the connection broke off ({error}).") from error
            picture = decode_jpeg(content)
            if picture is not None:
                return picture
        return None

    def close(self) -> None:
        """Nothing is held open."""


def decode_jpeg(content: bytes) -> Picture | None:
    """Return an encoded picture, marked where its data are incomplete; None where it is none.

    Example:
        >>> decode_jpeg(b"no picture") is None
        True
    """
    header = read_header(content)
    if header is None:
        return None
    if not header.whole:
        # decoders refuse a picture without its end; with one, they give what is there of it
        content += _END_OF_JPEG
    try:
        with native_output_muted():
            pixels = cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_COLOR)
    except cv2.error:
        return None
    if pixels is None or pixels.size == 0:
        return None
    colour = np.asarray(pixels, np.uint8)
    return Picture(colour, None, not header.whole or is_patched(colour))


def _parse(text: str) -> Source | None:
    if not text.lower().startswith(("http://", "https://")):
        return None
    try:
        host, _ = urlsplit(text).hostname, urlsplit(text).port
    except ValueError as error:
        raise CameraError(f"{masked(text)} is no URL ({error}).", final=True) from error
    if not host:
        raise CameraError(f"{masked(text)} names no server; write http://HOST/PATH.", final=True)
    return HttpCamera(text)


KIND = Kind("http", "http://…", _parse)
