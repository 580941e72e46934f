"""Makes runtime/edgedigits/proof/glyphs.npz: the clear digits that `edgedigits doctor` replays through every engine.

    python benchmarks/golden_glyphs.py

Six of each digit, rendered in copybook writing; each is one of which the bundled model is sure, so that a sound file of
any model reads it.
"""

from __future__ import annotations

import numpy as np

from edgedigits import Reader
from edgedigits.proof.replay import GLYPHS
from edgedigits_train.handwriting.glyphs import render_glyphs

EACH = 6

glyphs, labels = render_glyphs(600, seed=2029, tidiness=1.0)
probabilities, scores = Reader(format="onnx-float32").classify(glyphs)
sure = (probabilities.argmax(axis=1) == labels) & (probabilities.max(axis=1) > 0.97) & (scores > 0.985)
chosen = np.concatenate([np.flatnonzero(sure & (labels == digit))[:EACH] for digit in range(10)])
assert len(chosen) == 10 * EACH
np.savez_compressed(GLYPHS, glyphs=glyphs[chosen], labels=labels[chosen])
print(f"{GLYPHS}: {GLYPHS.stat().st_size:,} bytes")
