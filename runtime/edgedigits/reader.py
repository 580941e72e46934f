"""The reader: one model on one engine, and images read with it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from functools import cached_property
from pathlib import Path

import numpy as np

from edgedigits.arrays import UInt8Array
from edgedigits.boxes import Box
from edgedigits.bundle import DIGITS, Bundle, ModelFile, PageModel
from edgedigits.crops import as_crop, enlarged, with_paper_round, without_neighbours
from edgedigits.digit import Digit
from edgedigits.engines import ENGINES, Engine, Session, get_engine
from edgedigits.errors import BundleError, EngineError, InputError
from edgedigits.expectation import Expectation, constrain
from edgedigits.finding.finder import Finder, PageFinder
from edgedigits.finding.hands import tell_ones_from_sevens
from edgedigits.finding.lines import reading_lines
from edgedigits.finding.page import Found, Page
from edgedigits.finding.strokes import Classify, StrokeFinder
from edgedigits.glyphs import each_crop, grey_crop, normalise_crops
from edgedigits.images import MAX_PIXELS, ImageSource, load_grey
from edgedigits.logits import interpret_logits
from edgedigits.numbers import Sign
from edgedigits.reading import Classification, Reading
from edgedigits.stages.tilt import levelled

_LARGEST_SIDE = 1600
"""Pixels: larger images are read at this size; digits lose nothing by it."""
_FILLS = 0.55
"""Share of the image's height from which a digit fills it."""

_BATCH = 256

_TINY = np.float32(1e-12)
_BESIDE = (2.5, 0.9)
"""Heights of a digit, across and down, within which a sign stands beside it."""
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
        max_memory: bytes that an encoded image and its decoding may take, which is told likewise; None for 140 MB, or
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
        engines = [get_engine(engine)] if engine else list(ENGINES.values())
        self.engine, self.file, self._session = _open_first(self.bundle, self.bundle.files, engines, format, threads)
        self._threads = threads
        self._engines = [self.engine] if engine else [self.engine, *(one for one in engines if one is not self.engine)]

    @cached_property
    def _finder(self) -> Finder:
        """What finds digits on pages, opened when the first is read: in the engine that reads digits where it can.

        Where no engine that may be used runs the page network, digits are found by their strokes alone, and no signs.
        """
        strokes = StrokeFinder(self._digits_only())
        page = self.bundle.page or _packaged_page()
        try:
            _, _, network = _open_first(self.bundle, page.files, self._engines, None, self._threads)
        except EngineError:
            return strokes
        return PageFinder(strokes, network)

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
        grey, size, damaged = load_grey(image, _LARGEST_SIDE, max_pixels=self._max_pixels, max_memory=self._max_memory)
        shrink = max(size) / max(grey.shape)
        page = self._find(grey, shrink)
        page = replace(page, digits=tell_ones_from_sevens(page.digits))
        digits = []
        boxes = [found.box for found in page.digits]
        # seen aslant, lines may be level though columns are not: what holds together in fewer lines is right
        lines = min((reading_lines(levelled(boxes, tilt)) for tilt in dict.fromkeys((0.0, page.tilt))), key=len)
        for number, line in enumerate(lines):
            digits += [_digit(page.digits[i], _in_pixels(page, page.digits[i], size), number) for i in line]
        signs = _signs(page, digits, size)
        reading = Reading(tuple(digits), size, turned=-90 * page.turn % 360, damaged=damaged, signs=signs)
        if expect is not None:
            reading = constrain(reading, expect)
        return reading.above(self.bundle.confidence_threshold if threshold is None else threshold), page

    def _find(self, grey: UInt8Array, shrink: float) -> Page:
        """Find digits as they are, low ones enlarged, and where there are none one that fills the image."""
        bordered, border = with_paper_round(grey)
        page = self._finder.find(bordered, shrink)
        large, times = enlarged(bordered, [found.box[3] / shrink for found in page.digits])
        if times > 1:
            page = self._finder.find(large, shrink / times)
        page = replace(page, border=border * shrink)
        least = _FILLS * grey.shape[0] * shrink
        if page.digits or border or page.highest < least:
            return page
        small, times_smaller = as_crop(grey)
        shrink *= times_smaller
        bordered, border = with_paper_round(small)
        near = self._finder.find(bordered, shrink)
        digits = tuple(found for found in near.digits if found.box[3] >= least)
        return replace(near, digits=digits, border=border * shrink) if digits else page

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
        crops = [without_neighbours(grey_crop(crop)) for crop in each_crop(glyphs)]
        return self.classify_glyphs(normalise_crops(crops))

    def _digits_only(self) -> Classify:
        """Return what tells digits from anything else, other labels included, for reading pages.

        Raises:
            BundleError: the digits are not among the labels.
        """
        classes = self.bundle.classes
        if classes == DIGITS:
            return self.classify_glyphs
        self.bundle.check_digits()
        places = [classes.index(digit) for digit in DIGITS]

        def classify(glyphs: UInt8Array) -> Classification:
            probabilities, scores = self.classify_glyphs(glyphs)
            digits = probabilities[:, places]
            share = digits.sum(axis=1)
            return Classification(digits / np.maximum(share, _TINY)[:, np.newaxis], scores * share)

        return classify

    def classify_glyphs(self, glyphs: UInt8Array) -> Classification:
        """Tell which digit each glyph shows: as `classify`, of crops that are normalised already.

        Args:
            glyphs: uint8, (N, 28, 28, 1); 0 is paper, 255 is ink.

        Returns:
            Probabilities (N, 10) and digit scores (N,), both float32.
        """
        logits = [self._session(glyphs[i : i + _BATCH]) for i in range(0, len(glyphs), _BATCH)]
        table = np.concatenate(logits) if logits else np.zeros((0, len(self.bundle.labels)), np.float32)
        probabilities, scores = interpret_logits(table, self.bundle.temperature, self.bundle.digit_score)
        blank = ~glyphs.any(axis=(1, 2, 3))
        scores[blank] = 0
        return Classification(probabilities, scores)


def _packaged_page() -> PageModel:
    page = Bundle.load().page
    if page is None:
        raise BundleError("The model inside the package has no page network; install edgedigits anew.")
    return page


def _open_first(
    bundle: Bundle, offered: Sequence[ModelFile], engines: list[Engine], format: str | None, threads: int
) -> tuple[Engine, ModelFile, Session]:
    """Open the preferred one of some files in the first of the engines that can run one."""
    formats = [file.format for file in offered]
    if format is not None and format not in formats:
        raise EngineError(f"The bundle at {bundle.path} has no format {format!r}; it has {', '.join(formats)}.")
    reasons = []
    for engine in engines:
        files = [file for file in offered if engine.name in file.engines and format in (None, file.format)]
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


def _digit(found: Found, box: Box, line: int) -> Digit:
    """Return a digit whose confidences are the probabilities that it is there and has that value."""
    there = 1 / (1 + math.exp(-found.evidence))
    probabilities = there * found.probabilities.astype(np.float64)
    order = np.argsort(-probabilities, kind="stable")
    (value, confidence), *others = zip(order.tolist(), probabilities[order].tolist(), strict=True)
    return Digit(value, confidence, box, line, tuple(other for other in others if other[1] >= _LEAST_LIKELY))


def _signs(page: Page, digits: Sequence[Digit], size: tuple[int, int]) -> tuple[Sign, ...]:
    """Return the signs that stand beside digits, each in the line of the nearest one."""
    if not digits:
        return ()
    boxes = np.array([digit.box for digit in digits], np.float64)
    middles = boxes[:, :2] + boxes[:, 2:] / 2
    signs = []
    for found in page.signs:
        box = _in_pixels(page, found, size)
        apart = np.abs(middles - [box[0] + box[2] / 2, box[1] + box[3] / 2]) / boxes[:, 3:]
        # what is as far away to the side as below is rather of the same line
        nearest = int((apart[:, 0] + 2 * apart[:, 1]).argmin())
        if (apart[nearest] <= _BESIDE).all():
            confidence = 1 / (1 + math.exp(-found.evidence))
            signs.append(Sign(found.label, confidence, box, digits[nearest].line))
    return tuple(sorted(signs, key=lambda sign: (sign.line, sign.box[0])))


def _in_pixels(page: Page, found: Found, size: tuple[int, int]) -> Box:
    """Return the box of something found in whole pixels of the upright image."""
    left, top, width, height = page.place(found)
    x, y = max(0, int(left)), max(0, int(top))
    right, bottom = min(size[0], round(left + width)), min(size[1], round(top + height))
    return x, y, max(1, right - x), max(1, bottom - y)
