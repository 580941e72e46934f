"""The whole examination: what is found, whether it reads, and what to take."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from edgedigits.bundle import BUNDLED, Bundle
from edgedigits.diagnosis.cameras import examine_cameras
from edgedigits.diagnosis.finding import Finding, Grade
from edgedigits.diagnosis.packages import examine_packages, version_of
from edgedigits.diagnosis.surroundings import examine_surroundings
from edgedigits.engines import ENGINES, Engine
from edgedigits.errors import EdgeDigitsError
from edgedigits.offers import install_command
from edgedigits.processes import usable_cores
from edgedigits.proof import PHOTO_TEXT, PhotoProof, Proof, prove_bundle, read_photo

Progress = Callable[[str], None]
"""Is told what is being examined."""


@dataclass(frozen=True)
class Diagnosis:
    """What was found.

    Attributes:
        version: of edgedigits.
        findings: in the order in which a reader wants them.
        proofs: every file in every engine, judged by golden glyphs.
        photo: how the photo that comes with the package was read.
        recommended: the fastest file that is sound here, in its engine; None where none is.
        reads: whether reading works.
    """

    version: str
    findings: tuple[Finding, ...]
    proofs: tuple[Proof, ...]
    photo: PhotoProof
    recommended: Proof | None
    reads: bool

    def as_dict(self) -> dict[str, Any]:
        """Return everything as plain values, for JSON."""
        engines = [
            {
                **{name: value for name, value in asdict(proof.replay).items() if name != "probabilities"},
                "sound": proof.sound,
                "fault": proof.fault,
            }
            for proof in self.proofs
        ]
        best = self.recommended.replay if self.recommended else None
        return {
            "edgedigits": self.version,
            "reads": self.reads,
            "findings": [{**asdict(finding), "grade": finding.grade.value} for finding in self.findings],
            "engines": engines,
            "photo": {**asdict(self.photo), "expected": PHOTO_TEXT},
            "recommended": {"engine": best.engine, "format": best.format} if best else None,
        }


def diagnose(bundle: Path | None = None, progress: Progress = lambda _: None) -> Diagnosis:
    """Examine this installation, and prove that it reads.

    Args:
        bundle: the model that has to read; None for the one that `predict` takes by itself.
        progress: is told what is being examined.
    """
    progress("machine")
    findings = [*examine_surroundings(usable_cores()), *examine_packages()]
    proofs: tuple[Proof, ...] = ()
    try:
        model = Bundle.load(bundle)
    except EdgeDigitsError as error:
        findings.append(Finding(Grade.FAULT, "model", str(error), "edgedigits doctor  # with the bundled model"))
    else:
        proofs = prove_bundle(model.path, model.manifest, list(ENGINES), progress)
        findings += _examine_engines(proofs)
    progress("photo")
    photo = read_photo(bundle)
    findings.append(_judge_photo(photo, own=bundle is not None and bundle.resolve() != BUNDLED))
    findings += examine_cameras()
    sound = [proof for proof in proofs if proof.sound]
    return Diagnosis(
        version_of("edgedigits") or "",
        tuple(replace(finding, mend=_of_this_environment(finding.mend)) for finding in findings),
        proofs,
        photo,
        min(sound, key=lambda proof: proof.replay.milliseconds, default=None),
        reads=bool(sound) and all(finding.grade is not Grade.FAULT for finding in findings),
    )


def _of_this_environment(command: str) -> str:
    """Return a command of pip as it is typed for this environment, where that is not the shell's own."""
    own = Path(sys.prefix) / "bin" / "pip"
    if sys.prefix == sys.base_prefix or os.environ.get("VIRTUAL_ENV") == sys.prefix or not own.exists():
        return command
    return re.sub(r"(^|&& )pip ", rf"\g<1>{own} ", command)


def _examine_engines(proofs: Iterable[Proof]) -> Iterator[Finding]:
    proofs = tuple(proofs)
    for proof in proofs:
        replay, engine = proof.replay, ENGINES[proof.replay.engine]
        name = f"{engine.title} {replay.version}".strip()
        if replay.missing:
            command = install_command(engine.package)
            why = "" if command else f"; {engine.install}"
            yield Finding(Grade.NOTE, engine.name, f"{replay.missing}{why}", command)
        elif proof.fault:
            what = f"{name} with {replay.format}" if replay.format else engine.title
            yield Finding(Grade.WARNING, engine.name, f"{what}: {proof.fault}", _without(engine))
        elif replay.format:
            yield Finding(
                Grade.OK,
                engine.name,
                f"{name} reads {replay.right:.0%} of the golden glyphs with {replay.format},"
                f" {replay.milliseconds:.2f} ms each",
            )
        else:
            yield Finding(Grade.NOTE, engine.name, f"{name}: no file of the bundle is for it")
    if not any(proof.sound for proof in proofs):
        commands = (install_command(engine.package) for engine in ENGINES.values())
        mend = next(filter(None, commands), "")
        yield Finding(Grade.FAULT, "engines", "no engine here runs the model as it should", mend)


def _without(engine: Engine) -> str:
    """Return the command that takes a faulty engine away, so that the next one reads."""
    if engine is ENGINES["opencv"]:
        return f"pip install --upgrade {engine.package}"
    return f"pip uninstall -y {engine.package}"


def _judge_photo(photo: PhotoProof, own: bool) -> Finding:
    if photo.failure:
        return Finding(
            Grade.FAULT, "photo", f"`edgedigits predict` does not read: {photo.failure}", "edgedigits doctor --json"
        )
    if photo.text != PHOTO_TEXT:
        return Finding(
            Grade.WARNING if own and photo.text else Grade.FAULT,
            "photo",
            f"`edgedigits predict` reads {photo.text or 'nothing'!r} where the photo shows {PHOTO_TEXT}",
            "edgedigits predict --explain explained PHOTO",
        )
    return Finding(
        Grade.OK, "photo", f"`edgedigits predict` reads {photo.text}, as written, in {photo.seconds:.1f} s in all"
    )
