"""Finding out what a model takes and what it answers, by how often it is right."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from edgedigits.errors import InputError
from edgedigits_export.check.comparison import losing_probability
from edgedigits_export.foreign.forms import SCALE_TITLES, Form, Scale, possible_forms
from edgedigits_export.foreign.graph import FrozenGraph

ASKED = 2_000
"""Images that every form is tried on."""

_CHANCE_EXPLAINS = 0.05
"""Of forms whose accuracies chance may tell apart with this probability, the usual one is taken: networks with small
biases answer alike to some ranges."""

_CHANCE = 3
"""A model that is right less often than so many times as often as chance knows nothing of the labels."""


@dataclass(frozen=True)
class Attempt:
    """A form that was tried.

    Attributes:
        form: it.
        right: which images it answers right, bool (N,).
    """

    form: Form
    right: npt.NDArray[np.bool_]

    @property
    def accuracy(self) -> float:
        """Share of right answers, 0 to 1."""
        return float(self.right.mean())


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
    attempts = [_attempt(logits, form, glyphs, labels) for form in possible_forms(graph.shape, graph.dtype, scale)]
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


def _attempt(graph: FrozenGraph, form: Form, glyphs: npt.NDArray[np.uint8], labels: npt.NDArray[np.uint8]) -> Attempt:
    answers = graph.answer(form.prepare(glyphs))
    finite = np.isfinite(answers).all(axis=1)
    return Attempt(form, (answers.argmax(axis=1) == labels) & finite)


def _best(attempts: Sequence[Attempt]) -> Attempt:
    """Return the first attempt that is not significantly less accurate than the most accurate one."""
    most = max(attempts, key=lambda attempt: attempt.accuracy)

    def is_as_good(attempt: Attempt) -> bool:
        lost, won = int((most.right & ~attempt.right).sum()), int((attempt.right & ~most.right).sum())
        return losing_probability(lost, won) >= _CHANCE_EXPLAINS

    return next(attempt for attempt in attempts if is_as_good(attempt))
