"""The reader: one model on one engine, and images read with it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from edgedigits.bundle import DIGITS, Bundle, ModelFile
from edgedigits.engines import ENGINES, Engine, Session, get_engine
from edgedigits.errors import EngineError, InputError
from edgedigits.expectation import Expectation, constrain
from edgedigits.glyphs import normalise_crops
from edgedigits.images import MAX_PIXELS, ImageSource, UInt8Array, load_grey
from edgedigits.logits import interpret_logits
from edgedigits.reading import Box, Classification, Digit, Reading
from edgedigits.stages.lines import reading_lines
from edgedigits.stages.recognition import Page, recognise
from edgedigits.stages.scoring import Classify, Scored
from edgedigits.stages.tilt import levelled

_LARGEST_SIDE = 1600
"""Pixels: larger images are read at this size; digits lose nothing by it."""

_BATCH = 256

_TINY = np.float32(1e-12)

_SLOPE, _OFFSET = 0.72, 0.05
"""Turn evidence for a digit into the log odds that one is there (Platt scaling), fitted on rendered scenes by
`make check-reading`: what was found at all is chosen from much, so raw evidence is too sure."""
_LEAST_LIKELY = 0.001
"""Probability that another digit must have to be named."""


class Reader:
    """Reads handwritten digits in images.

    One reader serves any number of threads at once, in every engine. It can be pickled, and holds the model's content
    then. In a process that was forked it opens the model anew when it is first used.

    Args:
        bundle: a folder that `edgedigits export` wrote, or a `Bundle`; None for the model inside the package.
        engine: a name from `edgedigits.engines.ENGINES`; None for the best one on this machine.
        format: a format of the bundle, such as "onnx-int8"; None for the one that the bundle prefers.
        threads: how many threads the engine may use.
        max_pixels: encoded images of more pixels are refused before they are decoded.
        max_memory: bytes that an encoded image and its decoding may take, which is told likewise; None for 150 MB, or
            for 8 bytes a pixel where `max_pixels` is above its default.
        verify: file of a public key (PEM): read only with a bundle that is as the owner of this key signed it.
        at_least: read only with a bundle of this version or a later one.

    Raises:
        BundleError: the bundle is missing, damaged, made for another version, too old, or not as it was signed.
        InputError: the key cannot be read, the extra `verify` is not installed, or `at_least` is no version.
        EngineError: the engine is unknown or not installed, or none here can run the bundle's files.

    Example:
        >>> reader = Reader()
        >>> reader.read(np.full((60, 60), 255, np.uint8)).text
        ''
    """

    def __init__(
        self,
        bundle: str | Path | Bundle | None = None,
        *,
        engine: str | None = None,
        format: str | None = None,
        threads: int = 1,
        max_pixels: int = MAX_PIXELS,
        max_memory: int | None = None,
        verify: str | Path | None = None,
        at_least: str | None = None,
    ) -> None:
        if isinstance(bundle, Bundle):
            if verify is not None or at_least is not None:
                raise InputError("A Bundle was read already: give verify and at_least to Bundle.load.")
            self.bundle = bundle
        else:
            self.bundle = Bundle.load(bundle, verify=verify, at_least=at_least)
        self._max_pixels, self._max_memory = max_pixels, max_memory
        self.engine, self.file, self._session = _open_first(
            self.bundle, [get_engine(engine)] if engine else list(ENGINES.values()), format, threads
        )

    def read(self, image: ImageSource, *, threshold: float | None = None, expect: Expectation | None = None) -> Reading:
        """Read every digit in an image.

        Args:
            image: a path, an encoded image as bytes, or an array (H, W), (H, W, 3) in BGR or (H, W, 4) in BGRA, uint8.
            threshold: digits of less confidence than this, 0 to 1, are unreadable: "?" in the text; None for what
                the bundle's manifest says.
            expect: what every line must be; the likeliest digits that are so are chosen.

        Returns:
            The digits in reading order, their boxes in pixels of the upright image.

        Raises:
            InputError: the image is no path, bytes or array, cannot be read, or is larger than allowed.
            BundleError: the digits are not among the bundle's labels, and it can only `classify`.

        Example:
            >>> Reader().read(np.full((60, 60), 255, np.uint8), expect=Expectation(length=4)).expected
            False
        """
        return self.examine(image, threshold=threshold, expect=expect)[0]

    def examine(
        self, image: ImageSource, *, threshold: float | None = None, expect: Expectation | None = None
    ) -> tuple[Reading, Page]:
        """Read an image as `read` does, and return what led to the reading as well, for explaining it."""
        classify = self._digits_only()
        grey, size, damaged = load_grey(image, _LARGEST_SIDE, max_pixels=self._max_pixels, max_memory=self._max_memory)
        page = recognise(grey, max(size) / max(grey.shape), classify)
        boxes = [found.hypothesis.box for found in page.digits]
        # seen aslant, lines may be level though columns are not: what holds together in fewer lines is right
        lines = min((reading_lines(levelled(boxes, tilt)) for tilt in dict.fromkeys((0.0, page.tilt))), key=len)
        digits = [
            _digit(page.digits[i], _in_pixels(page.place(page.digits[i]), size), number)
            for number, line in enumerate(lines)
            for i in line
        ]
        reading = Reading(tuple(digits), size, turned=-90 * page.turn % 360, damaged=damaged)
        if expect is not None:
            reading = constrain(reading, expect)
        return reading.above(self.bundle.confidence_threshold if threshold is None else threshold), page

    def classify(self, glyphs: UInt8Array | Sequence[UInt8Array]) -> Classification:
        """Tell which digit, or other label of the bundle, each crop shows.

        Args:
            glyphs: crops that hold one digit each, of any size and polarity: an array (H, W), (N, H, W) or
                (N, H, W, C), or a sequence of crops of different sizes; uint8, colours in BGR or BGRA.

        Returns:
            Probabilities (N, L) of `bundle.classes`, the ten digits in the bundled model, and digit scores (N,), both
            float32.

        Raises:
            InputError: the crops are not of one of these shapes, or not uint8.

        Example:
            >>> probabilities, digit_scores = Reader().classify(np.zeros((5, 28, 28), np.uint8))
            >>> probabilities.shape, digit_scores.shape
            ((5, 10), (5,))
        """
        return self._classify_glyphs(normalise_crops(glyphs))

    def _digits_only(self) -> Classify:
        """Return what tells digits from anything else, other labels included, for reading pages.

        Raises:
            BundleError: the digits are not among the labels.
        """
        classes = self.bundle.classes
        if classes == DIGITS:
            return self._classify_glyphs
        self.bundle.check_digits()
        places = [classes.index(digit) for digit in DIGITS]

        def classify(glyphs: UInt8Array) -> Classification:
            probabilities, scores = self._classify_glyphs(glyphs)
            digits = probabilities[:, places]
            share = digits.sum(axis=1)
            return Classification(digits / np.maximum(share, _TINY)[:, np.newaxis], scores * share)

        return classify

    def _classify_glyphs(self, glyphs: UInt8Array) -> Classification:
        logits = [self._session(glyphs[i : i + _BATCH]) for i in range(0, len(glyphs), _BATCH)]
        table = np.concatenate(logits) if logits else np.zeros((0, len(self.bundle.labels)), np.float32)
        probabilities, scores = interpret_logits(table, self.bundle.temperature, self.bundle.digit_score)
        blank = ~glyphs.any(axis=(1, 2, 3))
        scores[blank] = 0
        return Classification(probabilities, scores)


def _open_first(
    bundle: Bundle, engines: list[Engine], format: str | None, threads: int
) -> tuple[Engine, ModelFile, Session]:
    """Open the bundle's preferred file in the first of the engines that can run one."""
    formats = [file.format for file in bundle.files]
    if format is not None and format not in formats:
        raise EngineError(f"The bundle at {bundle.path} has no format {format!r}; it has {', '.join(formats)}.")
    reasons = []
    for engine in engines:
        files = [file for file in bundle.files if engine.name in file.engines and format in (None, file.format)]
        if not files:
            reasons.append(f"{engine.name}: no file of the bundle passed its checks in it")
            continue
        probe = engine.probe()
        if not probe.available:
            reasons.append(f"{engine.name}: {probe.detail}; {engine.install}")
            continue
        content = files[0].read_verified()
        try:
            return engine, files[0], engine.open(content, threads)
        except Exception as error:  # an engine may raise anything; the next one may still work
            reason = " ".join(str(error).split())[:200]
            reasons.append(f"{engine.name}: cannot open {files[0].path.name} ({reason})")
    raise EngineError("No engine can read here. " + " | ".join(reasons))


def _digit(found: Scored, box: Box, line: int) -> Digit:
    """Return a digit whose confidences are the probabilities that it is there and has that value."""
    there = 1 / (1 + math.exp(-(_SLOPE * found.score + _OFFSET)))
    probabilities = there * found.probabilities.astype(np.float64)
    order = np.argsort(-probabilities, kind="stable")
    (value, confidence), *others = zip(order.tolist(), probabilities[order].tolist(), strict=True)
    return Digit(value, confidence, box, line, tuple(other for other in others if other[1] >= _LEAST_LIKELY))


def _in_pixels(box: tuple[float, float, float, float], size: tuple[int, int]) -> Box:
    x, y = int(box[0]), int(box[1])
    right, bottom = min(size[0], round(box[0] + box[2])), min(size[1], round(box[1] + box[3]))
    return x, y, max(1, right - x), max(1, bottom - y)
