"""tflite-runtime, the classic engine of 32-bit Raspberry Pi OS."""

from __future__ import annotations

import numpy as np

from edgedigits.engines.base import Engine, Probe, Session
from edgedigits.engines.tflite import open_session


def _probe() -> Probe:
    try:
        import tflite_runtime
    except ImportError as error:
        return Probe(False, f"not installed ({error})")
    if int(np.__version__.split(".")[0]) >= 2:
        return Probe(
            False,
            f"{tflite_runtime.__version__} was built for numpy 1 and numpy {np.__version__} is installed:"
            ' pip install "numpy<2" "opencv-python-headless<4.10"',
        )
    return Probe(True, str(tflite_runtime.__version__))


def _load(content: bytes, threads: int) -> Session:
    from tflite_runtime.interpreter import Interpreter

    return open_session(Interpreter, content, threads)


TFLITE_RUNTIME = Engine(
    name="tflite_runtime",
    title="tflite-runtime",
    suffix=".tflite",
    package="tflite-runtime",
    probe=_probe,
    load=_load,
)
