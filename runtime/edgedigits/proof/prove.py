"""Whether a bundle answers here as it did where it was exported: every file in every engine of this machine."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from edgedigits.proof.replay import Replay, replay_engine

LEAST_RIGHT = 0.9
"""Share of the golden glyphs that a sound file reads right; they are clearer than MNIST's."""
_BAND, _SLACK = 1.5, 0.02
"""By how much a probability may differ from the reference's: the manifest's largest difference times and plus these."""
_UNKNOWN_DIFFERENCE = 0.1


@dataclass(frozen=True)
class Proof:
    """One file in one engine, judged.

    Attributes:
        replay: what was answered.
        fault: why it must not be used; "" where it may, or where the engine is not here.
    """

    replay: Replay
    fault: str = ""

    @property
    def sound(self) -> bool:
        """Whether the file reads in this engine."""
        return bool(self.replay.format) and not self.fault


def prove_bundle(
    bundle: Path,
    manifest: Mapping[str, Any],
    engines: Sequence[str],
    progress: Callable[[str], None] = lambda _: None,
) -> tuple[Proof, ...]:
    """Replay the golden glyphs through every engine.

    Args:
        bundle: the folder.
        manifest: its manifest, which says by how much its files may differ.
        engines: names of those that are tried.
        progress: is told which one is being tried.
    """
    replays: list[Replay] = []
    for engine in engines:
        progress(engine)
        replays += replay_engine(engine, bundle)
    return tuple(Proof(replay, _fault(replay, replays, manifest)) for replay in replays)


def _fault(replay: Replay, replays: Sequence[Replay], manifest: Mapping[str, Any]) -> str:
    if replay.failure or not replay.format:
        return replay.failure
    if replay.right < LEAST_RIGHT:
        return f"it reads {replay.right:.0%} of the golden glyphs right, where {LEAST_RIGHT:.0%} are due"
    reference = _reference(replay, replays)
    if reference is None:
        return ""
    worst = max(
        abs(a - b)
        for row, expected in zip(replay.probabilities, reference.probabilities, strict=True)
        for a, b in zip(row, expected, strict=True)
    )
    band = _BAND * (_difference(manifest, replay.format) + _difference(manifest, reference.format)) + _SLACK
    if worst > band:
        return (
            f"its probabilities differ by {worst:.2f} from those of {reference.format} in {reference.engine},"
            f" where {band:.2f} are allowed"
        )
    return ""


def _reference(replay: Replay, replays: Sequence[Replay]) -> Replay | None:
    """Return another answer to compare with: a float file's, if there is one."""
    others = [other for other in replays if other.right >= LEAST_RIGHT and other is not replay]
    return min(others, key=lambda other: "float32" not in other.format, default=None)


def _difference(manifest: Mapping[str, Any], format: str) -> float:
    for entry in manifest["files"]:
        if entry["format"] == format:
            return float(entry.get("max_probability_difference", _UNKNOWN_DIFFERENCE))
    return _UNKNOWN_DIFFERENCE
