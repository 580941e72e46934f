"""Expectation: what is known of the numbers in an image beforehand, used to choose among what its digits may be.

A number that must have four digits, lie in a range or end in a check digit rules out most ways of misreading it. The
strings that the digits of a line may form are gone through from the likeliest on (best-first search over the ranks of
each digit's candidates, each string once: Lawler, "A procedure for computing the K best solutions", 1972), and the
first that fits is taken.
"""

from __future__ import annotations

import heapq
import math
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

from edgedigits.digit import Digit
from edgedigits.errors import InputError
from edgedigits.reading import Reading

MOST_STRINGS = 20_000
"""Strings that are tried for one line, the likeliest first. Where none of them fits, nothing does."""
_NEGLIGIBLE = 0.01
"""The search ends when what is left is no likelier than this share of what fits: it would not change a confidence."""
_LEAST_LIKELY = 0.001


def _luhn(text: str) -> bool:
    doubled = [sum(divmod(2 * int(c), 10)) for c in text[-2::-2]]
    return (sum(doubled) + sum(int(c) for c in text[-1::-2])) % 10 == 0


def _mod11(text: str) -> bool:
    return sum(weight * int(c) for weight, c in enumerate(reversed(text), 1)) % 11 == 0


def _mod97(text: str) -> bool:
    return int(text) % 97 == 1


def _ean(text: str) -> bool:
    return (sum(int(c) for c in text[-1::-2]) + 3 * sum(int(c) for c in text[-2::-2])) % 10 == 0


def _damm(text: str) -> bool:
    interim = 0
    for c in text:
        interim = _DAMM[interim][int(c)]
    return interim == 0


# the quasigroup of H. Michael Damm's thesis (2004)
_DAMM = tuple(
    tuple(map(int, row))
    for row in (
        "0317598642", "7092154863", "4206871359", "1750983426", "6123045978",
        "3674209581", "5869720134", "8945362017", "9438617205", "2581436790",
    )
)  # fmt: skip

CHECKSUMS: dict[str, Callable[[str], bool]] = {
    "luhn": _luhn,
    "mod11": _mod11,
    "mod97": _mod97,
    "ean8": lambda text: len(text) == 8 and _ean(text),
    "ean13": lambda text: len(text) == 13 and _ean(text),
    "damm": _damm,
}
"""Tells whether a string of digits, its check digits included, is valid. luhn: payment cards, IMEI (ISO/IEC 7812-1);
mod11: ISBN-10, weights 1, 2, 3, … from the right; mod97: ISO 7064 MOD 97-10; ean8, ean13: GS1."""


@dataclass(frozen=True)
class Expectation:
    """What every line of an image must be. What is None is not asked for.

    Attributes:
        pattern: a regular expression that the whole line matches.
        length: how many digits it has.
        range: the least and the greatest number that it may be.
        checksum: key of `CHECKSUMS`.

    Raises:
        InputError: the pattern is no regular expression, the range is empty, or there is no such checksum.

    Example:
        >>> Expectation(length=4, range=(1900, 2099)).accepts("2021")
        True
    """

    pattern: str | None = None
    length: int | None = None
    range: tuple[int, int] | None = None
    checksum: str | None = None

    def __post_init__(self) -> None:
        if self.pattern is not None:
            if not self.pattern:
                raise InputError("The pattern is empty, which no digits match; four digits are '\\d{4}'.")
            try:
                re.compile(self.pattern)
            except (re.error, OverflowError, RecursionError) as error:
                raise InputError(
                    f"{self.pattern!r} is no regular expression ({error}); four digits are '\\d{{4}}'."
                ) from error
        if self.length is not None and self.length < 1:
            raise InputError(f"A line of {self.length} digits is none; name a length of at least 1.")
        if self.range is not None and not 0 <= self.range[0] <= self.range[1]:
            raise InputError(
                f"No number lies in {self.range[0]}..{self.range[1]}; name the least one first, from 0 on."
            )
        if self.checksum is not None and self.checksum not in CHECKSUMS:
            raise InputError(f"No checksum is called {self.checksum!r}; choose one of {', '.join(CHECKSUMS)}.")

    def accepts(self, text: str) -> bool:
        """Tell whether a line of digits is as expected."""
        return (
            (self.length is None or len(text) == self.length)
            and (self.range is None or self.range[0] <= int(text) <= self.range[1])
            and (self.checksum is None or CHECKSUMS[self.checksum](text))
            and (self.pattern is None or re.fullmatch(self.pattern, text) is not None)
        )


def constrain(reading: Reading, expectation: Expectation) -> Reading:
    """Return the reading that is as expected, line by line, the likeliest such.

    Digits are chosen among their candidates, never added or dropped. Their confidences become those that they have
    among the strings that fit. A line of which no string fits stays as it was read: `expected` is False, and
    `unexpected_lines` names it.

    Args:
        reading: of any image; unreadable digits are chosen among what they may be, like the others.
        expectation: what each of its lines must be.

    Example:
        >>> seven = Digit(7, 0.55, (0, 0, 9, 9), alternatives=((1, 0.45),))
        >>> reading = constrain(Reading((seven,), (9, 9)), Expectation(range=(0, 5)))
        >>> reading.text, reading.digits[0].changed_from, reading.expected
        ('1', 7, True)
    """
    lines: dict[int, list[Digit]] = {}
    for digit in reading.digits:
        lines.setdefault(digit.line, []).append(digit)
    fitted = {number: _fit(line, expectation) for number, line in lines.items()}
    digits = [digit for number, line in lines.items() for digit in fitted[number] or line]
    misfits = tuple(number for number, line in fitted.items() if not line)
    return replace(reading, digits=tuple(digits), expected=bool(lines) and not misfits, unexpected_lines=misfits)


def _fit(line: Sequence[Digit], expectation: Expectation) -> list[Digit]:
    """Return a line's digits in the likeliest string that fits; empty where none does."""
    if expectation.length not in (None, len(line)):
        return []
    fits: list[tuple[str, float]] = []
    fitting, left = 0.0, math.prod(sum(share for _, share in digit.candidates) for digit in line)
    for count, (text, probability) in enumerate(_strings([digit.candidates for digit in line]), 1):
        if expectation.accepts(text):
            fits.append((text, probability))
            fitting += probability
        left -= probability
        if count == MOST_STRINGS or (fits and left <= _NEGLIGIBLE * fitting):
            break
    if not fits:
        return []
    best = fits[0][0]
    return [
        _settled(digit, int(best[i]), [(int(text[i]), p / fitting) for text, p in fits]) for i, digit in enumerate(line)
    ]


def _settled(digit: Digit, value: int, shares: Sequence[tuple[int, float]]) -> Digit:
    """Return a digit with another value, and the probabilities that the strings that fit give it."""
    total = [sum(share for v, share in shares if v == candidate) for candidate in range(10)]
    others = sorted(((v, p) for v, p in enumerate(total) if v != value and p >= _LEAST_LIKELY), key=lambda vp: -vp[1])
    changed = None if value == digit.value else digit.value
    return replace(
        digit, value=value, confidence=min(total[value], 1.0), alternatives=tuple(others), changed_from=changed
    )


def _strings(candidates: Sequence[Sequence[tuple[int, float]]]) -> Iterator[tuple[str, float]]:
    """Yield the strings that candidates, each with its probability, can form, the likeliest first."""
    first = tuple(0 for _ in candidates)
    heap = [(-math.prod(column[0][1] for column in candidates), first, 0)]
    while heap:
        negative, ranks, start = heapq.heappop(heap)
        yield "".join(str(column[rank][0]) for column, rank in zip(candidates, ranks, strict=True)), -negative
        # a string is reached only from that with its last changed digit one rank better: each is reached once
        for i in range(start, len(candidates)):
            rank = ranks[i]
            if rank + 1 < len(candidates[i]):
                worse = negative * candidates[i][rank + 1][1] / candidates[i][rank][1]
                heapq.heappush(heap, (worse, (*ranks[:i], rank + 1, *ranks[i + 1 :]), i))
