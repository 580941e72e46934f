"""onnxruntime: the fastest engine for the int8 ONNX file on x86-64 and 64-bit ARM."""

from __future__ import annotations

from types import ModuleType

import numpy as np
import numpy.typing as npt

from edgedigits.engines.base import Engine, Probe, Session
from edgedigits.native_output import native_output_muted
from edgedigits.telemetry import switch_telemetry_off

ERRORS_ONLY = 3


def _imported() -> ModuleType:
    """Import onnxruntime, which reads what it may send home while it is imported."""
    switch_telemetry_off()
    # Debian's build for 32-bit ARM complains on stderr, in 567 lines, that it has each of its operators twice
    with native_output_muted():
        import onnxruntime

    return onnxruntime  # type: ignore[no-any-return] # it has no types


def _probe() -> Probe:
    try:
        onnxruntime = _imported()
    except ImportError as error:
        return Probe(False, f"not installed ({error})")
    return Probe(True, str(onnxruntime.__version__))


class _OnnxSession:
    def __init__(self, content: bytes, threads: int) -> None:
        onnxruntime = _imported()
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1
        options.log_severity_level = ERRORS_ONLY
        # idle threads that spin cost 43 % of a core at webcam rates
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        self._session = onnxruntime.InferenceSession(content, options, providers=["CPUExecutionProvider"])
        self._input = self._session.get_inputs()[0].name

    def __call__(self, glyphs: npt.NDArray[np.uint8]) -> npt.NDArray[np.float32]:
        return np.asarray(self._session.run(None, {self._input: glyphs})[0], np.float32)


def _load(content: bytes, threads: int) -> Session:
    return _OnnxSession(content, threads)


ONNXRUNTIME = Engine(
    name="onnxruntime",
    title="ONNX Runtime",
    suffix=".onnx",
    package="onnxruntime",
    probe=_probe,
    load=_load,
    shares=True,
)
