"""All that can be set of reading live, in one value."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from pathlib import Path

from edgedigits.errors import InputError
from edgedigits.expectation import Expectation
from edgedigits.live.sources.base import Wanted

LIVE_READINGS_PER_SECOND = 10.0
"""How often a live source is read where nothing is said: three readings, which a number needs, take 0.3 s."""
LIVE_SHARE = 0.2
"""Share of a core that a live source takes in the long run, for looking and reading, without a `max_fps`."""

Roi = tuple[float, float, float, float]
"""x, y, width, height of the part of the frame that is read: pixels, or, where none is above 1, shares of the frame."""


@dataclass(frozen=True)
class LiveSettings:
    """How `watch` takes frames, reads and publishes. Every field is a plain value, so that a file can fill it.

    Attributes:
        size: width and height in pixels that the camera is asked for; None for its own.
        fps: frames a second that it is asked for; None for its own.
        fourcc: four letters of a USB camera's format; None for MJPG where it has it.
        mains: frequency of the mains in Hz, 50 or 60, whose flicker a camera avoids.
        rotate: degrees, 0, 90, 180 or 270, by which frames are turned clockwise.
        mirror: whether left and right are exchanged, as in a mirror; after turning.
        roi: the part of the turned frame that is read; None for all.
        max_fps: readings a second at most, and 0 for no limit; None for every frame of a film, and of a live source 10
            a second, fewer where what moves all the time would take more than a fifth of a core.
        reread: seconds after which a scene that does not change is read again.
        threshold: digits of less confidence are unreadable, 0 to 1; None for the manifest's.
        pattern, length, range, checksum: what each line must be, as in `Expectation`; what is not, is withheld.
        monotonic: "up" or "down": a number that goes the other way is withheld; None for any.
        max_step: a number that differs by more from the one before it is withheld; None for any.
        readings: how often a number must have been read before it is published.
        seconds: for how long it must have been in view.
        sure: average probability from which a digit is published, 0.5 to 1; below it is "?".
        hold: seconds for which a number that is hidden stays published.
        wait: whether a camera that is not there is waited for, from the start on.
        exit_on_loss: whether a live source that is lost ends the watching, with an error.
        open_timeout, read_timeout: seconds after which opening and reading are given up.
        stalled_after: seconds without a frame after which the camera has stalled.
        frozen_after: seconds of the same picture, bit for bit, after which the camera has frozen; 0 for never.
        longest_pause: seconds between two tries to connect, at most.

    Raises:
        InputError: a value makes no sense.

    Example:
        >>> LiveSettings(rotate=90, roi=(0, 0, 0.5, 1)).rotate
        90
    """

    size: tuple[int, int] | None = None
    fps: float | None = None
    fourcc: str | None = None
    mains: int = 50
    rotate: int = 0
    mirror: bool = False
    roi: Roi | None = None
    max_fps: float | None = None
    reread: float = 2.0
    threshold: float | None = None
    pattern: str | None = None
    length: int | None = None
    range: tuple[int, int] | None = None
    checksum: str | None = None
    monotonic: str | None = None
    max_step: int | None = None
    readings: int = 3
    seconds: float = 0.3
    sure: float = 0.8
    hold: float = 1.0
    wait: bool = False
    exit_on_loss: bool = False
    open_timeout: float = 5.0
    read_timeout: float = 5.0
    stalled_after: float = 2.0
    frozen_after: float = 60.0
    longest_pause: float = 30.0

    def __post_init__(self) -> None:
        _check(self.size is None or min(self.size) >= 1, f"--size {self.size}: width and height are at least 1.")
        _check(self.fps is None or 0 < self.fps <= 1000, f"--fps {self.fps}: give 0.01 to 1000 frames a second.")
        _check(
            self.fourcc is None or re.fullmatch(r"[A-Za-z0-9 ]{4}", self.fourcc) is not None,
            f"--fourcc {self.fourcc!r}: a format has four letters, such as MJPG or YUYV.",
        )
        _check(self.mains in (50, 60), f"--mains {self.mains}: mains have 50 or 60 Hz.")
        _check(self.rotate in (0, 90, 180, 270), f"--rotate {self.rotate}: turn by 0, 90, 180 or 270 degrees.")
        _check(self.roi is None or is_region(self.roi), f"--roi {self.roi}: give x,y,w,h with w and h above 0.")
        _check(self.max_fps is None or self.max_fps >= 0, f"--max-fps {self.max_fps}: give 0 (no limit) or more.")
        _check(self.monotonic in (None, "up", "down"), f"--monotonic {self.monotonic}: up or down.")
        _check(self.max_step is None or self.max_step >= 0, f"--max-step {self.max_step}: give 0 or more.")
        _check(self.readings >= 1, f"{self.readings} readings publish nothing; give 1 or more.")
        _check(0.5 < self.sure <= 1, f"A digit is sure from a probability between 0.5 and 1, not {self.sure}.")
        for name in ("seconds", "hold", "reread", "open_timeout", "read_timeout", "stalled_after", "longest_pause"):
            value = getattr(self, name)
            _check(math.isfinite(value) and value >= 0, f"{name}: give seconds, 0 or more, not {value}.")
        _ = self.expectation

    @property
    def wanted(self) -> Wanted:
        """What the source is asked for."""
        return Wanted(self.size, self.fps, self.fourcc, self.mains, self.open_timeout, self.read_timeout)

    @property
    def expectation(self) -> Expectation | None:
        """What each line must be; None where nothing is asked."""
        asked = (self.pattern, self.length, self.range, self.checksum)
        return None if asked == (None, None, None, None) else Expectation(*asked)


@dataclass(frozen=True)
class OutputSettings:
    """Where readings go, beside the program that watches.

    Attributes:
        snapshots: folder for a picture of each number that is published; None for none.
        post: URL that each published number is posted to as JSON; None for none.
        serve: "PORT" or "HOST:PORT" of the page; None for no page.
        token: what a client of the page must know where others than this machine may ask; None for no token.
        corrections: folder for the crops that are corrected on the page, for `edgedigits train --extra`.
        mqtt: URL of the broker, such as "mqtt://homeassistant.local"; None for none.
        mqtt_topic: under which all is published.
        mqtt_password_file: file whose content is the broker's password; None for EDGEDIGITS_MQTT_PASSWORD or the URL's.
        mqtt_ca: file with the certificate of the authority that signed the broker's; None for the system's.
        discovery: prefix of Home Assistant's discovery; "" for none.
        name: of this reader, on the page and in Home Assistant.
    """

    snapshots: Path | None = None
    post: str | None = None
    serve: str | None = None
    token: str | None = None
    corrections: Path = Path("corrections")
    mqtt: str | None = None
    mqtt_topic: str = "edgedigits"
    mqtt_password_file: Path | None = None
    mqtt_ca: Path | None = None
    discovery: str = "homeassistant"
    name: str = "edgedigits"


def is_region(roi: Roi) -> bool:
    """Tell whether four numbers name a part of a frame."""
    return len(roi) == 4 and all(math.isfinite(v) and v >= 0 for v in roi) and roi[2] > 0 and roi[3] > 0


def _check(holds: bool, message: str) -> None:
    if not holds:
        raise InputError(message)
