"""Keep TensorFlow's native log off the user's terminal."""

from __future__ import annotations

import os


def silence_tensorflow() -> None:
    """Let TensorFlow's C++ side log fatal errors only, unless the user has set a level of their own.

    TensorFlow reads the level once, while it is imported; the package calls this before any of its modules can
    import it. Python exceptions are not affected.
    """
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
