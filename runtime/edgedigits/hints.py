"""Hints: what about a photo makes its digits hard to read, in plain words, so that the next photo is better.

Each is measured on the digits that were found, and its bound was chosen on rendered scenes, whose conditions are known,
so that next to none of the clean ones reaches it; docs/reading.md has the figures. Where no digit was found, nothing
is said: a photo of something else is no bad photo.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from edgedigits.finding.light import DARK, Level
from edgedigits.finding.page import Found, Page

_UNEVEN = 1.35
"""Brightest over darkest paper behind the writing; evenly lit paper has up to 1.10, a hard shadow 1.4 to 1.8."""
_BROKEN_SHARE = 0.3
"""Share of digits that are made of several pieces; some people write a 5 in two, few write more than this so."""
_SMALL = 24.0
"""Pixels: digits that are lower are seen in fewer than the model looks at."""
_SOFT_EDGE = 3.35
"""Pixels from paper to ink, where a digit is 40 to 80 pixels high; sharp ones have 2.3 to 3.1, moved ones 3 to 8."""
_DIRECTIONS, _FEWEST_ON_EDGE = 4, 12
"""Directions of edges that are looked at each by itself, and how many pixels must tell of one."""
_SEEN_SHARPEST = 40.0
_FAINT = 40.0
"""Mean ink value of 255; ballpoint has 60 to 130, pencil 30 to 70."""
_FAINT_IN_NOISE, _NOISY = 60.0, 20.0
"""Mean ink value, and its ratio to the paper's noise: below both, what is faint drowns in the noise as well."""
_BLOWN_OUT = 250
"""Grey level of paper that is as white as can be."""
_WASHED_OUT = 0.7
"""Contrast of the digits on such paper over that of the others: a lamp's reflection lies on the ink as well."""


@dataclass(frozen=True)
class Hint:
    """Something that makes an image hard to read.

    Attributes:
        kind: "shadow", "glare", "faint", "blur", "small", "broken", "touching", "crowded" or "damaged".
        advice: what was seen and what to do, in a sentence.
    """

    kind: str
    advice: str

    def as_dict(self) -> dict[str, str]:
        """Return kind and advice as plain values."""
        return {"kind": self.kind, "advice": self.advice}


DAMAGED = Hint("damaged", "the file is damaged, so there may be more to read than was seen; copy or save it again.")
"""What is said of an image whose `Reading.damaged` is true, whether digits were found in it or not."""


def find_hints(page: Page) -> tuple[Hint, ...]:
    """Return what makes the digits of an image hard to read.

    Args:
        page: what `Reader.examine` returned beside the reading.

    Returns:
        One hint of each kind at most; none where no digit was found.

    Example:
        >>> from edgedigits import Reader
        >>> find_hints(Reader().examine(np.full((60, 90), 255, np.uint8))[1])
        ()
    """
    if not page.digits:
        return ()
    digits = list(page.digits)
    paper = _paper_behind(digits, page)
    return tuple(hint for find in _KINDS if (hint := find(digits, paper, page)) is not None)


def _shadow(digits: list[Found], paper: npt.NDArray[np.uint8], page: Page) -> Hint | None:
    dark, bright = np.percentile(paper, (5, 95)) + DARK
    if bright / dark < _UNEVEN:
        return None
    return Hint("shadow", "the light on the writing is uneven (a shadow?); turn the page to the light, or step aside.")


def _glare(digits: list[Found], paper: npt.NDArray[np.uint8], page: Page) -> Hint | None:
    blown = np.array([float(np.median(_behind(digit, page))) >= _BLOWN_OUT for digit in digits])
    if not blown.any() or blown.all():
        return None
    contrast = np.array([digit.contrast for digit in digits])
    if float(np.median(contrast[blown])) > _WASHED_OUT * float(np.median(contrast[~blown])):
        return None
    return Hint("glare", "part of the writing lies in glare; tilt the page, or switch the flash off.")


def _faint(digits: list[Found], paper: npt.NDArray[np.uint8], page: Page) -> Hint | None:
    if _height(digits, page) < _SMALL:  # strokes as thin as a pixel are pale in whatever ink
        return None
    contrast = float(np.median([digit.contrast for digit in digits]))
    over_noise = float(np.median([digit.contrast / _noise(digit, page) for digit in digits]))
    if contrast >= _FAINT and (contrast >= _FAINT_IN_NOISE or over_noise >= _NOISY):
        return None
    return Hint("faint", "the ink hardly differs from the paper; use a darker pen, or more light.")


def _blur(digits: list[Found], paper: npt.NDArray[np.uint8], page: Page) -> Hint | None:
    if float(np.median([_soft_edge(digit, page) for digit in digits])) < _SOFT_EDGE:
        return None
    return Hint("blur", "the writing is out of focus or was moved; hold the camera still and let it focus on the page.")


def _small(digits: list[Found], paper: npt.NDArray[np.uint8], page: Page) -> Hint | None:
    height = _height(digits, page)
    if height >= _SMALL:
        return None
    return Hint(
        "small", f"the digits are about {height:.0f} pixels high, which is little; go nearer, or crop the image."
    )


def _broken(digits: list[Found], paper: npt.NDArray[np.uint8], page: Page) -> Hint | None:
    count = sum(digit.pieces > 1 for digit in digits)
    if count < _BROKEN_SHARE * len(digits):
        return None
    return Hint("broken", f"{_digits(count)} written in broken strokes; press harder, or use a thicker pen.")


def _touching(digits: list[Found], paper: npt.NDArray[np.uint8], page: Page) -> Hint | None:
    count = sum(digit.touches for digit in digits)
    if not count:
        return None
    return Hint("touching", f"{_digits(count)} joined to another and had to be cut apart; leave a gap between them.")


def _crowded(digits: list[Found], paper: npt.NDArray[np.uint8], page: Page) -> Hint | None:
    if not page.crowded:
        return None
    return Hint("crowded", "there is more in the image than is looked at closely; crop it to the digits.")


_KINDS: tuple[Callable[[list[Found], npt.NDArray[np.uint8], Page], Hint | None], ...] = (
    _shadow,
    _glare,
    _faint,
    _blur,
    _small,
    _broken,
    _touching,
    _crowded,
)


def _digits(count: int) -> str:
    return "1 digit is" if count == 1 else f"{count} digits are"


def _height(digits: list[Found], page: Page) -> float:
    """Return the usual height of the digits in pixels of the image as it was looked at."""
    return float(np.median([digit.box[3] for digit in digits])) / max(1.0, page.levels[0].shrink)


def _noise(digit: Found, page: Page) -> float:
    level = page.levels[digit.level]
    x, y, width, height = digit.box
    return level.noise_at((x + width / 2) / level.shrink, (y + height / 2) / level.shrink)


def _paper_behind(digits: list[Found], page: Page) -> npt.NDArray[np.uint8]:
    """Return the brightness of the paper (H, W) in the box round all digits, where the image is a quarter as large."""
    level = page.levels[min(2, len(page.levels) - 1)]
    boxes = np.array([digit.box for digit in digits])
    margin = 0.3 * float(np.median(boxes[:, 3]))
    left, top = (boxes[:, :2].min(axis=0) - margin) / level.shrink
    right, bottom = ((boxes[:, :2] + boxes[:, 2:]).max(axis=0) + margin) / level.shrink
    return _part(level.paper, left, top, right + 1, bottom + 1)


def _behind(digit: Found, page: Page) -> npt.NDArray[np.uint8]:
    """Return the brightness of the paper (H, W) in the box of a digit."""
    level = page.levels[digit.level]
    x, y, width, height = (value / level.shrink for value in digit.box)
    return _part(level.paper, x, y, x + width + 1, y + height + 1)


def _soft_edge(digit: Found, page: Page) -> float:
    """Return in how many pixels the edges of a digit rise from paper to ink, where it is seen sharpest.

    The steepest edges of that direction count in which they are least steep: a camera that moved leaves those sharp
    that run along its way.
    """
    import cv2

    level = _view(digit, page)
    x, y, width, height = (value / level.shrink for value in digit.box)
    margin = max(3.0, 0.15 * height)
    ink = _part(level.ink, x - margin, y - margin, x + width + margin, y + height + margin).astype(np.float32)
    across, down = (np.asarray(cv2.Sobel(ink, cv2.CV_32F, *way, scale=1 / 8)) for way in ((1, 0), (0, 1)))
    slope = np.hypot(across, down)
    edges = slope > 0.25 * np.percentile(slope, 98)
    direction = np.rint(np.arctan2(down, across)[edges] / np.pi * _DIRECTIONS).astype(np.intp) % _DIRECTIONS
    steep = [
        float(np.percentile(slope[edges][direction == one], 90))
        for one in range(_DIRECTIONS)
        if np.count_nonzero(direction == one) >= _FEWEST_ON_EDGE
    ]
    strokes = ink[ink > 0.4 * ink.max()]
    peak = float(np.percentile(strokes, 75)) if strokes.size else 0.0
    return peak / max(min(steep, default=255.0), 1e-3)


def _view(digit: Found, page: Page) -> Level:
    """Return the smallest size of the image at which a digit still has the pixels to be seen sharp."""
    levels = page.levels
    large = [level for level in levels if digit.box[3] / level.shrink >= _SEEN_SHARPEST]
    return large[-1] if large else levels[0]


def _part(
    picture: npt.NDArray[np.uint8], left: float, top: float, right: float, bottom: float
) -> npt.NDArray[np.uint8]:
    return picture[max(0, int(top)) : max(1, int(bottom)), max(0, int(left)) : max(1, int(right))]
