"""Whether a model that came over the network may read here."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from edgedigits.bundle import Bundle
from edgedigits.engines import ENGINES
from edgedigits.errors import BundleError
from edgedigits.proof import prove_bundle, read_photo


def prove_model(folder: Path, progress: Callable[[str], None] = lambda _: None) -> None:
    """Replay the golden glyphs with a bundle in every engine that is here, and read a photo with it.

    Args:
        folder: the bundle.
        progress: is told what is being tried.

    Raises:
        BundleError: one of its files answers wrongly in an engine that may run it, or it cannot read at all.
    """
    bundle = Bundle.load(folder)
    proofs = prove_bundle(folder, bundle.manifest, list(ENGINES), progress)
    for proof in proofs:
        if proof.replay.format and proof.fault:
            raise BundleError(
                f"The new model does not read here: {proof.replay.format} in {proof.replay.engine}: {proof.fault};"
                " export it again on a machine where `edgedigits export` passes."
            )
    if not any(proof.sound for proof in proofs):
        raise BundleError(
            "The new model does not read here: none of its files is for an engine of this machine; export it with"
            f" one of the formats {', '.join(sorted({file.format for file in Bundle.load().files}))}."
        )
    progress("photo")
    photo = read_photo(folder)
    if photo.failure or not photo.text:
        raise BundleError(
            f"The new model does not read a photo here ({photo.failure or 'it finds no digit'}); the one in use stays."
        )
