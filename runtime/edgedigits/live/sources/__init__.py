"""Sources of frames: each kind is one file, and one text names a source of any kind.

source = parse_source("usb:Logitech")
with closing(source.open(Wanted())) as stream:
    picture = stream.read()
"""

from __future__ import annotations

from edgedigits.addresses import masked
from edgedigits.live.sources import csi, film, mjpeg, pictures, scenes, stream, usb
from edgedigits.live.sources.base import CameraError, FoundCamera, Kind, Picture, Source, Stream, Wanted

__all__ = [
    "KINDS",
    "CameraError",
    "FoundCamera",
    "Kind",
    "Picture",
    "Source",
    "Stream",
    "Wanted",
    "find_cameras",
    "masked",
    "parse_source",
]

KINDS: tuple[Kind, ...] = (
    usb.KIND,
    csi.KIND,
    mjpeg.KIND,
    stream.KIND,
    scenes.KIND,
    pictures.KIND,
    film.KIND,
)
"""All kinds of sources, in the order in which they are asked whether a text is theirs."""


def parse_source(text: str) -> Source:
    """Return the source that a text names; nothing is opened yet.

    Args:
        text: "0", "/dev/video0", "usb:NAME", "csi:0", "rtsp://…", "http://…", a film, a folder, a pattern or "test:".

    Raises:
        CameraError: it names none.

    Example:
        >>> parse_source("test:").live
        True
    """
    for kind in KINDS:
        source = kind.parse(text)
        if source is not None:
            return source
    raise CameraError(
        f"{masked(text)!r} is no source of frames; name {'; '.join(kind.forms for kind in KINDS)}.", final=True
    )


def find_cameras() -> tuple[FoundCamera, ...]:
    """Return the cameras of this machine, those that cannot be used as well.

    Example:
        >>> find_cameras()[-1].source
        'test:'
    """
    return tuple(camera for kind in KINDS for camera in kind.find())
