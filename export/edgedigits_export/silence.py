"""Silence for the native libraries: TensorFlow, oneDNN, MLIR and onnxruntime write to the process' streams."""

from __future__ import annotations

import contextlib
import io
import logging
import os
import sys
import warnings
from collections.abc import Iterator


@contextlib.contextmanager
def silenced() -> Iterator[None]:
    """Keep everything that is written to stdout and stderr, by Python or below it, off the terminal.

    Settings such as TF_CPP_MIN_LOG_LEVEL do not reach oneDNN's first lines, absl's lines from before its logging is
    set up, or what the TFLite converter prints; the file descriptors do. What libraries have to say about a
    failure is in the exceptions that they raise.

    Example:
        >>> with silenced():
        ...     import tensorflow
    """
    for stream in (sys.stdout, sys.stderr):
        stream.flush()
    saved = [(descriptor, os.dup(descriptor)) for descriptor in (1, 2)]
    nothing = os.open(os.devnull, os.O_WRONLY)
    disabled = logging.root.manager.disable
    try:
        for descriptor, _ in saved:
            os.dup2(nothing, descriptor)
        logging.disable(logging.CRITICAL)
        with (
            warnings.catch_warnings(),
            contextlib.redirect_stdout(io.StringIO()),
            contextlib.redirect_stderr(io.StringIO()),
        ):
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.disable(disabled)
        for descriptor, copy in saved:
            os.dup2(copy, descriptor)
            os.close(copy)
        os.close(nothing)
