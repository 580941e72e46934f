"""Uploads: pictures that are sent to be read, one at a time and no more than can be read."""

from __future__ import annotations

import asyncio
import time
from collections import OrderedDict
from collections.abc import Callable
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.datastructures import UploadFile
from starlette.requests import Request
from starlette.responses import JSONResponse

from edgedigits.errors import InputError
from edgedigits.expectation import Expectation
from edgedigits.images import EncodedImage
from edgedigits.reader import Reader

LARGEST_BODY = 20 << 20
"""Bytes."""
_BODY_TIMEOUT = 30.0
_READ_TIMEOUT = 30.0
_MOST_WAITING = 4
_PER_SECOND, _AT_ONCE = 5.0, 20
"""Pictures of one client."""
_MOST_CLIENTS = 1000


class TooMuchError(Exception):
    """A request that is too large, too frequent or too slow."""

    def __init__(self, code: int, message: str) -> None:
        super().__init__(message)
        self.code = code


class Uploads:
    """Reads the pictures that are posted.

    Args:
        make_reader: makes the reader when the first picture comes: engines are not safe in two threads.
    """

    def __init__(self, make_reader: Callable[[], Reader]) -> None:
        self._make_reader = make_reader
        self._reader: Reader | None = None
        self._one_at_a_time = asyncio.Lock()
        self._waiting = 0
        self._allowances: OrderedDict[str, tuple[float, float]] = OrderedDict()

    async def answer(self, request: Request) -> JSONResponse:
        """Answer `POST /read`: the same JSON as `edgedigits predict --format jsonl`."""
        try:
            self._allow(request.client.host if request.client else "")
            image = await asyncio.wait_for(_picture_of(request), _BODY_TIMEOUT)
            threshold, expect = _wishes(request)
            if self._waiting >= _MOST_WAITING:
                raise TooMuchError(503, "Other pictures are being read; try again in a second.")
            self._waiting += 1
            try:
                async with self._one_at_a_time:
                    plain = await asyncio.wait_for(
                        run_in_threadpool(self._read, image, threshold, expect), _READ_TIMEOUT
                    )
            finally:
                self._waiting -= 1
        except TooMuchError as error:
            return JSONResponse({"error": str(error)}, error.code, {"Retry-After": "1"})
        except (asyncio.TimeoutError, TimeoutError):
            return JSONResponse({"error": "It took too long; send a smaller picture."}, 408)
        except InputError as error:
            return JSONResponse({"error": str(error)}, 400)
        return JSONResponse(plain)

    def _read(self, image: EncodedImage, threshold: float | None, expect: Expectation | None) -> dict[str, Any]:
        if self._reader is None:
            self._reader = self._make_reader()
        reading = self._reader.read(image, threshold=threshold, expect=expect)
        return {"path": image.name, **reading.as_dict(), "size": list(reading.size)}

    def _allow(self, client: str) -> None:
        """Take one off a client's allowance, which fills up again with time."""
        now = time.monotonic()
        left, at = self._allowances.pop(client, (float(_AT_ONCE), now))
        left = min(_AT_ONCE, left + (now - at) * _PER_SECOND)
        self._allowances[client] = (max(0.0, left - 1), now)
        while len(self._allowances) > _MOST_CLIENTS:
            self._allowances.popitem(last=False)
        if left < 1:
            raise TooMuchError(429, f"More than {_PER_SECOND:g} pictures a second; try again in a second.")


async def _picture_of(request: Request) -> EncodedImage:
    """Return the picture in the body, or in the first file of a form."""
    length = request.headers.get("content-length", "")
    if length.isdigit() and int(length) > LARGEST_BODY:
        raise TooMuchError(413, f"More than {LARGEST_BODY >> 20} MB; send a smaller picture.")
    body = bytearray()
    async for piece in request.stream():
        body += piece
        if len(body) > LARGEST_BODY:
            raise TooMuchError(413, f"More than {LARGEST_BODY >> 20} MB; send a smaller picture.")
    if request.headers.get("content-type", "").startswith("multipart/form-data"):
        return await _picture_in_form(request, bytes(body))
    return EncodedImage(bytes(body), "the picture")


async def _picture_in_form(request: Request, body: bytes) -> EncodedImage:
    sent = False

    async def receive() -> dict[str, Any]:
        nonlocal sent
        piece, sent = (b"" if sent else body), True
        return {"type": "http.request", "body": piece, "more_body": False}

    try:
        form = await Request(request.scope, receive).form(max_files=1, max_fields=10)
    except Exception as error:  # the parser's errors have no common class
        raise InputError(f"The form cannot be read ({' '.join(str(error).split())[:100]}).") from error
    for field in form.values():
        if isinstance(field, UploadFile):
            return EncodedImage(await field.read(), field.filename or "the picture")
    raise InputError("The form holds no file; send the picture as a file, as by curl -F picture=@photo.jpg.")


def _wishes(request: Request) -> tuple[float | None, Expectation | None]:
    """Return the threshold and the expectation that the address asks for."""
    given = request.query_params
    try:
        threshold = float(given["threshold"]) if "threshold" in given else None
        length = int(given["length"]) if "length" in given else None
    except ValueError as error:
        raise InputError(f"threshold is a number from 0 to 1, length a whole one ({error}).") from error
    if threshold is not None and not 0 <= threshold <= 1:
        raise InputError("threshold is a number from 0 to 1.")
    pattern = given.get("expect")
    return threshold, Expectation(pattern, length) if pattern is not None or length is not None else None
