"""Finding out what a model takes and what it answers, by how often it is right."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from edgedigits.errors import InputError
from edgedigits_export.foreign.forms import SCALE_TITLES, Form, Scale, possible_forms
from edgedigits_export.foreign.graph import FrozenGraph

ASKED = 1_000
"""Images that every form is tried on."""

_CLOSE = 0.005
"""Accuracies that differ by less are told apart by the likelihood: networks without biases answer alike to all
ranges."""

_CHANCE = 3
"""A model that is right less often than so many times as often as chance knows nothing of the labels."""


@dataclass(frozen=True)
class Attempt:
    """A form that was tried.

    Attributes:
        form: it.
        accuracy: share of right answers, 0 to 1.
        loss: mean cross-entropy in nats; infinite where answers are not finite.
    """

    form: Form
    accuracy: float
    loss: float


@dataclass(frozen=True)
class Detection:
    """What a model takes and answers.

    Attributes:
        form: in which it takes images.
        attempts: all forms that were tried, each scale once, in its best polarity and orientation.
        output: "logits", "log-softmax", "softmax", "sigmoid" (both taken off), or "probabilities" of which the
            logarithm is taken, because the graph shows no softmax to take off.
    """

    form: Form
    attempts: tuple[Attempt, ...]
    output: str

    def lines(self) -> tuple[str, ...]:
        """Return what was found, for people."""
        tried = ", ".join(
            f"{SCALE_TITLES[attempt.form.scale]} {attempt.accuracy:.2%}"
            for attempt in sorted(self.attempts, key=lambda attempt: -attempt.accuracy)
        )
        outputs = {
            "softmax": "softmax, taken off",
            "sigmoid": "sigmoid, taken off",
            "probabilities": "probabilities, of which the logarithm is taken",
        }
        return (f"takes    {self.form}", f"tried    {tried}", f"answers  {outputs.get(self.output, self.output)}")


def detect(
    graph: FrozenGraph,
    glyphs: npt.NDArray[np.uint8],
    labels: npt.NDArray[np.uint8],
    classes: Sequence[str],
    scale: Scale | None = None,
) -> Detection:
    """Find out what a model takes, on images whose labels are known.

    Args:
        graph: the model.
        glyphs: uint8 (N, 28, 28, 1).
        labels: what they show, as places in `classes`: uint8 (N,).
        classes: what the model's outputs stand for.
        scale: what its numbers are, where that is known.

    Raises:
        InputError: no form makes it right more often than chance.
    """
    chosen = np.random.default_rng(0).permutation(len(labels))[:ASKED]
    glyphs, labels = glyphs[chosen], labels[chosen]
    output = _output(graph, glyphs, scale)
    logits = graph.without_activation()
    attempts = [
        _attempt(logits, form, glyphs, labels, output) for form in possible_forms(graph.shape, graph.dtype, scale)
    ]
    best_of_scales = tuple(
        _best([attempt for attempt in attempts if attempt.form.scale == each])
        for each in dict.fromkeys(attempt.form.scale for attempt in attempts)
    )
    best = _best(best_of_scales)
    if best.accuracy < min(0.5, _CHANCE / len(set(labels.tolist()))):
        tried = "scale, polarity and orientation" if scale is None else "polarity and orientation"
        raise InputError(
            f"it answers {best.accuracy:.1%} of the evaluation images right at best, in any {tried}: are the labels"
            f" ({', '.join(classes[:12])}{', …' if len(classes) > 12 else ''}) in the order of its outputs? Name them"
            " with --labels, and images as it was trained on with --evaluation"
        )
    return Detection(best.form, best_of_scales, output)


def _output(graph: FrozenGraph, glyphs: npt.NDArray[np.uint8], scale: Scale | None) -> str:
    if graph.activation:
        return graph.activation
    answers = graph.answer(next(possible_forms(graph.shape, graph.dtype, scale)).prepare(glyphs[:100]))
    shares = (answers >= 0).all() and (answers <= 1 + 1e-6).all() and np.abs(answers.sum(axis=1) - 1).max() < 1e-3
    return "probabilities" if shares else "logits"


def _attempt(
    graph: FrozenGraph, form: Form, glyphs: npt.NDArray[np.uint8], labels: npt.NDArray[np.uint8], output: str
) -> Attempt:
    answers = graph.answer(form.prepare(glyphs)).astype(np.float64)
    if not np.isfinite(answers).all():
        return Attempt(form, 0.0, float("inf"))
    if output == "probabilities":
        answers = np.log(np.maximum(answers, 1e-7))
    shifted = answers - answers.max(axis=1, keepdims=True)
    losses = np.log(np.exp(shifted).sum(axis=1)) - shifted[np.arange(len(labels)), labels]
    return Attempt(form, float((answers.argmax(axis=1) == labels).mean()), float(losses.mean()))


def _best(attempts: Sequence[Attempt]) -> Attempt:
    """Return the most accurate attempt, or of those that are about as accurate the likeliest."""
    most = max(attempt.accuracy for attempt in attempts)
    return min((each for each in attempts if each.accuracy >= most - _CLOSE), key=lambda attempt: attempt.loss)
