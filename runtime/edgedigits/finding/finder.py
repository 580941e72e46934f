"""The finder: digits are told by their strokes, and a network says what stands round them.

The page network is shown the tiles that hold digits, each at the size of the image at which they are some twenty-six
pixels high. It names the signs among them, and what looks like a digit but is a slash, a bracket or a letter. Where
no digit was found it is not asked, so that a picture of something else costs nothing more.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Protocol, TypeAlias

import numpy as np
import numpy.typing as npt

from edgedigits.arrays import UInt8Array
from edgedigits.finding.joining import weigh
from edgedigits.finding.light import Level
from edgedigits.finding.page import LABELS, OTHER, SIGNS, Found, Look, Page
from edgedigits.finding.peaks import Peaks, find_peaks, log_odds, merge_peaks
from edgedigits.finding.strokes import StrokeFinder
from edgedigits.finding.tiles import cut_tiles, place_tiles

Network: TypeAlias = Callable[[UInt8Array], npt.NDArray[np.float32]]
"""Tiles, uint8 (N, 128, 128, 1), to maps, float32 (N, 32, 32, labels + 4)."""

_AT_ONCE = 2
"""Tiles that are shown to the network at once: their layers' answers take memory."""
_HEIGHT = 26.0
"""Pixels of a level: how high digits are where the network is asked about them."""
_LOWEST, _TOO_SMALL = 14.0, -1
"""Pixels of the image as it is looked at: of lower digits the network knows less than their strokes tell."""
_MOST_DOUBTFUL = 100
"""Doubtful digits about which the network is asked, the likeliest ones; a texture has thousands."""
_BESIDE = 1.5
"""Heights of a digit round it within which signs are looked for."""
_LEAST = 0.1
"""Probability from which a sign is named."""


class Finder(Protocol):
    """Finds what is written in an image."""

    def find(self, grey: UInt8Array, shrink: float = 1.0) -> Page:
        """Return what is written.

        Args:
            grey: uint8, (H, W).
            shrink: how many pixels of the original image one pixel of `grey` is wide.
        """
        ...


class PageFinder:
    """Finds digits by their strokes, and asks a page network what stands round them.

    Args:
        strokes: finds the digits, and which way up and how dark the writing is.
        network: names the places of tiles.

    Example:
        >>> from edgedigits import Reader
        >>> strokes = StrokeFinder(Reader().classify_glyphs)
        >>> nothing = lambda tiles: np.zeros((len(tiles), 32, 32, 27), np.float32)
        >>> PageFinder(strokes, nothing).find(np.full((60, 90), 255, np.uint8)).digits
        ()
    """

    def __init__(self, strokes: StrokeFinder, network: Network) -> None:
        self._strokes = strokes
        self._network = network

    def find(self, grey: UInt8Array, shrink: float = 1.0) -> Page:
        """Return what is written in an image, uint8 (H, W): digits, and signs and other writing beside them."""
        page, peaks = self.look(grey, shrink)
        digits, refused = weigh(page.digits, page.doubtful, peaks)
        named = [one for one in _named(peaks) if not _is_in(one, digits)]
        return replace(
            page,
            digits=digits,
            refused=refused,
            signs=tuple(one for one in named if one.label != OTHER),
            others=tuple(one for one in named if one.label == OTHER),
        )

    def look(self, grey: UInt8Array, shrink: float = 1.0) -> tuple[Page, Peaks]:
        """Return the page as the strokes tell it, and what the network says of the same image, not weighed yet."""
        page = self._strokes.find(grey, shrink)
        looks, peaks = list(page.looks), Peaks.none()
        asked = _asked_about(page)
        seen_at = [_level_of(one, page.levels) for one in asked]
        for number in sorted(set(seen_at) - {_TOO_SMALL}):
            places = np.array([one.box for one, seen in zip(asked, seen_at, strict=True) if seen == number])
            looks[number], found = self._ask(page.levels[number], places)
            peaks = peaks.joined(found)
        return replace(page, looks=tuple(looks)), merge_peaks(peaks)

    def _ask(self, level: Level, digits: npt.NDArray[np.float64]) -> tuple[Look, Peaks]:
        """Ask the network about a level, round the boxes of some digits, float64 (N, 4) in pixels of the image."""
        room = _BESIDE * digits[:, 3:]
        regions = np.concatenate([digits[:, :2] - room, digits[:, 2:] + 2 * room], axis=1) / level.shrink
        tiles = place_tiles(level, regions)
        pictures = cut_tiles(level, tiles)
        answers = [self._network(pictures[i : i + _AT_ONCE]) for i in range(0, len(pictures), _AT_ONCE)]
        maps = np.concatenate(answers) if answers else np.zeros((0, 1, 1, len(LABELS) + 4), np.float32)
        places = np.array([(tile.left, tile.top) for tile in tiles], np.intp).reshape(-1, 2)
        return Look(level, places, maps), find_peaks(maps, tiles, level.shrink)


def _asked_about(page: Page) -> list[Found]:
    """Return what the network is asked about: nothing is called back where there is no digit."""
    doubtful = sorted(page.doubtful, key=lambda one: -one.evidence) if page.digits else []
    return [*page.digits, *doubtful[:_MOST_DOUBTFUL]]


def _level_of(digit: Found, levels: tuple[Level, ...]) -> int:
    """Return the place of the level at which the network is asked about a digit; `_TOO_SMALL` where it is not."""
    height = max(digit.box[3], 0.6 * digit.box[2], 1.0)
    if height / levels[0].shrink < _LOWEST:
        return _TOO_SMALL
    return int(np.argmin([abs(np.log(height / level.shrink / _HEIGHT)) for level in levels]))


def _named(peaks: Peaks) -> list[Found]:
    """Return the signs and other writing among peaks."""
    rest = peaks.probabilities[:, 11:]
    found = []
    for i in np.flatnonzero(rest.max(axis=1, initial=0) > _LEAST).tolist():
        place = int(rest[i].argmax())
        evidence = float(log_odds(rest[i, place]))
        found.append(Found((*SIGNS, OTHER)[place], tuple(peaks.boxes[i]), np.full(10, 0.1, np.float32), evidence))
    return found


def _is_in(one: Found, digits: tuple[Found, ...]) -> bool:
    """Tell whether the middle of something lies in a digit, as that of the bar of a 4 that was taken for a dash."""
    x, y = one.box[0] + one.box[2] / 2, one.box[1] + one.box[3] / 2
    return any(
        digit.box[0] <= x <= digit.box[0] + digit.box[2] and digit.box[1] <= y <= digit.box[1] + digit.box[3]
        for digit in digits
    )
