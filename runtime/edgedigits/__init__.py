"""edgedigits reads handwritten digits on small computers.

from edgedigits import Reader

reader = Reader()                    # bundled model; the best engine on this machine
reading = reader.read("photo.jpg")   # a path, encoded bytes, or an array in BGR
reading.text                         # "2021\\n2019": lines in reading order; "" when nothing is there
for digit in reading.digits:
    digit.value, digit.confidence, digit.box
reader.classify(crops)               # single-digit crops: probabilities (N, 10) and digit scores (N,)

Each name is imported when it is first used: `import edgedigits` alone loads neither numpy nor OpenCV nor an engine.
"""

from __future__ import annotations

from importlib import import_module

TYPE_CHECKING = False  # type checkers take it for typing's, whose import takes longer than this module's
if TYPE_CHECKING:
    from typing import Any

    from edgedigits.digit import Digit
    from edgedigits.errors import BundleError, EdgeDigitsError, EngineError, InputError
    from edgedigits.expectation import Expectation, constrain
    from edgedigits.reader import Reader
    from edgedigits.reading import Classification, Reading

    __version__: str

_MODULES = {
    "BundleError": "errors",
    "Classification": "reading",
    "Digit": "digit",
    "EdgeDigitsError": "errors",
    "EngineError": "errors",
    "Expectation": "expectation",
    "InputError": "errors",
    "Reader": "reader",
    "Reading": "reading",
    "constrain": "expectation",
}

__all__ = [
    "BundleError",
    "Classification",
    "Digit",
    "EdgeDigitsError",
    "EngineError",
    "Expectation",
    "InputError",
    "Reader",
    "Reading",
    "constrain",
]


def __getattr__(name: str) -> Any:
    if name == "__version__":
        from importlib.metadata import version

        value: Any = version("edgedigits")
    elif name in _MODULES:
        value = getattr(import_module(f"edgedigits.{_MODULES[name]}"), name)
    else:
        raise AttributeError(f"module 'edgedigits' has no attribute {name!r}")
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__, "__version__"})
