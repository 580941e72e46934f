"""Finding: from ink to the regions that may each hold one digit, in reading order."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from edgedigits.reading import Box

_SMALLEST_HEIGHT = 8
"""Pixels: nothing lower than this is taken for a digit."""


@dataclass(frozen=True)
class Region:
    """A part of an image that may hold one digit.

    Attributes:
        box: x, y, width, height in pixels of the ink picture.
        ink: uint8, (height, width); the region's own ink, that of its neighbours left out.
        line: index of its line of writing, from 0 at the top.
    """

    box: Box
    ink: npt.NDArray[np.uint8]
    line: int


def find_regions(ink: npt.NDArray[np.uint8]) -> list[Region]:
    """Return the regions that may hold a digit, in reading order.

    Connected strokes are one region; pieces that stand above each other, as the bar of a 5 does, are joined; what
    is far smaller than the rest, or frames the picture, is left out.

    Args:
        ink: uint8, (H, W); 0 is paper, 255 is ink.
    """
    import cv2

    if not ink.any():
        return []
    split, _ = cv2.threshold(ink, 0, 255, cv2.THRESH_BINARY + cv2.THRESH_OTSU)
    mask = (ink > np.clip(split, 50, 128)).astype(np.uint8)
    count, labels, stats, _ = cv2.connectedComponentsWithStats(mask, connectivity=8)

    pieces = [
        _Piece((i,), tuple(int(v) for v in stats[i, :4]))  # type: ignore[arg-type]
        for i in range(1, count)
        if stats[i, cv2.CC_STAT_AREA] >= _SMALLEST_HEIGHT // 2 and not _frames_picture(stats[i], ink.shape)
    ]
    pieces = _drop_specks(_join_stacked(pieces))
    lines = _lines(pieces)
    return [
        Region(piece.box, _own_ink(piece, ink, labels), number) for number, line in enumerate(lines) for piece in line
    ]


@dataclass(frozen=True)
class _Piece:
    """Connected components that belong together, by their labels, and the box round them."""

    labels: tuple[int, ...]
    box: Box

    def joined(self, other: _Piece) -> _Piece:
        x, y = min(self.box[0], other.box[0]), min(self.box[1], other.box[1])
        right = max(self.box[0] + self.box[2], other.box[0] + other.box[2])
        bottom = max(self.box[1] + self.box[3], other.box[1] + other.box[3])
        return _Piece(self.labels + other.labels, (x, y, right - x, bottom - y))


def _frames_picture(stat: npt.NDArray[np.int32], shape: tuple[int, ...]) -> bool:
    """Tell a page's edge or a drawn frame: it spans the picture and is nearly empty inside."""
    _, _, width, height, area = (int(v) for v in stat)
    spans = width > 0.9 * shape[1] or height > 0.9 * shape[0]
    return spans and max(shape) > 64 and area < 0.06 * width * height


def _join_stacked(pieces: list[_Piece]) -> list[_Piece]:
    """Join pieces that overlap sideways and lie close above each other, the smaller to the larger."""
    pieces = sorted(pieces, key=lambda piece: -piece.box[2] * piece.box[3])
    kept: list[_Piece] = []
    for piece in pieces:
        for i, other in enumerate(kept):
            if _belongs(piece.box, other.box):
                kept[i] = other.joined(piece)
                break
        else:
            kept.append(piece)
    return kept


def _belongs(small: Box, large: Box) -> bool:
    overlap = min(small[0] + small[2], large[0] + large[2]) - max(small[0], large[0])
    gap = max(small[1], large[1]) - min(small[1] + small[3], large[1] + large[3])
    return overlap >= 0.4 * min(small[2], large[2]) and gap <= 0.2 * large[3] and small[3] <= 0.6 * large[3]


def _drop_specks(pieces: list[_Piece]) -> list[_Piece]:
    """Leave out what is lower than a digit can be, and far lower than the larger half of the pieces."""
    if not pieces:
        return []
    heights = sorted(piece.box[3] for piece in pieces)
    usual = heights[int(len(heights) * 0.9)]
    least = max(_SMALLEST_HEIGHT, 0.4 * usual)
    return [piece for piece in pieces if piece.box[3] >= least]


def _lines(pieces: list[_Piece]) -> list[list[_Piece]]:
    """Group pieces into lines from top to bottom, each from left to right."""
    lines: list[list[_Piece]] = []
    for piece in sorted(pieces, key=lambda p: p.box[0]):
        middle = piece.box[1] + piece.box[3] / 2
        for line in lines:
            _, y, _, height = line[-1].box
            if y <= middle <= y + height:
                line.append(piece)
                break
        else:
            lines.append([piece])
    return sorted(lines, key=lambda line: float(np.mean([p.box[1] + p.box[3] / 2 for p in line])))


def _own_ink(piece: _Piece, ink: npt.NDArray[np.uint8], labels: npt.NDArray[np.int32]) -> npt.NDArray[np.uint8]:
    import cv2

    x, y, width, height = piece.box
    own = np.isin(labels[y : y + height, x : x + width], piece.labels).astype(np.uint8)
    # the soft edge of a stroke lies outside its component
    reach = cv2.dilate(own, np.ones((3, 3), np.uint8))
    return np.where(reach > 0, ink[y : y + height, x : x + width], 0).astype(np.uint8)
