"""Keras, imported without a word: who needs it imports it from here.

    from edgedigits_train.backend import keras

On some processors TensorFlow announces oneDNN while it is imported, from before its logging is set up, so that no log
level reaches those lines; they would stand above every summary and in every log file.
"""

from __future__ import annotations

from edgedigits.native_output import native_output_muted

with native_output_muted():
    import keras

JIT = keras.backend.backend() != "tensorflow"
"""Whether models are compiled with XLA: TensorFlow's steps on a CPU get slower by it, and JAX would without it run them
operation by operation."""

__all__ = ["JIT", "keras"]
