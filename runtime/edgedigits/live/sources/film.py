"""Films in files: every frame, at the time that the film itself gives it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from edgedigits.live.sources.base import (
    CameraError,
    Kind,
    OpenCvStream,
    Picture,
    Source,
    Stream,
    Wanted,
    open_with_opencv,
)

_PATIENCE = 30
"""Damaged frames in a row that are passed over."""

_AV1 = b"av01"
_HEAD = 1 << 16


@dataclass(frozen=True)
class Film:
    """A file that holds a film."""

    path: Path
    live: bool = False

    @property
    def name(self) -> str:
        """What people read."""
        return str(self.path)

    def open(self, wanted: Wanted) -> Stream:
        """Open the film, and read its first frame.

        Raises:
            CameraError: it is missing, empty, may not be read, is no film, or holds no frame that can be decoded.
        """
        content = self._ends()
        capture = open_with_opencv(self.name, wanted)
        stream = _FilmStream(capture, self.name, patience=_PATIENCE, clock=True)
        first = stream.read() if capture.isOpened() else None
        if first is None:
            stream.close()
            raise CameraError(f"{self.name} {_reason(content, capture_opened=capture.isOpened())}", final=True)
        stream.unread(first)
        return stream

    def _ends(self) -> bytes:
        """Return the first and last bytes of the file, which say what is in it."""
        try:
            with self.path.open("rb") as file:
                head = file.read(_HEAD)
                file.seek(max(0, self.path.stat().st_size - _HEAD))
                content = head + file.read(_HEAD)
        except FileNotFoundError:
            raise CameraError(
                f"{self.name} does not exist; name a camera's number (0), a film or a stream's URL.", final=True
            ) from None
        except (OSError, ValueError) as error:
            reason = error.strerror if isinstance(error, OSError) else error
            raise CameraError(f"{self.name!r} cannot be read ({reason}); check its permissions.", final=True) from error
        if not content:
            raise CameraError(f"{self.name} is empty (0 bytes); copy it again.", final=True)
        return content


class _FilmStream(OpenCvStream):
    """A film, of which the first frame was read to see that there is one."""

    _first: Picture | None = None

    def unread(self, picture: Picture) -> None:
        """Give this picture next."""
        self._first = picture

    def read(self) -> Picture | None:
        """Return the next frame; None at the end."""
        first, self._first = self._first, None
        return first or super().read()


def _reason(content: bytes, *, capture_opened: bool) -> str:
    advice = "convert it to H.264, as by `ffmpeg -i FILE -c:v libx264 out.mp4`."
    if _AV1 in content or b"V_AV1" in content:
        return f"is an AV1 film, which this OpenCV cannot decode; {advice}"
    if content[:4] == b"RIFF" and content[8:12] == b"WEBP":
        return f"is an animated WebP, which this OpenCV cannot read as a film; {advice}"
    if capture_opened:
        return "gives no frames; it is damaged or has no picture track."
    return "is not a video that can be read; try an MP4 (H.264) or AVI (MJPG) file."


def _parse(text: str) -> Source | None:
    return Film(Path(text)) if text and "://" not in text else None


KIND = Kind("film", "a film's path", _parse)
