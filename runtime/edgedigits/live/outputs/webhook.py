"""Webhook: each published number, posted to a URL as JSON."""

from __future__ import annotations

import json
import threading
import urllib.error
import urllib.request
from datetime import datetime, timezone
from urllib.parse import urlsplit

from edgedigits.addresses import masked
from edgedigits.errors import InputError
from edgedigits.live.watching import Moment

_TIMEOUT = 5.0
_PAUSES = (0.5, 1.0, 2.0, 4.0)
"""Seconds before each further try."""
_TRY_AGAIN = (408, 425, 429)


class Webhook:
    """Posts what is published, when it changes, and tries again where the other side is not there.

    Args:
        url: "http://…" or "https://…".

    Raises:
        InputError: it is no such URL.
    """

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise InputError(f"--post {masked(url)}: write a URL such as http://127.0.0.1:1880/digits.")
        self._url = url
        self._before: str | None = None
        self._closing = threading.Event()

    @property
    def name(self) -> str:
        """The URL without its password."""
        return f"--post {masked(self._url)}"

    def prepare(self, moment: Moment) -> bytes | None:
        """Return the body for a moment that publishes something new."""
        if moment.frame is None or moment.published == (self._before or ""):
            return None
        self._before = moment.published
        now = datetime.now(timezone.utc).isoformat(timespec="milliseconds")
        return json.dumps({**moment.as_dict(), "time": now}).encode()

    def deliver(self, prepared: bytes) -> None:
        """Post it, five times at most.

        Raises:
            OSError: nobody took it.
        """
        for pause in (*_PAUSES, None):
            request = urllib.request.Request(
                self._url, prepared, {"Content-Type": "application/json", "User-Agent": "edgedigits"}
            )
            try:
                with urllib.request.urlopen(request, timeout=_TIMEOUT):
                    return
            except urllib.error.HTTPError as error:
                error.close()
                refused = error.code < 500 and error.code not in _TRY_AGAIN
                if refused or pause is None:
                    raise OSError(f"the server answers {error.code}; what was to be posted is dropped") from None
            except OSError as error:
                if pause is None:
                    reason = getattr(error, "reason", error)
                    raise OSError(f"cannot be reached ({reason}); what was to be posted is dropped") from None
            if self._closing.wait(pause):
                return

    def close(self) -> None:
        """Try no further."""
        self._closing.set()
