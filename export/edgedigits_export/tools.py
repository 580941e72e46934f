"""The tools that files are made with: their versions decide what bytes come out."""

from __future__ import annotations

from collections.abc import Mapping
from importlib.metadata import PackageNotFoundError, version

_TOOLS = (
    "ai-edge-litert",
    "flatbuffers",
    "keras",
    "numpy",
    "onnx",
    "onnxruntime",
    "protobuf",
    "sympy",
    "tensorflow",
    "tensorflow-cpu",
    "tf2onnx",
)


def tool_versions() -> Mapping[str, str]:
    """Return the versions of the tools that are installed, by name."""
    versions = {}
    for tool in _TOOLS:
        try:
            versions[tool] = version(tool)
        except PackageNotFoundError:
            continue
    return versions
