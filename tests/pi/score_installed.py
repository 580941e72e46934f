"""Runs in an installed system: what every file answers in every engine there, written as JSON.

python score_installed.py glyphs.npy answers.json
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np

from edgedigits.bundle import Bundle
from edgedigits.engines import ENGINES

glyphs = np.load(sys.argv[1])
bundle = Bundle.load()
answers = []
for file in bundle.files:
    for name in file.engines:
        engine = ENGINES[name]
        probe = engine.probe()
        if not probe.available:
            continue
        session = engine.open(file.read_verified(), 1)
        logits = np.concatenate([session(glyphs[i : i + 50]) for i in range(0, len(glyphs), 50)])
        answers.append(
            {"format": file.format, "precision": file.precision, "engine": name, "version": probe.detail}
            | {"logits": np.round(logits.astype(float), 5).tolist()}
        )
Path(sys.argv[2]).write_text(json.dumps(answers))
