"""edgedigits reads handwritten digits on small computers.

from edgedigits import Reader

reader = Reader()                    # bundled model; the best engine on this machine
reading = reader.read("photo.jpg")   # a path, encoded bytes, or an array in BGR
reading.text                         # "2021\\n2019": lines in reading order; "" when nothing is there
for digit in reading.digits:
    digit.value, digit.confidence, digit.box
reader.classify(crops)               # single-digit crops: probabilities (N, 10) and digit scores (N,)
"""

from importlib.metadata import version as _version

from edgedigits.errors import BundleError, EdgeDigitsError, EngineError, InputError
from edgedigits.expectation import Expectation, constrain
from edgedigits.reader import Reader
from edgedigits.reading import Classification, Digit, Reading

__version__ = _version("edgedigits")

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
