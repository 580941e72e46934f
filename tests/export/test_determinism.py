"""Two exports of one model are byte-identical, whatever process they are made in."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from pathlib import Path

from edgedigits.bundle import Bundle

CONVERT_ALL = """
import hashlib, json, sys
from pathlib import Path
from edgedigits_export.exporting import make_reference
from edgedigits_export.convert.formats import FORMATS
from edgedigits_export.publish.manifest import model_facts
from edgedigits_export.silence import silenced
from edgedigits_export.source import TrainedModel
from edgedigits_export.making import make_content

with silenced():
    trained = TrainedModel.load(Path(sys.argv[1]))
    facts = model_facts(trained, make_reference(trained))
    contents = {name: make_content(format, trained, facts) for name, format in reversed(FORMATS.items())}
print(json.dumps({name: hashlib.sha256(content).hexdigest() for name, content in contents.items()}))
"""


def test_another_process_makes_the_same_bytes(trained: Path, bundle: Bundle) -> None:
    converted = subprocess.run(
        [sys.executable, "-c", CONVERT_ALL, str(trained)],
        env={**os.environ, "PYTHONHASHSEED": "4711"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert json.loads(converted.stdout) == {file.format: file.sha256 for file in bundle.files}
    for file in bundle.files:
        assert hashlib.sha256(file.path.read_bytes()).hexdigest() == file.sha256
