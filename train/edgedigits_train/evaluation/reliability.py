"""The reliability diagram: how often answers of each confidence are right."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from edgedigits_train.evaluation.measures import Bin, Calibration


def reliability_diagram(calibrations: Sequence[tuple[str, Calibration]]) -> Figure:
    """Draw confidence against accuracy (Niculescu-Mizil and Caruana 2005), on the right on logarithmic axes.

    Args:
        calibrations: for each model its name and what `measures.calibration` says of it.

    Example:
        >>> from edgedigits_train.evaluation.measures import calibration
        >>> right = np.arange(100) < 90
        >>> figure = reliability_diagram([("a guess", calibration(np.full(100, 0.9), right))])
        >>> len(figure.axes)
        2
    """
    figure = Figure(figsize=(10, 4.6), layout="constrained")
    left, right = figure.subplots(1, 2)
    left.plot([0, 1], [0, 1], color="0.6", lw=1)
    right.plot([1e-5, 1], [1e-5, 1], color="0.6", lw=1)
    for name, calibration in calibrations:
        _points(left, calibration.bins, f"{name}: ECE {100 * calibration.ece:.2f} %")
        bins = calibration.bins_equal_mass
        doubt = np.clip([1 - part.confidence for part in bins], 1e-5, 1)
        error = np.clip([1 - part.accuracy for part in bins], 1e-5, 1)
        right.plot(doubt, error, "o", ms=4)
    left.set(
        title="Answers by confidence, 15 bins of equal width", xlabel="mean confidence", ylabel="share of right answers"
    )
    right.set(
        title="The same in 15 bins of equally many answers",
        xlabel="1 − mean confidence",
        ylabel="share of wrong answers (none: at the lower edge)",
        xscale="log",
        yscale="log",
    )
    for axes in (left, right):
        axes.grid(alpha=0.3)
    # confident and wrong: where no point should be
    left.legend(loc="lower right")
    return figure


def _points(axes: Axes, bins: Sequence[Bin], label: str) -> None:
    confidences, accuracies = [part.confidence for part in bins], [part.accuracy for part in bins]
    line = axes.plot(confidences, accuracies, "o-", ms=4, lw=1, label=label)[0]
    for part in bins:
        axes.annotate(
            f"{part.count}",
            (part.confidence, part.accuracy),
            xytext=(0, -12),
            textcoords="offset points",
            fontsize=7,
            ha="center",
            color=line.get_color(),
        )
