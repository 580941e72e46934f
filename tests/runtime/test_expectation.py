"""Expectations: what is known of a number beforehand settles what its digits leave open."""

from __future__ import annotations

import itertools
import math

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edgedigits import Digit, Expectation, InputError, Reader, Reading, constrain
from edgedigits.expectation import CHECKSUMS
from tests.conftest import LabelledGlyphs
from tests.measuring import cpu_seconds
from tests.runtime.samples import draw_text


def digit(*candidates: tuple[int, float], line: int = 0) -> Digit:
    (value, confidence), *others = candidates
    return Digit(value, confidence, (0, 0, 20, 30), line, tuple(others))


def reading(*digits: Digit) -> Reading:
    return Reading(digits, (640, 480))


AMBIGUOUS = reading(digit((1, 0.999)), digit((7, 0.6), (1, 0.39)), digit((4, 0.7), (9, 0.29)))


@pytest.mark.parametrize(
    ("expectation", "text"),
    [
        (Expectation(pattern=r"\d{3}"), "174"),
        (Expectation(pattern=r"1[12]\d"), "114"),
        (Expectation(pattern=r"\d\d9"), "179"),
        (Expectation(range=(100, 150)), "114"),
        (Expectation(range=(118, 170)), "119"),
        (Expectation(length=3, pattern=r".*9"), "179"),
    ],
)
def test_the_likeliest_string_that_fits_is_taken(expectation: Expectation, text: str) -> None:
    constrained = constrain(AMBIGUOUS, expectation)
    assert (constrained.text, constrained.expected) == (text, True)
    for before, after in zip(AMBIGUOUS.digits, constrained.digits, strict=True):
        assert after.changed_from == (None if before.value == after.value else before.value)
        assert after.box == before.box


@pytest.mark.parametrize(
    "expectation",
    [
        Expectation(length=4),
        Expectation(pattern=r"2\d\d"),
        Expectation(range=(0, 99)),
        Expectation(pattern=r"\d{3}", checksum="ean8"),
    ],
)
def test_where_nothing_fits_the_reading_stays_and_says_so(expectation: Expectation) -> None:
    constrained = constrain(AMBIGUOUS, expectation)
    assert constrained.digits == AMBIGUOUS.digits
    assert constrained.expected is False
    assert constrained.as_dict()["expected"] is False


def test_nothing_is_not_what_was_expected() -> None:
    assert constrain(reading(), Expectation(length=1)).expected is False


def test_each_line_is_for_itself() -> None:
    two = reading(digit((7, 0.6), (1, 0.4)), digit((5, 0.9)), digit((8, 0.9), line=1))
    constrained = constrain(two, Expectation(range=(10, 19)))
    assert constrained.text == "15\n8"
    assert constrained.expected is False
    assert "expected" not in two.as_dict()


def test_confidence_is_that_among_what_fits() -> None:
    """The shares of the three strings that fit, worked out by hand."""
    constrained = constrain(AMBIGUOUS, Expectation(pattern=r"1(19|74|79)"))
    shares = {"119": 0.39 * 0.29, "174": 0.6 * 0.7, "179": 0.6 * 0.29}
    total = sum(shares.values())
    assert constrained.text == "174"
    assert constrained.digits[1].confidence == pytest.approx((shares["174"] + shares["179"]) / total, abs=0.01)
    assert constrained.digits[2].confidence == pytest.approx(shares["174"] / total, abs=0.01)
    assert dict(constrained.digits[1].alternatives)[1] == pytest.approx(shares["119"] / total, abs=0.01)


columns = st.lists(
    st.lists(st.floats(0.01, 1), min_size=1, max_size=4).map(
        lambda weights: [(v, w / sum(weights)) for v, w in enumerate(sorted(weights, reverse=True), 3)]
    ),
    min_size=1,
    max_size=5,
)


@settings(max_examples=150, deadline=None)
@given(columns, st.sampled_from(sorted(CHECKSUMS)))
def test_no_likelier_string_fits(columns: list[list[tuple[int, float]]], checksum: str) -> None:
    """What is taken is what trying all strings finds."""
    expectation = Expectation(checksum=checksum)
    fits = {
        "".join(str(value) for value, _ in choice): math.prod(share for _, share in choice)
        for choice in itertools.product(*columns)
        if expectation.accepts("".join(str(value) for value, _ in choice))
    }
    constrained = constrain(reading(*(digit(*column) for column in columns)), expectation)
    assert constrained.expected is bool(fits)
    if fits:
        assert fits[constrained.text] == pytest.approx(max(fits.values()))


@pytest.mark.parametrize(
    ("checksum", "valid"),
    [
        ("luhn", ["79927398713", "4539578763621486", "490154203237518"]),
        ("mod11", ["0306406152", "0131103628"]),
        ("mod97", ["79444", "3214282912345698765432161182"]),
        ("ean8", ["73513537", "96385074"]),
        ("ean13", ["4006381333931", "9780306406157"]),
        ("damm", ["5724"]),
    ],
)
def test_checksums_take_published_numbers_and_notice_one_wrong_digit(checksum: str, valid: list[str]) -> None:
    for number in valid:
        assert CHECKSUMS[checksum](number)
        for i, right in enumerate(number):
            assert not any(
                CHECKSUMS[checksum](number[:i] + wrong + number[i + 1 :]) for wrong in "0123456789" if wrong != right
            )


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"pattern": "["}, "no regular expression"),
        ({"length": 0}, "at least 1"),
        ({"range": (9, 1)}, "least one first"),
        ({"range": (-5, 3)}, "from 0 on"),
        ({"checksum": "crc32"}, "choose one of luhn"),
    ],
)
def test_what_makes_no_sense_is_refused(wrong: dict[str, object], says: str) -> None:
    with pytest.raises(InputError, match=says):
        Expectation(**wrong)  # type: ignore[arg-type]


def test_the_search_ends() -> None:
    """Forty digits that may be anything, and a pattern that nothing fits: only the likeliest strings are tried."""
    few, many = (reading(*(digit(*((v, 0.1) for v in range(10))) for _ in range(count))) for count in (5, 40))
    assert constrain(many, Expectation(pattern="x")).expected is False
    seconds = [cpu_seconds(lambda line=line: constrain(line, Expectation(pattern="x"))) for line in (few, many)]
    assert seconds[1] < 30 * seconds[0]


def row_of(glyphs: np.ndarray) -> np.ndarray:
    """Return digits written side by side, with dark ink on light paper."""
    page = np.full((200, 40 + 130 * len(glyphs)), 215.0)
    for i, glyph in enumerate(glyphs):
        page[44:156, 30 + 130 * i : 142 + 130 * i] -= (
            165 / 255 * cv2.resize(glyph, (112, 112), interpolation=cv2.INTER_CUBIC)
        )
    return np.clip(page, 0, 255).astype(np.uint8)


def test_real_digits_are_mended_by_a_check_digit(reader: Reader, mnist_test: LabelledGlyphs) -> None:
    """Each digit that the model gets wrong by itself stands in a number whose last digit is a Luhn check digit."""
    probabilities = reader.classify(mnist_test.images).probabilities
    answers = probabilities.argmax(axis=1)
    wrong = np.flatnonzero(answers != mnist_test.labels)[:30]
    sure = {v: np.argsort(np.where(mnist_test.labels == v, -probabilities[:, v], 0))[:50] for v in range(10)}
    rng = np.random.default_rng(0)
    misread = mended = 0
    for index in wrong:
        others = [int(rng.choice(sure[v])) for v in rng.integers(0, 10, 4)]
        number = [*others[:2], int(index), *others[2:]]
        body = "".join(str(mnist_test.labels[i]) for i in number)
        check = next(c for c in "0123456789" if CHECKSUMS["luhn"](body + c))
        page = row_of(mnist_test.images[[*number, int(rng.choice(sure[int(check)]))]])
        plain = reader.read(page)
        if plain.text != body + check and len(plain.digits) == 6:
            misread += 1
            mended += constrain(plain, Expectation(length=6, checksum="luhn")).text == body + check
    assert misread >= 5
    assert mended >= 0.7 * misread


def test_a_rendered_number_is_left_as_it_is_where_it_fits(reader: Reader) -> None:
    image = draw_text("2021", size=(420, 200))
    plain = reader.read(image)
    constrained = reader.read(image, expect=Expectation(range=(1900, 2099)))
    assert constrained.text == plain.text == "2021"
    assert all(d.changed_from is None for d in constrained.digits)
    assert reader.read(image, expect=Expectation(range=(3000, 3999))).expected is False


def test_unreadable_digits_keep_their_alternatives() -> None:
    unsure = reading(digit((7, 0.41), (1, 0.38))).above(0.5)
    assert unsure.text == "?"
    assert unsure.as_dict()["digits"][0]["value"] is None
    assert unsure.as_dict()["digits"][0]["alternatives"] == [[7, 0.41], [1, 0.38]]
    assert constrain(unsure, Expectation(pattern="1")).text == "1"
