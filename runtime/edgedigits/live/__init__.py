"""Live: any camera, steady numbers.

from edgedigits import Reader
from edgedigits.live import watch

for moment in watch("0", Reader()):     # or "rtsp://…", "csi:0", "clip.mp4", "test:"
    moment.published                    # what is sure: read at least three times, for at least 0.3 s
    moment.raw                          # what this frame alone says
    moment.status, moment.camera        # steady, held, unsure …; connecting, live, stalled, lost

From the inside out: `sources` give frames, `capture` keeps the newest and reconnects, `change` and `motion` tell what
is new in a frame, `attention` which part of it is read and how often, `parts` brings that together with what was known,
`tracking` follows digits from reading to reading, `publishing` says what is sure, and `watching` does all that in turn.
`outputs` bring moments elsewhere, and `page` shows them in a browser.
"""

from edgedigits.live.capture import CameraState, LostError, State
from edgedigits.live.framing import Frame
from edgedigits.live.publishing import Plausibility, Status
from edgedigits.live.settings import LiveSettings, OutputSettings
from edgedigits.live.sources import CameraError, FoundCamera, find_cameras, parse_source
from edgedigits.live.watching import Moment, Watch, watch

__all__ = [
    "CameraError",
    "CameraState",
    "FoundCamera",
    "Frame",
    "LiveSettings",
    "LostError",
    "Moment",
    "OutputSettings",
    "Plausibility",
    "State",
    "Status",
    "Watch",
    "find_cameras",
    "parse_source",
    "watch",
]
