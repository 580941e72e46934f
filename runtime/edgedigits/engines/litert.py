"""LiteRT, the successor of tflite-runtime."""

from __future__ import annotations

from edgedigits.engines.base import Engine, Probe, Session
from edgedigits.engines.tflite import open_session


def _probe() -> Probe:
    try:
        import ai_edge_litert.interpreter  # noqa: F401 - the part that has native code
    except ImportError as error:
        return Probe(False, f"not installed ({error})")
    from importlib.metadata import version

    return Probe(True, version("ai-edge-litert"))


def _load(content: bytes, threads: int) -> Session:
    from ai_edge_litert.interpreter import Interpreter

    return open_session(Interpreter, content, threads)


LITERT = Engine(
    name="litert",
    title="LiteRT",
    suffix=".tflite",
    package="ai-edge-litert",
    probe=_probe,
    load=_load,
)
