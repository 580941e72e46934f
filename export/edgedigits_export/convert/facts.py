"""What an exported file says of itself."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class FileFacts:
    """What a file says of itself.

    Attributes:
        opset: of an ONNX file, else None.
        ir: the version of the ONNX file format, else None.
        minimum: the engine versions from which the file can run, as far as the file tells.
        operators: the kinds of its operators, as its format calls them.
    """

    opset: int | None
    ir: int | None
    minimum: Mapping[str, str]
    operators: frozenset[str] = frozenset()
