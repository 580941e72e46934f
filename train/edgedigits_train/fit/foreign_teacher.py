"""A model of any origin as a teacher: its answers are learnt by a recipe's network, which also learns what is none.

Training knows nothing of other people's models; `edgedigits export` does, and makes bundles of them. So a teacher is a
bundle, or becomes one first.
"""

from __future__ import annotations

import tempfile
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from edgedigits.bundle import MANIFEST, Bundle
from edgedigits.engines import Session, get_engine
from edgedigits.errors import InputError
from edgedigits.processes import usable_cores
from edgedigits_train.data.datasets import Dataset
from edgedigits_train.fit.exported import FORMAT, export_foreign

_NEVER = -30.0
"""A logit that no probability comes of: what a teacher has no class for, it never answers."""


@dataclass(frozen=True)
class ForeignTeacher:
    """An exported model that answers as a Keras model would.

    Attributes:
        session: runs it.
        labels: how many classes it has.
        classes: how many the pupil has.
        temperature: that makes its probabilities honest.
        digest: SHA-256 of its file.
    """

    session: Session
    labels: int
    classes: int
    temperature: float
    digest: str

    @property
    def output_shape(self) -> tuple[None, int]:
        """The shape of its answers."""
        return (None, self.classes)

    def predict_on_batch(self, glyphs: npt.NDArray[np.uint8]) -> npt.NDArray[np.float32]:
        """Return logits, float32 (N, C), of glyphs uint8 (N, 28, 28, 1)."""
        logits = np.full((len(glyphs), self.classes), _NEVER, np.float32)
        known = min(self.labels, self.classes)
        logits[:, :known] = np.asarray(self.session(glyphs))[:, :known] / np.float32(self.temperature)
        return logits


def load_teacher(path: Path, dataset: Dataset, *, progress: bool = False) -> ForeignTeacher:
    """Open a teacher.

    Args:
        path: a bundle; or a .keras or .h5 file or a SavedModel, which `edgedigits export` makes one of.
        dataset: what its pupil is trained on: the labels must be the same.
        progress: say on stderr that it is exported.

    Raises:
        InputError: it cannot be exported, or its labels are others.
    """
    is_bundle = (path / MANIFEST).is_file()
    with nullcontext(None) if is_bundle else tempfile.TemporaryDirectory(prefix="edgedigits-") as folder:
        if folder is not None:
            try:
                export_foreign(path, Path(folder) / "bundle", dataset, progress=progress)
            except InputError as error:
                raise InputError(f"The teacher cannot be used: {error}") from None
        bundle = Bundle.load(path if folder is None else Path(folder) / "bundle")
        file = next((each for each in bundle.files if each.format == FORMAT), bundle.files[0])
        content = file.read_verified()
        session = get_engine(next(iter(file.engines))).open(content, usable_cores())
    if bundle.classes != dataset.labels:
        raise InputError(
            f"{path} tells {', '.join(bundle.classes)}, and the data is of {', '.join(dataset.labels)}: a teacher must"
            " have the labels that are learnt, in the same order."
        )
    return ForeignTeacher(session, len(bundle.labels), dataset.classes, bundle.temperature, file.sha256)
