"""The bundle: a folder with model files and the manifest that says what they are and what they were measured at."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from edgedigits.errors import BundleError, InputError
from edgedigits.finding.page import LABELS
from edgedigits.finding.tiles import TILE
from edgedigits.glyphs import CONTRACT
from edgedigits.manifest import MANIFEST, VERSION, Fields, parse_manifest, parse_version, read_manifest
from edgedigits.signatures import signed_digests

__all__ = ["BUNDLED", "MANIFEST", "SCHEMA", "Bundle", "DigitScore", "ModelFile", "PageModel", "read_verified"]

SCHEMA = 1
DIGITS = tuple("0123456789")
NONE = "none"
"""The label of what is none of the others."""
UNREADABLE_BELOW = 0.3
"""Confidence below which a digit is not told, where the manifest does not say: on real photos no right answer has so
little, while from 0.5 on right ones were lost."""
TEMPERATURES = (0.1, 10.0)
"""What a temperature may be: beyond, all digits are equally likely or none is ever doubtful."""
_MOST_MODEL_BYTES = 1 << 30
BUNDLED = Path(__file__).parent / "bundled"
"""The bundle that is shipped inside the runtime package."""


@dataclass(frozen=True)
class DigitScore:
    """How 'there is no digit here' is told from the logits.

    Attributes:
        method: "max-probability" (the largest calibrated probability of a label) or "outlier-class" (one minus the
            probability of a last class of its own).
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
        return read_verified(self.path, self.size, self.sha256)


@dataclass(frozen=True)
class PageModel:
    """The page network of a bundle.

    Attributes:
        files: its model files, the preferred ones first.
    """

    files: tuple[ModelFile, ...]


def read_verified(path: Path, size: int, sha256: str) -> bytes:
    """Return the content of a model file, which nothing else may read: engines get what has passed here.

    Args:
        path: where it lies.
        size: bytes that it has to have; no more are read.
        sha256: hexadecimal digest that it has to have.

    Raises:
        BundleError: it is missing or another one.
    """
    try:
        # asked before it is opened: a pipe of that name would keep us waiting
        content = b""
        if path.is_file():
            with path.open("rb") as file:
                content = file.read(size + 1)
        else:
            path.stat()
    except OSError as error:
        raise BundleError(
            f"{path} cannot be read ({error.strerror}), though the bundle's manifest lists it;"
            " copy the whole bundle folder again or run `make export`."
        ) from error
    if len(content) != size or hashlib.sha256(content).hexdigest() != sha256:
        raise BundleError(
            f"{path} does not match its SHA-256 in {MANIFEST}: it was changed or copied in part;"
            " copy the whole bundle folder again or run `make export`."
        )
    return content


@dataclass(frozen=True)
class Bundle:
    """A bundle's manifest, read and checked. `load` makes one.

    Attributes:
        path: the folder.
        files: the classifier's model files, the preferred ones first.
        page: the page network; None where the bundle has none, and the one inside the package serves.
        labels: what the outputs stand for, in their order; the last is "none" where there is a class for 'no digit'.
        temperature: the logits are divided by it before the softmax.
        digit_score: how 'no digit' is told.
        confidence_threshold: digits that the reader finds with less confidence are unreadable; the manifest may say.
        version: of this bundle, such as "1.4", as its publisher counts; None where it has none.
        manifest: the whole manifest as it was read, provenance included.
    """

    path: Path
    files: tuple[ModelFile, ...]
    labels: tuple[str, ...]
    temperature: float
    digit_score: DigitScore
    confidence_threshold: float
    version: str | None
    manifest: Mapping[str, Any]
    page: PageModel | None = None

    @property
    def all_files(self) -> tuple[ModelFile, ...]:
        """The model files of the classifier and of the page network."""
        return self.files + (self.page.files if self.page else ())

    @classmethod
    def load(
        cls, path: str | Path | None = None, *, verify: str | Path | None = None, at_least: str | None = None
    ) -> Bundle:
        """Read a bundle's manifest. The model files themselves are checked when an engine opens them.

        Args:
            path: a bundle folder, or None for the one inside the package.
            verify: file of a public key (PEM): take the bundle only if it is as the owner of this key signed it.
                Needs the extra `verify`.
            at_least: the oldest version of the bundle that is taken, such as "1.4": what was signed once stays signed,
                and who can put an old bundle in the place of a new one would bring its faults back.

        Raises:
            BundleError: no bundle lies there, its manifest is damaged, it was made for another glyph normalisation or
                a newer edgedigits, it is older than `at_least` or has no version, or it is not signed with that key or
                was changed since.
            InputError: the key cannot be read, the extra `verify` is not installed, or `at_least` is no version.

        Example:
            >>> Bundle.load().labels[:3]
            ('0', '1', '2')
        """
        folder = Path(path) if path is not None else BUNDLED
        content = read_manifest(folder)
        # the bytes that are parsed below are those that are held against the signature here
        signed = signed_digests(folder, Path(verify)) if verify is not None else None
        if signed is not None:
            _check_signed(folder, MANIFEST, hashlib.sha256(content).hexdigest(), signed)
        fields = parse_manifest(content, folder / MANIFEST)
        _check_compatible(folder, fields)
        bundle = _parse_bundle(folder, fields)
        for file in bundle.all_files if signed is not None else ():
            _check_signed(folder, file.path.name, file.sha256, signed or {})
        if at_least is not None:
            _check_version(bundle, at_least)
        return bundle

    @property
    def classes(self) -> tuple[str, ...]:
        """The labels that `Reader.classify` gives probabilities for: all but 'no digit'."""
        return self.labels[:-1] if self.digit_score.method == "outlier-class" else self.labels

    def check_digits(self) -> None:
        """Make sure that pages can be read with it.

        Raises:
            BundleError: the digits are not among its labels.
        """
        if not set(DIGITS) <= set(self.classes):
            raise BundleError(
                f"The bundle at {self.path} tells {', '.join(self.classes)}, and reading a page takes 0 to 9;"
                " for pictures of one character each use `edgedigits predict --crops`, or Reader.classify."
            )

    def verify(self) -> None:
        """Check every file against the manifest.

        Raises:
            BundleError: the first file that is missing or was changed.
        """
        for file in self.all_files:
            file.read_verified()

    def save(self, folder: Path) -> None:
        """Write the manifest and the model files, as they were read and checked, into a folder.

        Raises:
            BundleError: a file is missing or was changed.
        """
        for file in self.all_files:
            (folder / file.path.name).write_bytes(file.read_verified())
        (folder / MANIFEST).write_text(json.dumps(self.manifest), encoding="utf-8")


def _check_signed(folder: Path, name: str, sha256: str, signed: Mapping[str, str]) -> None:
    if signed.get(name) != sha256:
        raise BundleError(
            f"The bundle at {folder} is not as it was signed: its signature is not for this {name}; do not use it,"
            " and copy it again from where it was published."
        )


def _check_version(bundle: Bundle, at_least: str) -> None:
    floor = parse_version(at_least)
    if floor is None:
        raise InputError(f"{at_least!r} is no version of a bundle; write numbers with dots between them, such as 1.4.")
    if bundle.version is None:
        raise BundleError(
            f"The bundle at {bundle.path} has no version, and {at_least} at least is asked for; export it with"
            " --bundle-version."
        )
    if (parse_version(bundle.version) or ()) < floor:
        raise BundleError(
            f"The bundle at {bundle.path} has version {bundle.version}, and {at_least} at least is asked for; copy a"
            " newer one from where it is published."
        )


def _check_compatible(folder: Path, fields: Fields) -> None:
    schema = fields.values.get("schema")
    if schema != SCHEMA or not isinstance(schema, int) or isinstance(schema, bool):
        raise BundleError(
            f"The bundle at {folder} has schema {repr(schema)[:20]}, this edgedigits reads schema {SCHEMA};"
            " update edgedigits, or export the model again with this version."
        )
    if fields.values.get("normalisation") != CONTRACT.digest:
        raise BundleError(
            f"The bundle at {folder} was trained with another glyph normalisation than this edgedigits has,"
            " and would answer wrongly; train and export again with this version."
        )


def _parse_bundle(folder: Path, fields: Fields) -> Bundle:
    labels = fields.texts("labels")
    if len(labels) < 2 or len(set(labels)) < len(labels):
        raise fields.error("labels", "a list of at least two different labels")
    if NONE in labels[:-1]:
        raise fields.error("labels", f'a list in which "{NONE}" is the last')
    if "output" in fields and fields.table("output").whole("classes", 2, 10_000) != len(labels):
        raise fields.error("output", "a table with as many classes as there are labels")
    # these are not used here, but shown or judged with elsewhere
    fields.table("provenance").check_printable()
    files = tuple(_parse_file(folder, entry) for entry in fields.tables("files"))
    page = _parse_page(folder, fields.table("page")) if "page" in fields else None
    everything = files + (page.files if page else ())
    if len({file.path for file in everything}) < len(everything):
        raise fields.error("files", "a list of files with different names")
    return Bundle(
        path=folder,
        files=files,
        labels=labels,
        temperature=fields.number("temperature", *TEMPERATURES),
        digit_score=_parse_digit_score(fields.table("digit_score"), labels[-1] == NONE),
        confidence_threshold=fields.number("confidence_threshold", 0, 1, default=UNREADABLE_BELOW),
        version=fields.text("version", VERSION, 'a version such as "1.4"') if "version" in fields else None,
        manifest=fields.values,
        page=page,
    )


def _parse_page(folder: Path, fields: Fields) -> PageModel:
    if fields.texts("labels") != LABELS or fields.table("input").whole("side", 1, 10_000) != TILE:
        raise BundleError(
            f"The page network of the bundle at {folder} answers otherwise than this edgedigits reads;"
            " update edgedigits, or export the network again with this version."
        )
    return PageModel(tuple(_parse_file(folder, entry) for entry in fields.tables("files")))


def _parse_digit_score(fields: Fields, has_none: bool) -> DigitScore:
    method = fields.text("method", "max-probability|outlier-class", "max-probability or outlier-class")
    if (method == "outlier-class") != has_none:
        raise fields.error("method", f'outlier-class where "{NONE}" is the last label, and max-probability elsewhere')
    return DigitScore(method, fields.number("threshold", 0, 1))


def _parse_file(folder: Path, fields: Fields) -> ModelFile:
    name = fields.text("name")
    if re.search(r"[/\\:]", name) or name in (".", "..", MANIFEST):
        raise BundleError(f"{folder / MANIFEST} names a file outside the bundle ({name!r}); do not use it.")
    if "allowed" in fields:
        fields.texts("allowed")
    if "max_probability_difference" in fields:
        fields.number("max_probability_difference", 0, 1)
    return ModelFile(
        path=folder / name,
        format=fields.text("format"),
        precision=fields.text("precision"),
        sha256=fields.text("sha256", "[0-9a-f]{64}", "a SHA-256 of 64 hexadecimal digits"),
        size=fields.whole("bytes", 1, _MOST_MODEL_BYTES),
        accuracy=fields.number("accuracy", 0, 1),
        agreement=fields.number("agreement", 0, 1),
        engines=fields.table_of_texts("engines"),
    )
