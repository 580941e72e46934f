"""Pictures of digits that need no data set: drawn with OpenCV's stroke font."""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt


def draw_text(
    text: str, *, size: tuple[int, int] = (320, 240), ink: int = 30, paper: int = 225, height: int = 90
) -> npt.NDArray[np.uint8]:
    """Return a grey picture (H, W) with a text in thick strokes in its middle; size is (width, height)."""
    picture = np.full((size[1], size[0]), paper, np.uint8)
    scale = height / 22
    thickness = max(1, height // 11)
    (width, _), _ = cv2.getTextSize(text, cv2.FONT_HERSHEY_SIMPLEX, scale, thickness)
    at = ((size[0] - width) // 2, (size[1] + height) // 2)
    cv2.putText(picture, text, at, cv2.FONT_HERSHEY_SIMPLEX, scale, ink, thickness, cv2.LINE_AA)
    return picture


def write_clip(path: str, frames: list[npt.NDArray[np.uint8]], rate: float = 10) -> None:
    """Write grey frames (H, W) as an MJPG video."""
    height, width = frames[0].shape
    writer = cv2.VideoWriter(path, cv2.VideoWriter.fourcc(*"MJPG"), rate, (width, height))
    assert writer.isOpened(), "this OpenCV cannot write MJPG"
    for frame in frames:
        writer.write(cv2.cvtColor(frame, cv2.COLOR_GRAY2BGR))
    writer.release()
