"""The kinds of arrays that signatures name."""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

UInt8Array: TypeAlias = npt.NDArray[np.uint8]
"""Pixels, glyphs and labels."""

Float32Array: TypeAlias = npt.NDArray[np.float32]
"""What networks take in and give out."""

Float64Array: TypeAlias = npt.NDArray[np.float64]
"""What is calculated in between."""

FloatArray: TypeAlias = npt.NDArray[np.floating[Any]]
"""Numbers of any precision."""

BoolArray: TypeAlias = npt.NDArray[np.bool_]
"""Masks, and what holds of each of something."""
