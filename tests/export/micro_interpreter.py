"""TensorFlow Lite for Microcontrollers' interpreter behind a pipe: glyphs of 784 bytes in, int8 logits out."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
from tflite_micro.python.tflite_micro import runtime


def main(file: str, arena: str) -> None:
    interpreter = runtime.Interpreter.from_bytes(Path(file).read_bytes(), arena_size=int(arena))
    while glyph := sys.stdin.buffer.read(784):
        interpreter.set_input(np.frombuffer(glyph, np.uint8).reshape(1, 28, 28, 1), 0)
        interpreter.invoke()
        sys.stdout.buffer.write(interpreter.get_output(0).tobytes())
        sys.stdout.buffer.flush()


main(*sys.argv[1:])
