"""The charts of the report, as SVG that stands in a page by itself."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from typing import Any

from edgedigits_export.publish.report import engine_title

_INK = "#1f2933"
_COLOURS = ("#0b6fa4", "#c2571a", "#4c8c2b", "#7d4fa3")
_MARKS = ("o", "s", "^", "D")


def pareto_chart(manifest: Mapping[str, Any]) -> str:
    """Draw accuracy over latency of every file in every engine that it passed in, and the line of the best.

    The line joins the pairs that no other beats in both (the Pareto front). Only the machine of the export is drawn.
    """
    machine = manifest["provenance"]["machine"]
    points = [
        (trial["latency_us"], trial["accuracy"], entry["name"], trial["engine"])
        for entry in manifest["files"]
        for trial in entry["trials"]
        if trial["engine"] in entry["engines"] and "accuracy" in trial and trial["machine"] == machine
    ]
    figure, axes = _figure(7.2, 3.8)
    engines = list(dict.fromkeys(engine for *_, engine in points))
    for number, engine in enumerate(engines):
        mine = [point for point in points if point[3] == engine]
        axes.scatter(
            [point[0] for point in mine],
            [100 * point[1] for point in mine],
            c=_COLOURS[number % len(_COLOURS)],
            marker=_MARKS[number % len(_MARKS)],
            label=engine_title(engine),
            zorder=3,
        )
    front = pareto_front([(latency, accuracy) for latency, accuracy, *_ in points])
    axes.step(
        [latency for latency, _ in front],
        [100 * accuracy for _, accuracy in front],
        where="post",
        color=_INK,
        linewidth=1,
        linestyle="--",
        label="not beaten in both",
    )
    for number, (latency, accuracy, name, _) in enumerate(sorted(points)):
        label = name.removeprefix("digits-")
        # neighbours are labelled at different heights in turn
        height = (7, -12, 17, -22)[number % 4]
        axes.annotate(label, (latency, 100 * accuracy), (4, height), textcoords="offset points", fontsize=7)
    axes.set_xscale("log")
    axes.margins(x=0.15, y=0.25)
    axes.set_xlabel("µs for one digit, one thread")
    axes.set_ylabel("accuracy, %")
    axes.xaxis.set_major_formatter("{x:.0f}")
    axes.xaxis.set_minor_formatter("{x:.0f}")
    axes.tick_params(axis="x", which="both", labelsize=7)
    axes.legend(fontsize=7, frameon=False)
    return _as_svg(figure, "accuracy over latency of every file in every engine")


def pareto_front(points: Sequence[tuple[float, float]]) -> list[tuple[float, float]]:
    """Return the points (cost, gain) that no other beats in both, the cheapest first.

    Example:
        >>> pareto_front([(1, 5), (2, 4), (3, 6)])
        [(1, 5), (3, 6)]
    """
    front: list[tuple[float, float]] = []
    for cost, gain in sorted(points, key=lambda point: (point[0], -point[1])):
        if not front or gain > front[-1][1]:
            front.append((cost, gain))
    return front


def noise_chart(manifest: Mapping[str, Any]) -> str:
    """Draw the signal-to-quantization-noise ratio after each layer of the 8-bit files."""
    files = [entry for entry in manifest["files"] if entry["layers"]]
    figure, axes = _figure(7.2, 3.2)
    width = 0.8 / len(files)
    for number, entry in enumerate(files):
        places = [layer + (number - (len(files) - 1) / 2) * width for layer in range(len(entry["layers"]))]
        heights = [layer["decibels"] for layer in entry["layers"]]
        colour = _COLOURS[number % len(_COLOURS)]
        bars = axes.bar(places, heights, width=width, color=colour, label=entry["name"])
        axes.bar_label(bars, fmt="%.0f", fontsize=7)
    names = [layer["layer"] for layer in files[0]["layers"]]
    axes.set_xticks(range(len(names)), names, fontsize=8)
    axes.margins(y=0.25)
    axes.set_ylabel("signal to noise, dB")
    axes.legend(fontsize=7, frameon=False, ncols=len(files))
    return _as_svg(figure, "signal-to-quantization-noise ratio by layer")


def _figure(width: float, height: float) -> tuple[Any, Any]:
    from matplotlib.figure import Figure

    figure = Figure((width, height), layout="constrained")
    axes = figure.subplots()
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(axis="y", linewidth=0.3)
    axes.set_axisbelow(True)
    return figure, axes


def _as_svg(figure: Any, description: str) -> str:
    import matplotlib as mpl

    file = io.StringIO()
    # names inside the SVG that depend on nothing but the drawing
    with mpl.rc_context({"svg.hashsalt": description, "font.size": 9}):
        figure.savefig(file, format="svg", metadata={"Date": None, "Creator": None, "Title": description})
    content = file.getvalue()
    return content[content.index("<svg") :]
