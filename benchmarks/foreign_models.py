"""What export makes of models that plain Keras saved: `python benchmarks/foreign_models.py --json FILE`.

Trains a small model of each kind that people save, finds out what it takes, exports it in float and in 8 bits, scores
the files on MNIST's test images, and reads the photos in Images/ with the bundle. Rows are printed as they come.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))
from edgedigits.bundle import Bundle
from edgedigits.labelled import find_mnist
from edgedigits.labelled.photos import read_singles
from edgedigits_export.convert.formats import get_formats
from edgedigits_export.exporting import export_bundle
from edgedigits_export.foreign import adopt
from edgedigits_export.options import ExportOptions
from tests.export.foreign_models import KINDS, Images, load_images, save

ROOT = Path(__file__).parent.parent
FORMATS = ("tflite-float32", "onnx-float32", "tflite-int8", "onnx-int8")


@dataclass(frozen=True)
class Row:
    """A kind of model.

    Attributes:
        kind: which.
        file: what it was saved as.
        takes: what was found out that it takes.
        answers: what was found out that it answers.
        keras: its accuracy on the test images, 0 to 1.
        files: that of each exported file, by format.
        kept_float: layers that stayed in float in 8-bit files.
        singles: photos of one digit that were read right, and all of them.
        empties: photos without a digit that were left unread, and all of them.
    """

    kind: str
    file: str
    takes: str
    answers: str
    keras: float
    files: dict[str, float]
    kept_float: list[str]
    singles: tuple[int, int]
    empties: tuple[int, int]

    @property
    def cells(self) -> list[str]:
        """What a table says of it."""
        files = [f"{100 * self.files[name]:.2f}" for name in FORMATS]
        photos = [f"{right} of {count}" for right, count in (self.singles, self.empties)]
        return [self.kind, self.takes, self.answers, f"{100 * self.keras:.2f}", *files, *photos]


HEADING = ["kind", "takes", "answers", "Keras %", *(f"{name} %" for name in FORMATS), "digits read", "empty left"]


def measure(kind: str, images: Images, folder: Path) -> Row:
    """Make, export and try a model of a kind."""
    made = KINDS[kind]
    adopted = adopt(save(made.make(images), folder / made.file))
    options = ExportOptions(get_formats(FORMATS), keep_float=("auto",))
    bundle = export_bundle(adopted.model, folder / "bundle", options)
    return row(kind, made.file, dict(line.split(maxsplit=1) for line in adopted.lines), bundle)


def row(kind: str, file: str, told: dict[str, str], bundle: Bundle) -> Row:
    """Return what is to be said of a bundle."""
    read = read_singles(bundle.path, ROOT / "Images")
    assert read is not None
    return Row(
        kind,
        file,
        told["takes"],
        told["answers"],
        bundle.manifest["reference"]["accuracy"],
        {name: next(each.accuracy for each in bundle.files if each.format == name) for name in FORMATS},
        sorted({layer for entry in bundle.manifest["files"] for layer in entry["kept_float"]}),
        read.singles,
        read.empties,
    )


def line(cells: Sequence[str]) -> str:
    """Return a line of a table in Markdown."""
    return f"| {' | '.join(cells)} |"


def main() -> None:
    """Measure all kinds, or those that are named."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("kinds", nargs="*", metavar="KIND", help="of: " + ", ".join(KINDS))
    parser.add_argument("--json", type=Path, help="write the rows there, beside those of other kinds")
    chosen = parser.parse_args()
    if unknown := [kind for kind in chosen.kinds if kind not in KINDS]:
        parser.error(f"there is no kind {unknown[0]!r}; choose from {', '.join(KINDS)}")
    images = load_images(find_mnist())
    rows = {}
    if chosen.json and chosen.json.is_file():
        rows = {entry["kind"]: entry for entry in json.loads(chosen.json.read_text())}
    print(line(HEADING), line(["---"] * len(HEADING)), sep="\n", flush=True)
    for kind in chosen.kinds or KINDS:
        with tempfile.TemporaryDirectory(prefix="edgedigits-") as folder:
            measured = measure(kind, images, Path(folder))
        print(line(measured.cells), flush=True)
        rows[kind] = asdict(measured)
        if chosen.json:
            ordered = [rows[name] for name in KINDS if name in rows]
            chosen.json.write_text(json.dumps(ordered, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
