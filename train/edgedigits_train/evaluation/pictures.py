"""The pictures of an evaluation, as PNG files."""

from __future__ import annotations

import io
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from edgedigits.arrays import UInt8Array
from edgedigits_train.evaluation.benchmark import Benchmark
from edgedigits_train.evaluation.corruptions import CORRUPTIONS, corrupt
from edgedigits_train.evaluation.evaluating import Evaluation
from edgedigits_train.evaluation.reliability import reliability_diagram

_ACROSS = 14
_MOST_MISTAKES = 48


def draw_all(evaluations: Sequence[Evaluation], benchmark: Benchmark, folder: Path) -> list[Path]:
    """Write every picture of the report into a folder; return the files."""
    pictures = {
        "robustness.png": _robustness(evaluations),
        "outliers.png": _outliers(evaluations),
        "reliability.png": reliability_diagram([(e.model.name, e.calibration) for e in evaluations]),
    }
    if any(evaluation.sure_mistakes for evaluation in evaluations):
        pictures["sure-mistakes.png"] = _mistakes(evaluations, benchmark)
    for name, figure in pictures.items():
        figure.savefig(folder / name, dpi=110)
    for name, figure in {
        "corruptions.png": _corruption_sheet(benchmark),
        "outlier-kinds.png": _outlier_sheet(benchmark),
    }.items():
        pictures[name] = figure
        _save_grey(figure, folder / name)
    return [folder / name for name in pictures]


def _robustness(evaluations: Sequence[Evaluation]) -> Figure:
    kinds = list(evaluations[0].robustness.kinds)
    kinds.sort(key=lambda kind: -float(np.mean([e.robustness.kinds[kind].accuracy for e in evaluations])))
    figure = Figure(figsize=(8, 5.5), layout="constrained")
    axes = figure.subplots()
    for number, evaluation in enumerate(evaluations):
        found = [evaluation.robustness.kinds[kind] for kind in kinds]
        shares = 100 * np.array([kind.accuracy for kind in found])
        bars = np.abs(100 * np.array([kind.interval for kind in found]).T - shares)
        places = np.arange(len(kinds)) + 0.12 * (number - (len(evaluations) - 1) / 2)
        axes.errorbar(shares, places, xerr=bars, fmt="o", ms=4, capsize=2, label=evaluation.model.name)
    mean = float(np.mean([100 * e.robustness.mean for e in evaluations]))
    axes.axvline(85, color="firebrick", ls=":", lw=1)
    axes.set(
        title=f"Accuracy on corrupted test images: mean {mean:.1f} %",
        xlabel="accuracy (%), with 95 % intervals; dotted: the least that we accept of any kind",
        yticks=range(len(kinds)),
        yticklabels=[CORRUPTIONS[kind].title for kind in kinds],
    )
    axes.grid(alpha=0.3)
    axes.legend()
    return figure


def _outliers(evaluations: Sequence[Evaluation]) -> Figure:
    titles = list(evaluations[0].outliers.kinds)
    held_out = {title: evaluations[0].outliers.kinds[title].held_out for title in titles}
    titles.sort(key=lambda t: (held_out[t], -float(np.mean([e.outliers.kinds[t].score.auroc for e in evaluations]))))
    figure = Figure(figsize=(8, 7), layout="constrained")
    axes = figure.subplots()
    method = evaluations[0].model.digit_score.method
    for attribute, label, marker in (
        ("energy", "energy of the ten digit logits", "v"),
        ("largest", "largest softmax probability of the ten digits", "s"),
        ("score", f"the model's own score ({method})", "o"),
    ):
        values = np.array(
            [[getattr(e.outliers.kinds[title], attribute).auroc for title in titles] for e in evaluations]
        )
        miss = np.clip(100 * (1 - values), 0.005, None)
        own = attribute == "score"
        for number, row in enumerate(miss):
            axes.plot(
                row,
                range(len(titles)),
                marker,
                ms=6 if own else 4,
                color="tab:blue" if own else "0.6",
                label=label if number == 0 else None,
            )
    axes.axvline(3, color="firebrick", ls=":", lw=1)
    axes.set(
        title="Digits against what is none, by kind",
        xscale="log",
        xlabel="100 − AUROC (%); dotted: the most that we accept",
        yticks=range(len(titles)),
        yticklabels=[title if held_out[title] else f"{title} (trained on)" for title in titles],
    )
    axes.grid(alpha=0.3)
    # points lie everywhere: inside the axes it would hide some
    figure.legend(loc="outside lower center")
    return figure


def _corruption_sheet(benchmark: Benchmark) -> Figure:
    figure, strips = _sheet("Corrupted digits: as they are, and after the runtime's normalisation", len(CORRUPTIONS))
    for axes, kind in zip(strips, CORRUPTIONS, strict=True):
        before = corrupt(benchmark.images, kind, seed=benchmark.seed)[:_ACROSS]
        _strip(axes, [before, benchmark.corrupted[kind][:_ACROSS, :, :, 0]], CORRUPTIONS[kind].title)
    return figure


def _outlier_sheet(benchmark: Benchmark) -> Figure:
    figure, strips = _sheet("What is no digit, after the runtime's normalisation", len(benchmark.outliers))
    for axes, kind in zip(strips, benchmark.outliers, strict=True):
        title = kind.title if kind.held_out else f"{kind.title}\n(trained on)"
        shown = np.resize(kind.glyphs[:, :, :, 0], (2 * _ACROSS, 28, 28))
        _strip(axes, [shown[:_ACROSS], shown[_ACROSS:]], title)
    return figure


def _save_grey(figure: Figure, path: Path) -> None:
    """Save without colours, which the sheets have none of: a third of the size."""
    coloured = io.BytesIO()
    figure.savefig(coloured, format="png")
    grey = np.asarray(cv2.imdecode(np.frombuffer(coloured.getvalue(), np.uint8), cv2.IMREAD_GRAYSCALE), np.uint8)
    path.write_bytes(cv2.imencode(".png", grey, [cv2.IMWRITE_PNG_COMPRESSION, 9])[1].tobytes())


def _sheet(title: str, strips: int) -> tuple[Figure, list[Axes]]:
    figure = Figure(figsize=(7, 0.4 + 0.8 * strips))
    top = 1 - 0.35 / (0.4 + 0.8 * strips)
    figure.suptitle(title, y=1 - 0.15 / (0.4 + 0.8 * strips), fontsize=10)
    figure.subplots_adjust(left=0.24, right=0.995, bottom=0.002, top=top, hspace=0.06)
    return figure, list(figure.subplots(strips, 1, squeeze=False)[:, 0])


def _strip(axes: Axes, rows: Sequence[UInt8Array], title: str) -> None:
    """Show pictures side by side, in two rows."""
    tiles = [np.pad(row, ((0, 0), (1, 1), (1, 1)), constant_values=90) for row in rows]
    axes.imshow(np.vstack([np.hstack(list(row)) for row in tiles]), cmap="gray", vmin=0, vmax=255)
    axes.set(xticks=[], yticks=[])
    axes.set_ylabel(title, rotation=0, ha="right", va="center", fontsize=9)


def _mistakes(evaluations: Sequence[Evaluation], benchmark: Benchmark) -> Figure:
    listed: list[tuple[str, Any]] = [(e.model.name, mistake) for e in evaluations for mistake in e.sure_mistakes]
    shown = sorted(listed, key=lambda entry: -entry[1].confidence)[:_MOST_MISTAKES]
    columns = min(8, len(shown))
    rows = -(-len(shown) // columns)
    figure = Figure(figsize=(max(5, 1.5 * columns), 0.6 + 1.8 * rows), layout="constrained")
    part = f", the {len(shown)} surest" if len(shown) < len(listed) else ""
    figure.suptitle(f"Wrong and sure: {len(listed)}{part}; truth → answer, confidence")
    for place, axes in enumerate(figure.subplots(rows, columns, squeeze=False).flat):
        axes.axis("off")
        if place < len(shown):
            name, mistake = shown[place]
            axes.imshow(benchmark.digits[mistake.index, :, :, 0], cmap="gray_r", vmin=0, vmax=255)
            title = f"{mistake.truth} → {mistake.answer}  {100 * mistake.confidence:.1f} %"
            axes.set_title(title if len(evaluations) == 1 else f"{title}\n{name}", fontsize=9)
    return figure
