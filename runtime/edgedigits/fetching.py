"""Fetching: one picture from the web, for a user who typed its address. Nothing else here opens a connection."""

from __future__ import annotations

import http.client
import shlex
import threading
import urllib.error
import urllib.parse
import urllib.request
from importlib.metadata import version
from typing import Any, NamedTuple

from edgedigits.errors import InputError
from edgedigits.images import EncodedImage

MOST_BYTES = 50_000_000
"""Bytes of a file from the web; a phone's photos have 3 to 25 million."""
SECONDS = 20.0
"""Seconds that fetching one file may take, from looking its server up to its last byte."""
_MOST_REDIRECTS = 5
_PICTURES = ("image/", "application/pdf", "application/octet-stream", "binary/octet-stream")


class _Address(NamedTuple):
    """An address without its user and password, and these."""

    url: str
    user: str | None
    password: str


def is_address(text: str) -> bool:
    """Tell whether a user means a place on the web, and not a file.

    Example:
        >>> is_address("https://example.org/seven.png"), is_address("https.png")
        (True, False)
    """
    return "://" in text and text.partition("://")[0].isalpha()


def address_shown(text: str) -> str:
    """Return an address as it may be printed: without a password.

    Example:
        >>> address_shown("http://me:secret@camera.local/now.jpg")
        'http://camera.local/now.jpg'
    """
    return _split(text).url


def fetch(address: str, *, most_bytes: int = MOST_BYTES, seconds: float = SECONDS) -> EncodedImage:
    """Return what lies at an address, named by it.

    Args:
        address: http or https, with user and password if the server asks for them.
        most_bytes: more are not taken.
        seconds: that it may take in all.

    Raises:
        InputError: it is no address of the web, nothing that can be a picture lies there, it is too large or takes too
            long, or the server sends elsewhere than to http or https.
    """
    parts = _split(address)
    answers: list[EncodedImage | Exception] = []

    def ask() -> None:
        try:
            answers.append(_answer(parts, most_bytes, seconds))
        except Exception as error:  # raised where somebody waits for it
            answers.append(error)

    # a thread, since nothing else ends the wait for a name server, or for one that sends a byte now and then
    thread = threading.Thread(target=ask, daemon=True)
    thread.start()
    thread.join(seconds)
    if not answers:
        raise InputError(f"{parts.url}: no whole answer within {seconds:g} seconds; download the picture by itself.")
    if isinstance(answers[0], Exception):
        raise answers[0]
    return answers[0]


def _split(address: str) -> _Address:
    """Return an address without its user and password, which would be printed and sent in clear otherwise."""
    parts = urllib.parse.urlsplit(address)
    host = parts.netloc.rpartition("@")[2]
    user = urllib.parse.unquote(parts.username) if parts.username is not None else None
    # what browsers take as well: blanks and letters of all languages
    path, query = (urllib.parse.quote(part, safe="/%:@!$&'()*+,;=~?[]") for part in (parts.path, parts.query))
    url = urllib.parse.urlunsplit((parts.scheme, host, path, query, ""))
    return _Address(url, user, urllib.parse.unquote(parts.password or ""))


def _answer(address: _Address, most_bytes: int, seconds: float) -> EncodedImage:
    """Return what a server answers, or raise an InputError that says why that is nothing to read."""
    scheme, _, rest = address.url.partition("://")
    if scheme.lower() not in ("http", "https"):
        raise InputError(f"{address.url}: only http and https are read; download it, and name the file.")
    if not rest.strip("/"):
        raise InputError(f"{address.url} names no server; write it as https://example.org/picture.jpg.")
    request = urllib.request.Request(address.url, headers={"User-Agent": f"edgedigits/{version('edgedigits')}"})
    try:
        with _opener(address).open(request, timeout=seconds) as response:
            return _checked(address.url, response, most_bytes)
    except urllib.error.HTTPError as error:
        reason = f"the server answers {error.code} ({error.reason})"
    except urllib.error.URLError as error:
        reason = str(getattr(error.reason, "strerror", None) or error.reason)
    except (OSError, http.client.HTTPException, ValueError) as error:
        reason = str(error) or type(error).__name__
    reason = " ".join(reason.split())
    raise InputError(f"{address.url} cannot be fetched ({reason}); check the address, or download the picture.")


def _checked(url: str, response: Any, most_bytes: int) -> EncodedImage:
    kind = response.headers.get_content_type() if "Content-Type" in response.headers else _PICTURES[-1]
    if not kind.startswith(_PICTURES):
        if kind.startswith(("video/", "multipart/")):
            raise InputError(f"{url} is a video; `edgedigits webcam {shlex.quote(url)}` reads it.")
        page = "a web page" if kind in ("text/html", "application/xhtml+xml") else kind
        raise InputError(f"{url} is {page} and no picture; name the address of the picture itself.")
    content = response.read(most_bytes + 1)
    if len(content) > most_bytes:
        raise InputError(f"{url}: more than {most_bytes / 1e6:g} MB; download the picture and name the file.")
    return EncodedImage(content, url)


def _opener(address: _Address) -> urllib.request.OpenerDirector:
    handlers: list[urllib.request.BaseHandler] = [_Redirects()]
    if address.user is not None:
        passwords = urllib.request.HTTPPasswordMgrWithDefaultRealm()
        passwords.add_password(None, address.url, address.user, address.password)
        handlers += [urllib.request.HTTPBasicAuthHandler(passwords), urllib.request.HTTPDigestAuthHandler(passwords)]
    return urllib.request.build_opener(*handlers)


class _Redirects(urllib.request.HTTPRedirectHandler):
    max_redirections = _MOST_REDIRECTS

    def redirect_request(self, req: Any, fp: Any, code: int, msg: str, headers: Any, newurl: str) -> Any:
        """Follow to the web alone, and never from https to http."""
        allowed = ("https",) if req.type == "https" else ("http", "https")
        if urllib.parse.urlsplit(newurl).scheme.lower() not in allowed:
            raise urllib.error.URLError(f"the server sends on to {newurl}, which is not followed")
        return super().redirect_request(req, fp, code, msg, headers, newurl)
