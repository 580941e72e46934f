"""Where something stands in an image."""

from __future__ import annotations

from typing import TypeAlias

Box: TypeAlias = tuple[int, int, int, int]
"""x, y, width, height in pixels of the upright image; x and y are the top left corner."""

FloatBox: TypeAlias = tuple[float, float, float, float]
"""The same between pixels, while digits are looked for."""
