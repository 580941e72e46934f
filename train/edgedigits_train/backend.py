"""Keras, imported without a word: who needs it imports it from here.

    from edgedigits_train.backend import keras

On some processors TensorFlow announces oneDNN while it is imported, from before its logging is set up, so that no log
level reaches those lines; they would stand above every summary and in every log file.
"""

from __future__ import annotations

from edgedigits.quiet import native_output_muted

with native_output_muted():
    import keras

__all__ = ["keras"]
