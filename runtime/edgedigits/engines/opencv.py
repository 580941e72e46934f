"""OpenCV's own DNN module: needs nothing more than the OpenCV that reads the images anyway."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from edgedigits.engines.base import Engine, Probe, Session
from edgedigits.native_output import catch_stderr


def _probe() -> Probe:
    try:
        import cv2
    except ImportError as error:
        return Probe(False, f"not installed ({error})")
    if not hasattr(cv2, "dnn"):
        return Probe(False, "this OpenCV was built without its DNN module: pip install opencv-python-headless")
    return Probe(True, str(cv2.__version__))


class _DnnSession:
    def __init__(self, content: bytes, threads: int) -> None:
        import cv2

        # OpenCV's threads are one setting of the whole process
        cv2.setNumThreads(threads)
        # what it warns of is checked by the gate that the file passed
        self._net, _ = catch_stderr(lambda: cv2.dnn.readNetFromONNX(np.frombuffer(content, np.uint8)))

    def __call__(self, glyphs: npt.NDArray[np.uint8]) -> npt.NDArray[np.float32]:
        self._net.setInput(glyphs)
        return np.asarray(self._net.forward(), np.float32)


def _load(content: bytes, threads: int) -> Session:
    return _DnnSession(content, threads)


OPENCV = Engine(
    name="opencv",
    title="OpenCV DNN",
    suffix=".onnx",
    package="opencv-python-headless",
    probe=_probe,
    load=_load,
)
