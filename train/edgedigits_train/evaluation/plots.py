"""The pictures of a training's report, as PNG files."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from edgedigits.bundle import DIGITS
from edgedigits.labelled.glyphs import LabelledGlyphs
from edgedigits.logits import log_softmax

_MOST_MISTAKES = 80
_COLUMNS = 10


def curves(history: Mapping[str, Sequence[float]], path: Path, note: str = "") -> None:
    """Draw loss and error of each epoch.

    Args:
        history: Keras' `loss`, `accuracy`, `val_loss` and `val_accuracy`, one value an epoch.
        path: the PNG file to write.
        note: what whoever sees the picture must know, written below it.
    """
    figure = Figure(figsize=(10, 4), layout="constrained")
    loss, accuracy = figure.subplots(1, 2)
    epochs = range(1, len(history["loss"]) + 1)
    for axes, key, scale in ((loss, "loss", 1), (accuracy, "accuracy", 100)):
        axes.plot(epochs, scale * np.asarray(history[key]), "o-", ms=3, label="training (augmented)")
        axes.plot(epochs, scale * np.asarray(history[f"val_{key}"]), "o-", ms=3, label="validation (held out)")
        axes.set_xlabel("epoch")
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
        axes.grid(alpha=0.3)
        axes.legend()
    loss.set(title="Loss", ylabel="cross-entropy (nats)", yscale="log")
    accuracy.set(title="Accuracy", ylabel="accuracy (%)")
    save(figure, path, note)


def confusion(
    logits: npt.NDArray[np.float32],
    labels: npt.NDArray[np.uint8],
    path: Path,
    note: str = "",
    names: Sequence[str] = DIGITS,
) -> None:
    """Draw how often each digit was taken for each.

    Args:
        logits: float32, (N, C), those of the names first.
        labels: uint8, (N,).
        path: the PNG file to write.
        note: what whoever sees the picture must know, written below it.
        names: what the labels stand for.
    """
    answers = logits[:, : len(names)].argmax(axis=1)
    counts = np.zeros((len(names), len(names)), int)
    np.add.at(counts, (labels, answers), 1)
    wrong = counts - np.diag(np.diag(counts))

    size = max(6.0, 0.45 * len(names))
    figure = Figure(figsize=(size + 0.5, size), layout="constrained")
    axes = figure.subplots()
    # the colours show the mistakes; the right answers would drown them
    axes.imshow(wrong, cmap="Reds", vmin=0, vmax=max(1, int(wrong.max())) * 1.5)
    for (row, column), count in np.ndenumerate(counts):
        if count:
            axes.text(column, row, str(count), ha="center", va="center", weight="bold" if row == column else None)
    axes.set(
        title=f"Confusion on {len(labels):,} test images: {int(wrong.sum())} mistakes",
        xlabel="answer",
        ylabel="truth",
        xticks=range(len(names)),
        yticks=range(len(names)),
        xticklabels=names,
        yticklabels=names,
    )
    save(figure, path, note)


def mistakes(
    data: LabelledGlyphs,
    logits: npt.NDArray[np.float32],
    temperature: float,
    path: Path,
    note: str = "",
    names: Sequence[str] = DIGITS,
) -> None:
    """Draw the digits that were misread, the surest mistakes first.

    Args:
        data: what was answered.
        logits: float32, (N, C), those of the names first.
        temperature: divides the logits before the softmax.
        path: the PNG file to write.
        note: what whoever sees the picture must know, written below it.
        names: what the labels stand for.
    """
    digits = logits[:, : len(names)]
    answers = digits.argmax(axis=1)
    sureness = np.exp(log_softmax(digits / np.float32(temperature)).max(axis=1))
    wrong = np.flatnonzero(answers != data.labels)
    shown = wrong[np.argsort(-sureness[wrong], kind="stable")][:_MOST_MISTAKES]

    rows = max(1, -(-len(shown) // _COLUMNS))
    figure = Figure(figsize=(_COLUMNS * 1.1, 0.7 + rows * 1.35), layout="constrained")
    part = f", the {len(shown)} surest" if len(shown) < len(wrong) else ""
    figure.suptitle(f"{len(wrong)} misread of {len(data):,} test images{part}: truth → answer, confidence")
    for place, axes in enumerate(figure.subplots(rows, _COLUMNS, squeeze=False).flat):
        axes.axis("off")
        if place < len(shown):
            index = shown[place]
            axes.imshow(data.glyphs[index, :, :, 0], cmap="gray_r", vmin=0, vmax=255)
            axes.set_title(
                f"{names[data.labels[index]]} → {names[answers[index]]}  {100 * sureness[index]:.0f} %", fontsize=9
            )
    save(figure, path, note)


def save(figure: Figure, path: Path, note: str = "") -> None:
    """Write a figure to a PNG file, with a note below it."""
    if note:
        figure.supxlabel(note, fontsize=10, weight="bold", color="firebrick")
    figure.savefig(path, dpi=120)
