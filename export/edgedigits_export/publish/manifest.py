"""The manifest: what a bundle holds, what it was measured at, and where it comes from."""

from __future__ import annotations

import hashlib
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np

from edgedigits.bundle import SCHEMA
from edgedigits.glyphs import CONTRACT, SIDE
from edgedigits.intervals import wilson_interval
from edgedigits.machine import cpu_model
from edgedigits_export.check.comparison import losing_probability
from edgedigits_export.check.gate import Reference
from edgedigits_export.check.targets import Target
from edgedigits_export.check.trial import CheckedFile, Trial
from edgedigits_export.source import TrainedModel
from edgedigits_export.tools import tool_versions


def model_facts(trained: TrainedModel, reference: Reference) -> dict[str, Any]:
    """Return what is true of the model whatever file it is in, as plain values.

    It is the same for the same model and tool versions, so that files which carry it are too.

    Args:
        trained: the model that is exported.
        reference: what its files are compared with.
    """
    metrics = trained.metrics
    images, classes = reference.logits.shape
    return {
        "schema": SCHEMA,
        "edgedigits": version("edgedigits"),
        "labels": list(trained.labels),
        "input": {
            "name": "glyphs",
            "dtype": "uint8",
            "shape": [None, SIDE, SIDE, 1],
            "paper": CONTRACT.paper,
            "ink": CONTRACT.ink,
        },
        "output": {"name": "logits", "dtype": "float32", "classes": classes},
        "temperature": metrics["temperature"],
        "digit_score": metrics["digit_score"],
        "normalisation": CONTRACT.digest,
        "reference": {
            "accuracy": reference.hits / images,
            "interval": list(wilson_interval(reference.hits, images)),
            "images": images,
            "parameters": metrics["parameters"],
        },
        "calibration": {
            "images": len(trained.calibration.labels),
            "per_class": np.bincount(trained.calibration.labels, minlength=classes).tolist(),
            "shared_with_evaluation": len(trained.shared_digests()),
        },
        "provenance": {
            "recipe": metrics["recipe"],
            "seed": metrics["seed"],
            "training_data": metrics["training_data"],
            "data": metrics["data"],
            "versions": metrics["versions"],
            "exported_with": tool_versions(),
        },
    }


def make_manifest(
    facts: Mapping[str, Any], files: Sequence[CheckedFile], target: Target | None, version: str | None = None
) -> dict[str, Any]:
    """Return the manifest of a bundle as plain values; all but latencies and machines can be had again.

    Args:
        facts: the `model_facts`.
        files: the files in order of preference.
        target: the device that the bundle is for; None for any.
        version: of the bundle; None where its publisher counts none.
    """
    return {
        **facts,
        "version": version,
        "target": target.name if target else None,
        "provenance": {**facts["provenance"], "git_commit": _git_commit(), "machine": cpu_model()},
        "files": [_file_entry(file) for file in files],
    }


def _file_entry(file: CheckedFile) -> dict[str, Any]:
    best = file.best
    assert best.result is not None  # it passed
    return {
        "name": file.path.name,
        "format": file.format.name,
        "precision": file.format.precision,
        "sha256": hashlib.sha256(file.content).hexdigest(),
        "bytes": len(file.content),
        "opset": file.facts.opset,
        "ir": file.facts.ir,
        "accuracy": best.result.accuracy,
        "interval": list(best.result.interval),
        "agreement": best.result.agreement,
        "max_probability_difference": best.result.max_probability_difference,
        "max_score_difference": best.result.max_score_difference,
        "refusals": len(best.result.refusals),
        "latency_us": best.latency_us,
        "allowed": list(file.causes) if file.allowed else [],
        "engines": file.engines,
        "minimum": file.minimum,
        "kept_float": list(file.kept_float),
        "attempts": [asdict(attempt) for attempt in file.attempts],
        "layers": [asdict(layer) for layer in file.layers],
        "draws": [asdict(draw) for draw in file.draws],
        "trials": [_trial_entry(trial) for trial in file.trials],
    }


def _trial_entry(trial: Trial) -> dict[str, Any]:
    entry: dict[str, Any] = {
        "engine": trial.engine,
        "version": trial.version,
        "machine": trial.machine,
        "faults": list(trial.faults),
    }
    if trial.result is not None:
        entry |= {
            "accuracy": trial.result.accuracy,
            "agreement": trial.result.agreement,
            "settled_agreement": trial.result.settled_agreement,
            "max_probability_difference": trial.result.max_probability_difference,
            "max_score_difference": trial.result.max_score_difference,
            "refusals": len(trial.result.refusals),
            "lost": trial.result.lost,
            "won": trial.result.won,
            "losing_probability": losing_probability(trial.result.lost, trial.result.won),
            "ties": trial.result.ties,
            "latency_us": trial.latency_us,
        }
    return entry


def _git_commit() -> str | None:
    """Return the commit of the source tree that this code lies in, or None outside of one."""
    try:
        answer = subprocess.run(
            ["git", "-C", str(Path(__file__).parent), "rev-parse", "HEAD"],
            capture_output=True,
            text=True,
            check=True,
        )
    except (OSError, subprocess.CalledProcessError):
        return None
    return answer.stdout.strip()
