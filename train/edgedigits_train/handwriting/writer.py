"""Writers: what stays the same when one person writes many digits."""

from __future__ import annotations

import math
from bisect import bisect
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from zlib import crc32

import numpy as np

from edgedigits.arrays import Float64Array
from edgedigits_train.handwriting.letterforms import DIGITS, Letterform

BENDS = 6
"""How many smooth distortions of the plane a hand is made of, see :func:`bend`."""


@dataclass(frozen=True, eq=False)
class Writer:
    """One person's hand.

    Lengths are in heights of a digit. Two writers differ in every attribute; one writer's digits differ only by
    `looseness`, and by the paths that the pen takes from one to the next.

    Attributes:
        slant: shear; 0.2 leans 11° to the right.
        aspect: width factor of every character.
        turn: rotation of every character in radians, clockwise.
        bends: float64 (BENDS, 2), strengths of the smooth distortions of every character.
        quirk: standard deviation of what is this writer's own about each letterform.
        looseness: standard deviation of what changes each time.
        rounding: how far corners are cut, in half samples (0 to 5).
        tremor: amplitude of the shaking of the hand.
        pressure: how strongly width follows speed and pressure (0: an even line).
        taper: width of a stroke's ends as a factor of its middle.
        overshoot: how far strokes run beyond their ends (negative: fall short).
        spacing: gap between the digits of a number.
        drift: slope of the base line; positive falls.
        bounce: standard deviation of digits about the base line.
        habits: for each digit a number in [0, 1) that chooses the letterform.
        fickleness: how often another letterform than the habitual one is written.
        hand: seed of the quirks.
    """

    slant: float
    aspect: float
    turn: float
    bends: Float64Array
    quirk: float
    looseness: float
    rounding: int
    tremor: float
    pressure: float
    taper: float
    overshoot: float
    spacing: float
    drift: float
    bounce: float
    habits: Float64Array
    fickleness: float
    hand: int

    @classmethod
    def sample(cls, rng: np.random.Generator, tidiness: float = 0.0) -> Writer:
        """Draw a writer.

        Args:
            rng: source of randomness.
            tidiness: 0 draws from everybody, 1 only those who write like a copybook.

        Example:
            >>> Writer.sample(np.random.Generator(np.random.PCG64(1))).aspect > 0
            True
        """
        wild = 1.0 - 0.75 * tidiness
        normal = rng.standard_normal(7 + 2 * BENDS)
        uniform = rng.random(8)
        return cls(
            slant=0.10 + 0.22 * wild * normal[0],
            aspect=math.exp(0.13 + 0.22 * wild * normal[1]),
            turn=0.07 * wild * normal[2],
            bends=wild * normal[7:].reshape(BENDS, 2) * _BEND_STRENGTHS,
            quirk=wild * (0.010 + 0.032 * uniform[0]),
            looseness=wild * (0.006 + 0.018 * uniform[1]),
            rounding=int(6 * uniform[2] ** 1.5),
            tremor=wild * 0.009 * uniform[3] ** 2,
            pressure=0.5 * uniform[4],
            taper=0.55 + 0.45 * uniform[5],
            overshoot=0.04 * normal[4],
            spacing=0.22 + 0.20 * uniform[6],
            drift=0.03 * normal[5],
            bounce=0.01 + 0.03 * abs(normal[3]),
            habits=rng.random(10),
            fickleness=0.3 * uniform[7],
            hand=int(rng.integers(1 << 32)),
        )

    def form(self, digit: int, rng: np.random.Generator) -> Letterform:
        """The letterform this writer chooses for `digit` this time: nearly always the habitual one."""
        chance = rng.random(2)
        return choose(DIGITS[digit], self.habits[digit] if chance[0] >= self.fickleness else chance[1])

    def own(self, form: Letterform) -> Float64Array:
        """The control points (P, 2) of `form` as this writer has them in mind."""
        return _own(self, form)


_BEND_STRENGTHS = np.array([[0.05, 0.0], [0.05, 0.04], [0.035, 0.04], [0.03, 0.03], [0.03, 0.02], [0.0, 0.05]])


def bend(points: Float64Array, strengths: Float64Array) -> Float64Array:
    """Distort the plane smoothly, as hands do: bow, trapezoid, high or low waist.

    Args:
        points: float64 (P, 2), in heights of a digit.
        strengths: float64 (BENDS, 2), displacement in x and in y of each basis function.

    Returns:
        float64 (P, 2).
    """
    u, v = points[:, 0] / 0.3 - 1, 2 * points[:, 1] - 1
    basis = np.stack([v * v - 0.5, u * v, u * u - 0.5, v**3 - v, u * v * v, (v * v - 1) * 0.8], axis=1)
    bent: Float64Array = points + basis @ strengths
    return bent


@cache
def _ladder(forms: tuple[Letterform, ...]) -> list[float]:
    return [float(weight) for weight in np.cumsum([form.weight for form in forms])]


def choose(forms: Sequence[Letterform], chance: float) -> Letterform:
    """The letterform at `chance` in [0, 1) of the forms laid end to end by weight."""
    ladder = _ladder(tuple(forms))
    return forms[min(bisect(ladder, chance * ladder[-1]), len(forms) - 1)]


_QUIRKS = np.random.Generator(np.random.PCG64(1)).standard_normal((1 << 16, 2))


@lru_cache(maxsize=256)
def _own(writer: Writer, form: Letterform) -> Float64Array:
    # A place in a long table of random numbers, because a generator for each form and writer would take longer than
    # all the rest of the writing.
    place = (writer.hand + crc32((form.character + form.name).encode())) % (len(_QUIRKS) - len(form.points))
    return bend(form.points + writer.quirk * _QUIRKS[place : place + len(form.points)], writer.bends)
