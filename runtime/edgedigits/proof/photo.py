"""A photo that comes with the package, read by the very command that users call."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass
from pathlib import Path

from edgedigits.proof.child import ask

PHOTO = Path(__file__).with_name("photo.jpeg")
PHOTO_TEXT = "665226"


@dataclass(frozen=True)
class PhotoProof:
    """How `edgedigits predict` read the photo.

    Attributes:
        text: what it read.
        seconds: that the whole command took.
        failure: why it could not be read; "" where it could, rightly or not.
    """

    text: str
    seconds: float
    failure: str = ""


def read_photo(bundle: Path | None = None) -> PhotoProof:
    """Run `edgedigits predict` on the photo.

    Args:
        bundle: the model that reads; None for the one that `predict` takes by itself.
    """
    start = time.perf_counter()
    chosen = ["--bundle", str(bundle)] if bundle is not None else []
    answer = ask(["-m", "edgedigits", "predict", str(PHOTO), "--format", "jsonl", *chosen])
    seconds = time.perf_counter() - start
    nothing_readable = 3
    if answer.failure and answer.code != nothing_readable:
        return PhotoProof("", seconds, answer.failure)
    return PhotoProof(str(json.loads(answer.output)["text"]), seconds)
