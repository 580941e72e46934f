"""The camera: where a point of the page lands in the picture, and what lens, sensor and JPEG do to it."""

from __future__ import annotations

import math
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

Image = npt.NDArray[np.uint8]


@dataclass(frozen=True, eq=False)
class Camera:
    """A pinhole camera that looks at a flat page.

    Attributes:
        matrix: float64 (3, 3), homography from the page to the picture, both in pixels of the picture's size.
    """

    matrix: npt.NDArray[np.float64]

    @classmethod
    def straight(cls) -> Camera:
        """A scanner: the page as it is."""
        return cls(np.eye(3))

    def then(self, matrix: npt.NDArray[np.float64]) -> Camera:
        """The same view, moved by another homography (3, 3)."""
        return Camera(matrix @ self.matrix)

    def project(self, points: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        """Points of the page (N, 2) as points of the picture (N, 2)."""
        mapped = points @ self.matrix[:, :2].T + self.matrix[:, 2]
        return mapped[:, :2] / mapped[:, 2:]

    def scale(self, point: npt.NDArray[np.float64]) -> float:
        """How much longer than on the page lengths are about `point` (2,)."""
        a, b, c = self.project(point + np.array([[0.0, 0.0], [1.0, 0.0], [0.0, 1.0]]))
        return math.sqrt(abs((b - a)[0] * (c - a)[1] - (b - a)[1] * (c - a)[0]))


def view(
    size: tuple[int, int],
    turn: float = 0.0,
    zoom: float = 1.0,
    tilt: tuple[float, float] = (0.0, 0.0),
    shift: tuple[float, float] = (0.0, 0.0),
) -> Camera:
    """A camera held by hand.

    Args:
        size: width and height of the picture in pixels.
        turn: rotation in radians, clockwise.
        zoom: how much larger than straight on.
        tilt: perspective in x and y: the difference in size between the two sides, 0.1 is 10 %.
        shift: movement in x and y, in pixels.
    """
    width, height = size
    to_middle = np.array([[1, 0, -width / 2], [0, 1, -height / 2], [0, 0, 1.0]])
    cosine, sine = zoom * math.cos(turn), zoom * math.sin(turn)
    turned = np.array([[cosine, -sine, 0], [sine, cosine, 0], [tilt[0] / width, tilt[1] / height, 1.0]])
    back = np.array([[1, 0, width / 2 + shift[0]], [0, 1, height / 2 + shift[1]], [0, 0, 1.0]])
    return Camera(back @ turned @ to_middle)


def defocus(image: Image, radius: float) -> Image:
    """Blur as a lens out of focus does; `radius` is the standard deviation in pixels."""
    size = 2 * math.ceil(2.5 * radius) + 1
    return np.asarray(cv2.GaussianBlur(image, (size, size), radius), np.uint8)


def shake(image: Image, length: float, angle: float) -> Image:
    """Blur along a line `length` pixels long, `angle` in radians."""
    steps = max(2, math.ceil(length) + 1)
    reach = math.ceil(length / 2)
    padded = cv2.copyMakeBorder(image, reach, reach, reach, reach, cv2.BORDER_REPLICATE)
    total = np.zeros(image.shape, np.uint16)
    for step in range(steps):
        along = (step / (steps - 1) - 0.5) * length
        x, y = reach + round(along * math.cos(angle)), reach + round(along * math.sin(angle))
        total += np.asarray(padded[y : y + image.shape[0], x : x + image.shape[1]], np.uint16)
    return np.asarray(total // np.uint16(steps), np.uint8)


def sensor_noise(image: Image, sigma: float, rng: np.random.Generator) -> Image:
    """Add Gaussian noise; `sigma` is its standard deviation in grey levels."""
    grains = rng.standard_normal(image.shape, np.float32)
    grains *= np.float32(sigma)
    whole = np.rint(grains, out=grains).astype(np.int16)
    whole += image
    return np.asarray(np.clip(whole, 0, 255, out=whole).astype(np.uint8))


def jpeg(image: Image, quality: int) -> Image:
    """The image after JPEG compression at `quality`, 1 to 100."""
    _, data = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, quality])
    return np.asarray(cv2.imdecode(data, cv2.IMREAD_COLOR), np.uint8)
