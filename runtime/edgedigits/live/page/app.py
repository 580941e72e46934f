"""The addresses of the page and the API."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from importlib.metadata import version
from pathlib import Path
from typing import Any

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from edgedigits.errors import EdgeDigitsError, InputError
from edgedigits.live.page.access import Receive, Scope, Send
from edgedigits.live.page.board import Board, Pace
from edgedigits.live.page.corrections import save_correction
from edgedigits.live.page.openapi import describe
from edgedigits.live.page.uploads import Uploads
from edgedigits.reader import Reader

_STATIC = Path(__file__).parent / "static"
_PICTURES_PER_SECOND = 15.0
_EVENTS_PER_SECOND = 8.0
_SIGN_OF_LIFE = 10.0
_VIEWER_TIMEOUT = 5.0
"""Seconds in which a viewer must take a picture or event; then it is dropped."""
_MOST_VIEWERS = 16
_BOUNDARY = "picture"
_LARGEST_REQUEST = 4096


class _Stream:
    """An answer without end, to a viewer that is dropped where it does not keep up."""

    def __init__(self, pieces: AsyncIterator[bytes], media_type: str) -> None:
        self._pieces, self._media_type = pieces, media_type

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = [(b"content-type", self._media_type.encode()), (b"x-accel-buffering", b"no")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        left = asyncio.create_task(_until_gone(receive))
        try:
            async for piece in self._pieces:
                if left.done():
                    return
                await asyncio.wait_for(
                    send({"type": "http.response.body", "body": piece, "more_body": True}), _VIEWER_TIMEOUT
                )
            await send({"type": "http.response.body", "body": b"", "more_body": False})
        finally:
            left.cancel()


async def _until_gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


class _Site:
    """Answers the requests."""

    def __init__(self, board: Board, uploads: Uploads, corrections: Path) -> None:
        self._board, self._uploads, self._corrections = board, uploads, corrections
        self._viewers = 0
        self._description = describe(version("edgedigits"))

    def routes(self) -> list[Route | Mount]:
        return [
            Route("/", self._page),
            Route("/reading.json", self._reading),
            Route("/snapshot.jpg", self._snapshot),
            Route("/stream.mjpg", self._pictures),
            Route("/events", self._events),
            Route("/read", self._uploads.answer, methods=["POST"]),
            Route("/correct", self._correct, methods=["POST"]),
            Route("/roi", self._set_roi, methods=["POST"]),
            Route("/reset", self._reset, methods=["POST"]),
            Route("/openapi.json", self._openapi),
            Mount("/static", StaticFiles(directory=_STATIC)),
        ]

    async def _page(self, _: Request) -> Response:
        return FileResponse(_STATIC / "index.html", media_type="text/html")

    async def _reading(self, _: Request) -> Response:
        return JSONResponse(self._board.state())

    async def _openapi(self, _: Request) -> Response:
        return JSONResponse(self._description)

    async def _snapshot(self, _: Request) -> Response:
        picture = await run_in_threadpool(self._board.jpeg)
        if picture is None:
            return JSONResponse({"error": "There is no picture yet."}, 503, {"Retry-After": "1"})
        return Response(picture, media_type="image/jpeg")

    async def _pictures(self, _: Request) -> Any:
        if self._board.watch is None:
            return JSONResponse({"error": "This server has no camera."}, 404)
        if self._viewers >= _MOST_VIEWERS:
            return JSONResponse({"error": f"{_MOST_VIEWERS} viewers are looking already."}, 503)
        return _Stream(self._parts(), f"multipart/x-mixed-replace; boundary={_BOUNDARY}")

    async def _parts(self) -> AsyncIterator[bytes]:
        self._viewers += 1
        pace, shown = Pace(_PICTURES_PER_SECOND), -1
        try:
            while not self._board.closed:
                await pace.wait()
                if self._board.frame_index == shown:
                    await self._board.changed(self._board.version, 1)
                    continue
                shown = self._board.frame_index
                picture = await run_in_threadpool(self._board.jpeg)
                if picture is not None:
                    head = f"--{_BOUNDARY}\r\nContent-Type: image/jpeg\r\nContent-Length: {len(picture)}\r\n\r\n"
                    yield head.encode() + picture + b"\r\n"
        finally:
            self._viewers -= 1

    async def _events(self, _: Request) -> Any:
        return _Stream(self._messages(), "text/event-stream")

    async def _messages(self) -> AsyncIterator[bytes]:
        pace = Pace(_EVENTS_PER_SECOND)
        while not self._board.closed:
            version = self._board.version
            yield f"data: {json.dumps(self._board.state())}\n\n".encode()
            await pace.wait()
            if not await self._board.changed(version, _SIGN_OF_LIFE):
                yield b": still here\n\n"

    async def _correct(self, request: Request) -> Response:
        try:
            asked = await _json_of(request)
            frame, digit, label = asked.get("frame"), asked.get("digit"), asked.get("value")
            if not isinstance(frame, int) or not isinstance(digit, int) or not isinstance(label, (int, str)):
                raise InputError('Send {"frame": index, "digit": index, "value": 7}, or "none" for what is no digit.')
            crop = self._board.crop(frame, digit)
            if crop is None:
                return JSONResponse({"error": "That reading is gone by now; correct a newer one."}, 410)
            path = await run_in_threadpool(save_correction, self._corrections, crop, str(label))
        except EdgeDigitsError as error:
            return JSONResponse({"error": str(error)}, 400)
        return JSONResponse({"saved": str(path)})

    async def _set_roi(self, request: Request) -> Response:
        watch = self._board.watch
        try:
            if watch is None:
                raise InputError("This server has no camera.")
            roi = (await _json_of(request)).get("roi")
            if roi is not None and not (
                isinstance(roi, list) and len(roi) == 4 and all(isinstance(v, (int, float)) for v in roi)
            ):
                raise InputError('Send {"roi": [x, y, w, h]} in shares of 1, or {"roi": null} for all.')
            watch.roi = (roi[0], roi[1], roi[2], roi[3]) if roi else None
        except EdgeDigitsError as error:
            return JSONResponse({"error": str(error)}, 400)
        return JSONResponse({"roi": list(watch.roi) if watch.roi else None})

    async def _reset(self, _: Request) -> Response:
        if self._board.watch is None:
            return JSONResponse({"error": "This server has no camera."}, 400)
        self._board.watch.reset()
        return JSONResponse({"reset": True})


def build_app(board: Board, make_reader: Callable[[], Reader], corrections: Path) -> Starlette:
    """Return the application, without the guard.

    Args:
        board: shows what is read.
        make_reader: makes the reader of pictures that are sent.
        corrections: folder for corrected crops.
    """

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        board.attach(asyncio.get_running_loop())
        yield

    return Starlette(routes=_Site(board, Uploads(make_reader), corrections).routes(), lifespan=lifespan)


async def _json_of(request: Request) -> dict[str, Any]:
    body = b""
    async for piece in request.stream():
        body += piece
        if len(body) > _LARGEST_REQUEST:
            raise InputError("The request is too long.")
    try:
        asked = json.loads(body)
    except ValueError as error:
        raise InputError(f"The body is no JSON ({error}).") from error
    if not isinstance(asked, dict):
        raise InputError("The body is no JSON object.")
    return asked
