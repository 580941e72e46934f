"""The report of a bundle: the table that export prints, and report.md; `html_report` makes the page with pictures."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from edgedigits.engines import ENGINES
from edgedigits_export.check.gate import SIGNIFICANT
from edgedigits_export.convert.layers import COMPARED_IMAGES

_MEASURED = ("max Δp", "max Δscore", "refused otherwise", "lost / won", "p", "ties")


@dataclass(frozen=True)
class Table:
    """A table of the report: what stands over its columns, and its rows."""

    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]

    def as_text(self) -> str:
        """Return it aligned, which is Markdown as well."""
        widths = [max(len(row[column]) for row in (self.head, *self.rows)) for column in range(len(self.head))]
        lines = [
            "| " + " | ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) + " |"
            for row in (self.head, *self.rows)
        ]
        lines.insert(1, "|" + "|".join("-" * (width + 2) for width in widths) + "|")
        return "\n".join(lines)


@dataclass(frozen=True)
class Section:
    """A section of the report.

    Attributes:
        name: by which the page with the pictures finds it.
        title: its heading.
        text: paragraphs before the table.
        table: None where there is none.
    """

    name: str
    title: str
    text: tuple[str, ...]
    table: Table | None = None


def format_table(manifest: Mapping[str, Any]) -> str:
    """Return the table of a bundle's files as aligned text, which is Markdown as well."""
    return _files(manifest).as_text()


def make_report(manifest: Mapping[str, Any]) -> str:
    """Return the report of a bundle in Markdown."""
    blocks = []
    for number, section in enumerate(make_sections(manifest)):
        blocks += [f"{'##' if number else '#'} {section.title}", *section.text]
        blocks += [section.table.as_text()] if section.table else []
    return "\n\n".join(blocks) + "\n"


def make_sections(manifest: Mapping[str, Any]) -> tuple[Section, ...]:
    """Return what the report says, the first section under its title."""
    reference, provenance, calibration = manifest["reference"], manifest["provenance"], manifest["calibration"]
    threshold = f"{manifest['digit_score']['threshold']:.3g}"
    sections = [
        Section(
            "files",
            "What was exported",
            (
                f"The Keras model ({reference['parameters']:,} parameters) answers {_accuracy(reference)} of the"
                f" {reference['images']:,} evaluation images right. Every file was run on all of them in every engine"
                " below; agreement is the share of images that get the same answer as from Keras.",
                *_allowances(manifest),
            ),
            _files(manifest),
        ),
        Section(
            "trials",
            "Every file in every engine",
            (
                "A file is offered to an engine only if it passed in every version and on every machine that was tried."
                " Latencies are medians of single calls in one thread; those of an emulated machine say nothing about a"
                " real one. Δp is the largest difference from Keras in any probability, Δscore in any digit score;"
                f" refused otherwise: digits whose score changes sides of the threshold, {threshold}. Lost and won are"
                " the images that only Keras and only the file answers right, and p how probable such a loss is by"
                f" chance (exact McNemar test; refused under {SIGNIFICANT}).",
            ),
            _trials(manifest),
        ),
        Section(
            "mixing",
            "Layers that stay in float",
            (
                "Layers of 8-bit files that were kept in float, because they were named or because the file was not"
                " good without, and what was tried on the way.",
            ),
            _mixing(manifest),
        ),
        Section(
            "layers",
            "The layers of the 8-bit files",
            (
                "The signal-to-quantization-noise ratio after each layer against the float model, and the share of its"
                f" outputs that saturate, on {COMPARED_IMAGES} evaluation images. The fewer decibels, the more"
                " noise; each bit gives about 6.",
            ),
            _layers(manifest),
        ),
        Section(
            "calibration",
            "What the 8-bit ranges were taken from",
            (
                f"{calibration['images']:,} training images, none of them among the evaluation images:"
                f" {calibration['shared_with_evaluation']} of their digests are shared.",
            ),
            Table(
                ("class", *manifest["labels"]),
                (("images", *(f"{count:,}" for count in calibration["per_class"])),),
            ),
        ),
        Section(
            "draws",
            "How much hangs on the calibration images",
            ("Files from two halves of the calibration images that share none, beside the published file.",),
            _draws(manifest),
        ),
        Section(
            "origin",
            "Where it comes from",
            (
                f"- training data: {provenance['training_data']}{_seed(provenance)}\n"
                f"- source: commit {provenance['git_commit'] or 'unknown (not in a git tree)'}\n"
                f"- trained with {_versions(provenance['versions'])}\n"
                f"- exported with {_versions(provenance['exported_with'])}",
            ),
        ),
    ]
    return tuple(section for section in sections if section.table is None or section.table.rows)


def _files(manifest: Mapping[str, Any]) -> Table:
    return Table(
        ("file", "bytes", "accuracy (95 % interval)", "agreement", "one digit"),
        tuple(
            (
                entry["name"],
                f"{entry['bytes']:,}",
                _accuracy(entry),
                f"{entry['agreement']:.2%}",
                f"{entry['latency_us']:.0f} µs in {engine_title(next(iter(entry['engines'])))}",
            )
            for entry in manifest["files"]
        ),
    )


def _trials(manifest: Mapping[str, Any]) -> Table:
    return Table(
        ("file", "engine", "machine", "accuracy", "agreement", *_MEASURED, "one digit", "verdict"),
        tuple(
            (
                entry["name"],
                f"{engine_title(trial['engine'])} {trial['version']}",
                trial["machine"],
                *_measured(trial),
                "; ".join(trial["faults"]) or "passed",
            )
            for entry in manifest["files"]
            for trial in entry["trials"]
        ),
    )


def _mixing(manifest: Mapping[str, Any]) -> Table:
    rows = []
    for entry in manifest["files"]:
        for attempt in entry["attempts"]:
            published = list(attempt["kept_float"]) == entry["kept_float"]
            rows.append(
                (
                    entry["name"],
                    ", ".join(attempt["kept_float"]) or "none",
                    f"{attempt['agreement']:.2%}",
                    f"{100 * attempt['accuracy_drop']:.2f}",
                    ("passed" if attempt["passed"] else "refused") + (", published" if published else ""),
                )
            )
        if entry["kept_float"] and not entry["attempts"]:
            rows.append((entry["name"], ", ".join(entry["kept_float"]), f"{entry['agreement']:.2%}", "–", "published"))
    return Table(("file", "in float", "agreement", "points lost", "verdict"), tuple(rows))


def _layers(manifest: Mapping[str, Any]) -> Table:
    return Table(
        ("file", "layer", "noise ratio", "saturated"),
        tuple(
            (entry["name"], layer["layer"], f"{layer['decibels']:.1f} dB", f"{layer['clipped']:.3%}")
            for entry in manifest["files"]
            for layer in entry["layers"]
        ),
    )


def _draws(manifest: Mapping[str, Any]) -> Table:
    return Table(
        ("file", "accuracy", "accuracy from the halves", "agreement", "agreement from the halves"),
        tuple(
            (
                entry["name"],
                f"{entry['accuracy']:.2%}",
                " / ".join(f"{draw['accuracy']:.2%}" for draw in entry["draws"]),
                f"{entry['agreement']:.2%}",
                " / ".join(f"{draw['agreement']:.2%}" for draw in entry["draws"]),
            )
            for entry in manifest["files"]
            if entry["draws"]
        ),
    )


def _allowances(manifest: Mapping[str, Any]) -> list[str]:
    return [
        f"**{entry['name']} did not pass and was published on demand:** {'; '.join(entry['allowed'])}."
        for entry in manifest["files"]
        if entry["allowed"]
    ]


def _accuracy(entry: Mapping[str, Any]) -> str:
    low, high = entry["interval"]
    return f"{entry['accuracy']:.2%} ({low:.2%}–{high:.2%})"


def _measured(trial: Mapping[str, Any]) -> tuple[str, ...]:
    if "accuracy" not in trial:
        return ("–",) * 9
    return (
        f"{trial['accuracy']:.2%}",
        f"{trial['agreement']:.2%}",
        f"{trial['max_probability_difference']:.1g}",
        f"{trial['max_score_difference']:.1g}",
        str(trial["refusals"]),
        f"{trial['lost']} / {trial['won']}",
        f"{trial['losing_probability']:.2g}",
        str(trial["ties"]),
        f"{trial['latency_us']:.0f} µs",
    )


def _versions(versions: Mapping[str, str]) -> str:
    return ", ".join(f"{tool} {version}" for tool, version in sorted(versions.items()))


def _seed(provenance: Mapping[str, Any]) -> str:
    return f", seed {provenance['seed']}" if provenance["seed"] is not None else ""


def engine_title(engine: str) -> str:
    """Return an engine's name as its makers write it."""
    return ENGINES[engine].title
