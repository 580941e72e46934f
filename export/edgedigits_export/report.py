"""The table that export prints, and the report that lies in the bundle."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from edgedigits.engines import ENGINES


def format_table(manifest: Mapping[str, Any]) -> str:
    """Return the table of a bundle's files as aligned text, which is Markdown as well."""
    return _table(
        ("file", "bytes", "accuracy (95 % interval)", "agreement", "one digit"),
        [
            (
                entry["name"],
                f"{entry['bytes']:,}",
                _accuracy(entry),
                f"{entry['agreement']:.2%}",
                f"{entry['latency_us']:.0f} µs in {_title(next(iter(entry['engines'])))}",
            )
            for entry in manifest["files"]
        ],
    )


def make_report(manifest: Mapping[str, Any]) -> str:
    """Return the report of a bundle in Markdown."""
    reference, provenance = manifest["reference"], manifest["provenance"]
    trials = [
        (
            entry["name"],
            f"{_title(trial['engine'])} {trial['version']}",
            *_measured(trial),
            "; ".join(trial["faults"]) or "passed",
        )
        for entry in manifest["files"]
        for trial in entry["trials"]
    ]
    return "\n".join(
        [
            "# What was exported",
            "",
            f"The Keras model ({reference['parameters']:,} parameters) answers {_accuracy(reference)} of the"
            f" {reference['images']:,} evaluation images right. Every file was run on all of them in every engine"
            " below; agreement is the share of images that get the same answer as from Keras.",
            "",
            format_table(manifest),
            "",
            "## Every file in every engine",
            "",
            "A file is offered to an engine only if it passed in every version that was tried.",
            "",
            _table(
                ("file", "engine", "accuracy", "agreement", "max Δp", "lost / won", "ties", "one digit", "verdict"),
                trials,
            ),
            "",
            *_allowances(manifest),
            "Latencies are medians of single calls in one thread on the machine of the export.",
            "",
            "## Where it comes from",
            "",
            f"- training data: {provenance['training_data']}, seed {provenance['seed']}",
            f"- source: commit {provenance['git_commit'] or 'unknown (not in a git tree)'}",
            f"- trained with {_versions(provenance['versions'])}",
            f"- exported with {_versions(provenance['exported_with'])}",
            "",
        ]
    )


def _allowances(manifest: Mapping[str, Any]) -> list[str]:
    return [
        f"**{entry['name']} did not pass and was published on demand:** {'; '.join(entry['allowed'])}.\n"
        for entry in manifest["files"]
        if entry["allowed"]
    ]


def _accuracy(entry: Mapping[str, Any]) -> str:
    low, high = entry["interval"]
    return f"{entry['accuracy']:.2%} ({low:.2%}–{high:.2%})"


def _measured(trial: Mapping[str, Any]) -> tuple[str, ...]:
    if "accuracy" not in trial:
        return ("–",) * 6
    return (
        f"{trial['accuracy']:.2%}",
        f"{trial['agreement']:.2%}",
        f"{trial['max_probability_difference']:.1g}",
        f"{trial['lost']} / {trial['won']}",
        str(trial["ties"]),
        f"{trial['latency_us']:.0f} µs",
    )


def _versions(versions: Mapping[str, str]) -> str:
    return ", ".join(f"{tool} {version}" for tool, version in sorted(versions.items()))


def _title(engine: str) -> str:
    return ENGINES[engine].title


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    widths = [max(len(row[column]) for row in (head, *rows)) for column in range(len(head))]
    lines = [
        "| " + " | ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) + " |"
        for row in (head, *rows)
    ]
    lines.insert(1, "|" + "|".join("-" * (width + 2) for width in widths) + "|")
    return "\n".join(lines)
