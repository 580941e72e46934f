"""What LiteRT and tflite-runtime share: both offer the same TensorFlow Lite interpreter."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

from edgedigits.native_output import catch_stderr


class TFLiteSession:
    """A TFLite file with uint8 input, resized to each batch and dequantized by the file's own parameters."""

    def __init__(self, interpreter: Any) -> None:
        self._interpreter = interpreter
        self._batch = 0
        self._input: int = interpreter.get_input_details()[0]["index"]
        output = interpreter.get_output_details()[0]
        self._output: int = output["index"]
        self._scale, self._zero_point = output["quantization"]

    def __call__(self, glyphs: npt.NDArray[np.uint8]) -> npt.NDArray[np.float32]:
        """Run the model: uint8 (N, 28, 28, 1), N ≥ 1, to float32 logits (N, C)."""
        if len(glyphs) != self._batch:
            self._interpreter.resize_tensor_input(self._input, glyphs.shape)
            self._interpreter.allocate_tensors()
            self._batch = len(glyphs)
        self._interpreter.set_tensor(self._input, glyphs)
        self._interpreter.invoke()
        logits = self._interpreter.get_tensor(self._output)
        if not self._scale:
            return np.asarray(logits, np.float32)
        return np.asarray((logits.astype(np.float32) - self._zero_point) * self._scale, np.float32)


def open_session(make_interpreter: Callable[..., Any], content: bytes, threads: int) -> TFLiteSession:
    """Open a TFLite file's content with an interpreter class."""

    def make() -> Any:
        interpreter = make_interpreter(model_content=content, num_threads=threads)
        interpreter.allocate_tensors()  # which announces on stderr that XNNPACK computes
        return interpreter

    return TFLiteSession(catch_stderr(make)[0])
