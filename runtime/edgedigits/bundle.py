"""The bundle: a folder with model files and the manifest that says what they are and what they were measured at."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from edgedigits.errors import BundleError
from edgedigits.glyphs import CONTRACT
from edgedigits.signatures import verify_signature

SCHEMA = 1
MANIFEST = "manifest.json"
UNREADABLE_BELOW = 0.3
"""Confidence below which a digit is not told, where the manifest does not say: on real photos no right answer has so
little, while from 0.5 on right ones were lost."""
BUNDLED = Path(__file__).parent / "bundled"
"""The bundle that is shipped inside the runtime package."""


@dataclass(frozen=True)
class DigitScore:
    """How 'there is no digit here' is told from the logits.

    Attributes:
        method: "max-probability" (the largest calibrated probability of the ten digits) or
            "outlier-class" (one minus the probability of an eleventh class).
        threshold: crops that score below it are no digits.
    """

    method: str
    threshold: float


@dataclass(frozen=True)
class ModelFile:
    """One model file of a bundle.

    Attributes:
        path: where the file lies.
        format: name of the export format, such as "onnx-int8".
        precision: "float32" or "int8".
        sha256: hexadecimal digest of the content.
        size: bytes.
        accuracy: share of the evaluation images that the file answers right, 0 to 1.
        agreement: share of the evaluation images on which it answers as the Keras model does, 0 to 1.
        engines: the engines in which the file passed the gate, with the version that was measured.
    """

    path: Path
    format: str
    precision: str
    sha256: str
    size: int
    accuracy: float
    agreement: float
    engines: Mapping[str, str]

    def read_verified(self) -> bytes:
        """Return the file's content after its hash was checked.

        Raises:
            BundleError: the file is missing or is not the one that the manifest describes.
        """
        try:
            content = self.path.read_bytes()
        except OSError as error:
            raise BundleError(
                f"{self.path} cannot be read ({error.strerror}), though the bundle's manifest lists it;"
                " copy the whole bundle folder again or run `make export`."
            ) from error
        if hashlib.sha256(content).hexdigest() != self.sha256:
            raise BundleError(
                f"{self.path} does not match its SHA-256 in {MANIFEST}: it was changed or copied in part;"
                " copy the whole bundle folder again or run `make export`."
            )
        return content


@dataclass(frozen=True)
class Bundle:
    """A bundle's manifest, read and checked. `load` makes one.

    Attributes:
        path: the folder.
        files: the model files, the preferred ones first.
        labels: what the outputs stand for, "0" to "9" first.
        temperature: the logits are divided by it before the softmax.
        digit_score: how 'no digit' is told.
        confidence_threshold: digits that the reader finds with less confidence are unreadable; the manifest may say.
        manifest: the whole manifest as it was read, provenance included.
    """

    path: Path
    files: tuple[ModelFile, ...]
    labels: tuple[str, ...]
    temperature: float
    digit_score: DigitScore
    confidence_threshold: float
    manifest: Mapping[str, Any]

    @classmethod
    def load(cls, path: str | Path | None = None, *, verify: str | Path | None = None) -> Bundle:
        """Read a bundle's manifest. The model files themselves are checked when an engine opens them.

        Args:
            path: a bundle folder, or None for the one inside the package.
            verify: file of a public key (PEM): take the bundle only if it is as the owner of this key signed it.
                Needs the extra `verify`.

        Raises:
            BundleError: no bundle lies there, its manifest is damaged, it was made for another glyph normalisation or
                a newer edgedigits, or it is not signed with that key or was changed since.
            InputError: the key cannot be read, or the extra `verify` is not installed.

        Example:
            >>> Bundle.load().labels[:3]
            ('0', '1', '2')
        """
        folder = Path(path) if path is not None else BUNDLED
        manifest = _read_manifest(folder)
        if verify is not None:
            # after the manifest is read: files are read later, and held against the digests in it
            verify_signature(folder, Path(verify))
        _check_compatible(folder, manifest)
        try:
            return cls(
                path=folder,
                files=tuple(_model_file(folder, entry) for entry in manifest["files"]),
                labels=tuple(manifest["labels"]),
                temperature=float(manifest["temperature"]),
                digit_score=DigitScore(manifest["digit_score"]["method"], float(manifest["digit_score"]["threshold"])),
                confidence_threshold=float(manifest.get("confidence_threshold", UNREADABLE_BELOW)),
                manifest=manifest,
            )
        except (KeyError, TypeError, ValueError) as error:
            raise BundleError(
                f"{folder / MANIFEST} lacks or misspells a field ({error!r}); run `make export` to make it anew."
            ) from error

    def verify(self) -> None:
        """Check every file against the manifest.

        Raises:
            BundleError: the first file that is missing or was changed.
        """
        for file in self.files:
            file.read_verified()


def _read_manifest(folder: Path) -> dict[str, Any]:
    path = folder / MANIFEST
    try:
        manifest = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise BundleError(
            f"No bundle at {folder}: {MANIFEST} cannot be read ({error.strerror});"
            " point to a folder that `edgedigits export` wrote, or leave the option out for the bundled model."
        ) from error
    except ValueError as error:
        raise BundleError(
            f"{path} is damaged ({error}); copy it again or run `make export` to make it anew."
        ) from error
    if not isinstance(manifest, dict):
        raise BundleError(f"{path} is not a manifest; run `make export` to make it anew.")
    return manifest


def _check_compatible(folder: Path, manifest: Mapping[str, Any]) -> None:
    schema = manifest.get("schema")
    if schema != SCHEMA:
        raise BundleError(
            f"The bundle at {folder} has schema {schema!r}, this edgedigits reads schema {SCHEMA};"
            " update edgedigits, or export the model again with this version."
        )
    if manifest.get("normalisation") != CONTRACT.digest:
        raise BundleError(
            f"The bundle at {folder} was trained with another glyph normalisation than this edgedigits has,"
            " and would answer wrongly; train and export again with this version."
        )


def _model_file(folder: Path, entry: Mapping[str, Any]) -> ModelFile:
    name = str(entry["name"])
    if Path(name).name != name:
        raise BundleError(f"{folder / MANIFEST} names a file outside the bundle ({name!r}); do not use it.")
    return ModelFile(
        path=folder / name,
        format=str(entry["format"]),
        precision=str(entry["precision"]),
        sha256=str(entry["sha256"]),
        size=int(entry["bytes"]),
        accuracy=float(entry["accuracy"]),
        agreement=float(entry["agreement"]),
        engines={str(name): str(version) for name, version in entry["engines"].items()},
    )
