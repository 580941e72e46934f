"""The forms in which models take images, and how glyphs are brought into each."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from edgedigits.errors import InputError
from edgedigits.glyphs import SIDE

Scale = Literal["0-255", "0-1", "-1-1", "rows", "standard"]

SCALES: dict[Scale, tuple[float, float]] = {
    "0-255": (1.0, 0.0),
    "0-1": (1 / 255, 0.0),
    "-1-1": (1 / 127.5, -1.0),
    "rows": (1 / 255, 0.0),
    "standard": (1 / 255 / 0.3081, -0.1307 / 0.3081),
}
"""Factor and offset for pixels of 0 to 255. "rows" are then divided by their length along axis 1, as
`keras.utils.normalize(images, axis=1)` does; "standard" has MNIST's mean and deviation taken out."""

SCALE_TITLES: dict[Scale, str] = {
    "0-255": "0 to 255",
    "0-1": "0 to 1",
    "-1-1": "-1 to 1",
    "rows": "normalised along axis 1",
    "standard": "mean 0.1307 and deviation 0.3081 taken out",
}

_PADDED = 32
TINY = 1e-12
"""Least square of a row's length: paper stays paper."""


@dataclass(frozen=True)
class Form:
    """How a model wants its images.

    Attributes:
        shape: of an image, without the batch.
        scale: what its numbers are.
        inverted: whether ink is dark, paper bright.
        transposed: whether rows and columns are exchanged, as in EMNIST's files.
        dtype: of the numbers.
    """

    shape: tuple[int, ...]
    scale: Scale
    inverted: bool = False
    transposed: bool = False
    dtype: str = "float32"

    @property
    def padding(self) -> int:
        """Rows and columns of paper round a glyph."""
        return (self._side - SIDE) // 2

    @property
    def _side(self) -> int:
        return _PADDED if int(np.prod(self.shape)) == _PADDED**2 else SIDE

    @property
    def scaling(self) -> tuple[float, float]:
        """Factor and offset that make its numbers of pixels: 0 for paper, 255 for ink."""
        factor, offset = SCALES[self.scale]
        return (-factor, offset + 255 * factor) if self.inverted else (factor, offset)

    def facts(self) -> dict[str, Any]:
        """Return what the manifest says of it: all that is needed to bring glyphs into this form."""
        factor, offset = self.scaling
        return {**asdict(self), "padding": self.padding, "factor": factor, "offset": offset}

    def prepare(self, glyphs: npt.NDArray[np.uint8]) -> npt.NDArray[Any]:
        """Return glyphs, uint8 (N, 28, 28, 1), as the model takes them: (N, *shape)."""
        images = glyphs[..., 0]
        if self.padding:
            images = np.pad(images, ((0, 0), *[(self.padding, self.padding)] * 2))
        if self.transposed:
            images = images.transpose(0, 2, 1)
        if self.inverted:
            images = 255 - images
        factor, offset = SCALES[self.scale]
        numbers = images.reshape(-1, *self.shape).astype(np.float32) * np.float32(factor) + np.float32(offset)
        if self.scale == "rows":
            numbers /= np.sqrt(np.maximum((numbers**2).sum(axis=1, keepdims=True), TINY))
        return numbers.astype(self.dtype)

    def __str__(self) -> str:
        ink = "dark ink on bright paper" if self.inverted else "bright ink on dark paper"
        turned = ", rows and columns exchanged" if self.transposed else ""
        return f"{'×'.join(map(str, self.shape))} {self.dtype}, {SCALE_TITLES[self.scale]}, {ink}{turned}"


def possible_forms(shape: Sequence[int | None], dtype: str, scale: Scale | None) -> Iterator[Form]:
    """Yield the forms that a model with such an input may want, the usual ones first.

    Args:
        shape: of its input, without the batch; None for a side that is free.
        dtype: of its input.
        scale: the only one to be tried; None for all.

    Raises:
        InputError: such an input takes no glyphs, said as the end of a sentence.
    """
    known = _shape(shape)
    scales: Sequence[Scale] = [scale] if scale else ["0-255"] if dtype in ("uint8", "int32") else ["0-1", *SCALES]
    for transposed in (False, True):
        for inverted in (False, True):
            for each in dict.fromkeys(scales):
                yield Form(known, each, inverted, transposed, dtype)


def _shape(shape: Sequence[int | None]) -> tuple[int, ...]:
    free = [place for place, size in enumerate(shape) if size is None]
    if free:
        if len(shape) not in (2, 3) or len(free) > 2:
            raise InputError(f"it takes {_told(shape)}, which may be anything")
        shape = [SIDE if size is None else size for size in shape]
    known = tuple(int(size) for size in shape if size is not None)
    if 3 in known and len(known) == 3:
        raise InputError(
            f"it takes {_told(known)}, images with three channels; digits are read in grey: train it on 28×28×1"
        )
    if int(np.prod(known)) not in (SIDE**2, _PADDED**2) or set(known) - {1, SIDE, _PADDED, SIDE**2, _PADDED**2}:
        raise InputError(
            f"it takes {_told(known)}; digits are 28×28, 28×28×1, 1×28×28 or 784 (or 32×32, with a margin)"
        )
    return known


def _told(shape: Sequence[int | None]) -> str:
    return "×".join("?" if size is None else str(size) for size in shape) or "a single number"
