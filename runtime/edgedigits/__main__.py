"""`python -m edgedigits` is `edgedigits`; Ctrl-C ends it quietly from here on, while it imports what it needs."""

from __future__ import annotations

import signal
from types import FrameType
from typing import NoReturn


def main() -> NoReturn:
    """Import the command line and run it."""
    import os

    def stop(_: int, __: FrameType | None) -> NoReturn:
        # an exception would not do: packages take it for a fault of their own, and nothing is at stake yet
        os.write(2, b"Stopped.\n")
        os._exit(130)

    usual = signal.getsignal(signal.SIGINT)
    if usual is signal.default_int_handler:
        signal.signal(signal.SIGINT, stop)
    from edgedigits.cli import main

    signal.signal(signal.SIGINT, usual)
    main()


if __name__ == "__main__":
    main()
