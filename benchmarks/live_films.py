"""How steady live reading is on real films whose truth is known: what single frames say, and what is published.

    python benchmarks/live_films.py FOLDER

The folder holds films and truth.json: of each film its segments of frames, with the rows of digits that are in view, or
its digits in any order.
"""

from __future__ import annotations

import json
import sys
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from edgedigits import Reader
from edgedigits.live import watch


@dataclass
class Tally:
    """What texts were worth, frame by frame.

    Attributes:
        exact, wrong, unsure: frames of which the text is right, names a digit that is not there, or has a "?".
        changes: how often it changed while the truth did not.
    """

    exact: int = 0
    wrong: int = 0
    unsure: int = 0
    changes: int = 0
    before: tuple[int, str] = field(default=(-1, ""))

    def add(self, text: str, truth: dict[str, Any], segment: int) -> None:
        """Take in the text of a frame."""
        self.changes += self.before[0] == segment and self.before[1] != text
        self.before = (segment, text)
        written = Counter(
            str(digit) for digit in truth.get("digits", [d for row in truth.get("rows", []) for d in row])
        )
        told = Counter(text.replace("\n", ""))
        rows = ["".join(map(str, row)) for row in truth["rows"]] if "rows" in truth else None
        self.exact += text.split("\n") == rows if rows else told == written
        self.unsure += "?" in told
        said = told - Counter("?" * told["?"])
        self.wrong += bool(said - written)


def measure(folder: Path) -> None:
    """Print a line for each film."""
    reader = Reader()
    for film in json.loads((folder / "truth.json").read_text()):
        raw, published, frames, seconds = Tally(), Tally(), 0, 0.0
        for moment in watch(str(folder / film["file"]), reader):
            seconds = moment.seconds
            index = moment.frame.index if moment.frame else 0
            for number, segment in enumerate(film["segments"]):
                if segment["frames"][0] <= index <= segment["frames"][1] and not segment.get("ignore"):
                    frames += 1
                    raw.add(moment.raw, segment, number)
                    published.add(moment.published, segment, number)
        print(f"{film['file']}: {frames} frames")
        for name, tally in (("raw", raw), ("published", published)):
            print(
                f"  {name:<10} exact {tally.exact}, wrong {tally.wrong}, with a ? {tally.unsure}, "
                f"{tally.changes / max(seconds, 1e-9):.1f} changes a second",
                flush=True,
            )


if __name__ == "__main__":
    measure(Path(sys.argv[1]))
