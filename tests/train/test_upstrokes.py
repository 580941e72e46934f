"""The bundled model reads a 1 whose upstroke comes from the line: Λ, which is a letter elsewhere."""

from __future__ import annotations

import numpy as np

from edgedigits import Reader
from edgedigits_train.handwriting.glyphs import draw_glyph, sample_nib, write
from edgedigits_train.handwriting.letterforms import DIGITS
from edgedigits_train.handwriting.writer import Writer


def test_ones_whose_upstroke_comes_from_the_line_are_read() -> None:
    (form,) = (form for form in DIGITS[1] if form.name == "flag from the line")
    rng = np.random.Generator(np.random.PCG64(0))
    glyphs = np.array([draw_glyph(write(form, Writer.sample(rng), rng), sample_nib(rng)) for _ in range(300)])
    probabilities, digit_scores = Reader().classify(glyphs)
    read = (probabilities.argmax(axis=1) == 1) & (digit_scores > 0.5)
    assert read.mean() > 0.95
