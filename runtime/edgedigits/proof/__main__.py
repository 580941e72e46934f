"""`python -m edgedigits.proof ENGINE BUNDLE`: the golden glyphs through one engine, the results as JSON."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from pathlib import Path

from edgedigits.errors import EdgeDigitsError
from edgedigits.proof.replay import replay_here

try:
    engine, bundle = sys.argv[1:]
    sys.stdout.write(json.dumps([asdict(replay) for replay in replay_here(engine, Path(bundle))]))
except ValueError:
    sys.exit("usage: python -m edgedigits.proof ENGINE BUNDLE")
except EdgeDigitsError as error:
    sys.exit(str(error))
