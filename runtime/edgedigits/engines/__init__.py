"""The inference engines, and which of them this machine has.

An engine is one module of this package that holds one `Engine` value. To add one, write the module and name it in
`ENGINES`: the reader, the command line, the benchmarks and the parity tests all iterate that registry.
"""

from __future__ import annotations

from edgedigits.engines.base import Engine, Probe, Session
from edgedigits.engines.litert import LITERT
from edgedigits.engines.onnxruntime import ONNXRUNTIME
from edgedigits.engines.opencv import OPENCV
from edgedigits.engines.tflite_runtime import TFLITE_RUNTIME
from edgedigits.errors import EngineError

ENGINES: dict[str, Engine] = {engine.name: engine for engine in (ONNXRUNTIME, LITERT, TFLITE_RUNTIME, OPENCV)}
"""All engines by name, in order of preference."""


def get_engine(name: str) -> Engine:
    """Return the engine of this name; a dash may stand for an underscore.

    Raises:
        EngineError: there is none of that name.
    """
    try:
        return ENGINES[name.replace("-", "_").lower()]
    except KeyError:
        raise EngineError(f"There is no engine {name!r}; choose one of {', '.join(ENGINES)}.") from None


__all__ = ["ENGINES", "Engine", "Probe", "Session", "get_engine"]
