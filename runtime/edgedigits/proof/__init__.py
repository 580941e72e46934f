"""Proof that an installation reads: golden glyphs replayed through every engine, and a photo read as `predict` does.

Everything that loads native code runs in a process of its own, so that an engine that was built for another processor
ends that process and not the one that asks.
"""

from edgedigits.proof.photo import PHOTO, PHOTO_TEXT, PhotoProof, read_photo
from edgedigits.proof.prove import Proof, prove_bundle
from edgedigits.proof.replay import Replay, replay_engine

__all__ = ["PHOTO", "PHOTO_TEXT", "PhotoProof", "Proof", "Replay", "prove_bundle", "read_photo", "replay_engine"]
