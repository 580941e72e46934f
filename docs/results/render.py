"""Writes the measured figures into the documents: `python docs/results/render.py`.

Every figure stands in one place, a JSON file in `measured/` or the manifest of the bundled model. What stands between
`<!-- figures: NAME -->` and `<!-- end -->` in a document is made from them. `make results` measures, and then runs it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from edgedigits.bundle import BUNDLED
from edgedigits_train.evaluation.card import update_card
from edgedigits_train.evaluation.measures import spread

ROOT = Path(__file__).parent.parent.parent
MEASURED = Path(__file__).parent / "measured"
CARD = Path(__file__).parent / "model-card.md"

SPACE = "\N{NO-BREAK SPACE}"
"""Between a figure and its unit."""

_MARKED = re.compile(r"(<!-- figures: (?P<name>\w+)(?: (?P<which>[^\n]+?))? -->\n).*?(<!-- end -->)", re.DOTALL)


def measured(name: str) -> Any:
    """Return what a file in `measured/` holds."""
    return json.loads((MEASURED / f"{name}.json").read_text(encoding="utf-8"))


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a table in Markdown."""
    return "\n".join(f"| {' | '.join(row)} |" for row in (head, ["---"] * len(head), *rows))


def percent(share: float, digits: int = 1) -> str:
    """Return a share, 0 to 1, as people read it."""
    return f"{100 * share:.{digits}f}{SPACE}%"


def kilobytes(size: float) -> str:
    """Return a file's size in kB."""
    return f"{size / 1000:,.0f}{SPACE}kB"


def headlines(_: str) -> str:
    """Return the four figures of the README."""
    manifest = json.loads((BUNDLED / "manifest.json").read_text(encoding="utf-8"))
    smallest = min(manifest["files"], key=lambda file: file["bytes"])
    scenes, photos = measured("scenes")["conditions"], measured("photos")["all"]
    page = measured("speed")["pages"]["640×480, 10 digits"]
    return table(
        ["what", "measured"],
        [
            [
                "the model's smallest file; its accuracy on MNIST's test images",
                f"{kilobytes(smallest['bytes'])}; {percent(smallest['accuracy'], 2)}",
            ],
            ["digits read rightly in rendered everyday photos (F1)", percent(mean_f1(scenes))],
            ["digits invented in a real photo without any, seen in nine ways", f"{photos['none']['invented']:.2f}"],
            ["a 640×480 photo with ten digits, one thread of a server core", f"{page['reading_ms']:.0f}{SPACE}ms"],
        ],
    )


def mean_f1(conditions: dict[str, dict[str, float]]) -> float:
    """Return the mean over all conditions, 0 to 1."""
    return float(np.mean([figures["f1"] for figures in conditions.values()]))


def recipes(_: str) -> str:
    """Return what each recipe reaches."""
    rows = []
    for name, recipe in measured("recipes").items():
        over = spread(recipe["accuracy"])
        assert over.interval is not None
        half = (over.interval[1] - over.interval[0]) / 2
        accuracy = f"{100 * over.mean:.2f}{SPACE}±{SPACE}{100 * half:.2f}{SPACE}%"
        rows.append([f"`{name}`", f"{recipe['parameters']:,}", kilobytes(recipe["bytes"]), accuracy, _minutes(recipe)])
    return table(["recipe", "parameters", "int8 file", "accuracy", "minutes"], rows)


def _minutes(recipe: dict[str, Any]) -> str:
    """Say how long a recipe's trainings took."""
    if "minutes" not in recipe:
        return "not measured"
    span = dict.fromkeys(f"{minutes(recipe['minutes']):.0f}" for minutes in (min, max))
    return f"{' to '.join(span)} on {recipe['cores']} cores"


def files(_: str) -> str:
    """Return the files of the bundled model."""
    manifest = json.loads((BUNDLED / "manifest.json").read_text(encoding="utf-8"))
    rows = [
        [
            f"`{file['name']}`",
            kilobytes(file["bytes"]),
            percent(file["accuracy"], 2),
            "–".join(f"{100 * bound:.2f}" for bound in file["interval"]),
            percent(file["agreement"], 2),
            ", ".join(file["engines"]),
        ]
        for file in manifest["files"]
    ]
    return table(["file", "size", "accuracy", "95 % interval", "agreement", "passed in"], rows)


def photos(_: str) -> str:
    """Return how well real photos are read, as they are and changed."""
    found = measured("photos")
    names = {"core": "everyday", "hard": "hard", "special": "special", "none": "without a digit"}
    rows = [
        [
            title,
            f"{found['none'][tier]['photos']}",
            *(
                cell
                for change in ("none", "all")
                for cell in (
                    percent(found[change][tier]["exact"]),
                    percent(found[change][tier]["f1"]) if tier != "none" else "",
                    f"{found[change][tier]['invented']:.2f}" if tier == "none" else "",
                )
            ),
        ]
        for tier, title in names.items()
    ]
    return table(["photos", "number", "exact", "F1", "invented", "changed: exact", "F1", "invented"], rows)


def scenes(_: str) -> str:
    """Return how well rendered photos and the sample images are read, group by group."""
    titles = {
        "conditions": "digits alone, taken under",
        "kinds": "pages of",
        "without digits": "nothing to read",
        "everyday": "all kinds and conditions",
    }
    parts = []
    for group, found in measured("scenes").items():
        rows = [
            [
                name,
                f"{row['pictures']}",
                percent(row["exact"] / row["pictures"]),
                "" if row["f1"] is None else percent(row["f1"]),
                f"{row['invented']}",
            ]
            for name, row in found.items()
        ]
        if group == "conditions":
            rows.append(["**mean**", "", "", f"**{percent(mean_f1(found))}**", ""])
        parts.append(table([titles[group], "pictures", "exact", "F1", "invented"], rows))
    return "\n\n".join(parts)


def speed(_: str) -> str:
    """Return how long reading takes."""
    found = measured("speed")
    rows = [
        [name, f"{page['decoding_ms']:.1f}{SPACE}ms", f"{page['reading_ms']:.1f}{SPACE}ms"]
        for name, page in found["pages"].items()
    ]
    return f"{found['processor']}, one thread, {found['engine']}.\n\n" + table(["page", "decoding", "reading"], rows)


def crowded(_: str) -> str:
    """Return how long pictures take that hold much beside digits."""
    rows = [
        [
            name,
            *(f"{figures[f'{which}_ms']:.0f}{SPACE}ms" for which in ("median", "worst")),
            *(f"{figures[f'{which}_ratio']:.0f}" for which in ("median", "worst")),
        ]
        for name, figures in measured("speed")["crowded"].items()
    ]
    return table(["pictures of", "median", "worst", "median, decodings", "worst, decodings"], rows)


def memory(_: str) -> str:
    """Return how much memory reading takes at most."""
    peaks = measured("memory").items()
    return table(["image", "peak"], [[name, f"{peak}{SPACE}MB" if peak else "refused"] for name, peak in peaks])


def ablation(which: str) -> str:
    """Return the rows of some variants."""
    variants = measured("ablation")
    rows = [
        [
            name,
            f"{row['parameters']:,}",
            f"{row['errors']}",
            f"{row['captured']:.1f}{SPACE}%",
            f"{row['soiled']:.1f}{SPACE}%",
            f"{100 * row['auroc']:.1f}{SPACE}%",
        ]
        for name in which.split("; ")
        for row in variants[name]
    ]
    head = [
        "variant",
        "parameters",
        "errors of 35,000",
        "errors, other pens",
        "errors, poor pictures",
        "AUROC, no digit",
    ]
    return table(head, rows)


def lean(which: str) -> str:
    """Return what an installation with Pillow in OpenCV's place costs, or how far its answers agree."""
    found = measured("lean")
    kinds = ("OpenCV", "Pillow")
    if which == "costs":
        disk, spent = found["megabytes"], found["processes"]
        seconds = {"OpenCV": 1.0, "Pillow": spent["ratio"]["seconds"]}
        rows = [
            ["installed", *(f"{disk[kind]['all']:.0f}{SPACE}MB" for kind in kinds)],
            [
                "OpenCV or Pillow alone",
                f"{disk['OpenCV']['cv2']:.0f}{SPACE}MB",
                f"{disk['Pillow']['PIL']:.0f}{SPACE}MB",
            ],
            ["a process that classifies one crop, peak", *(f"{spent[kind]['peak_mb']:.0f}{SPACE}MB" for kind in kinds)],
            ["its processor time beside OpenCV's", *(f"{seconds[kind]:.2f}" for kind in kinds)],
        ]
        return table(["", *kinds], rows)
    lights = ("even", "uneven")
    rows = [
        [
            f"Pillow, {way}" if way != "OpenCV" else way,
            *(percent(found["agreement"][light][way]["right"]) for light in lights),
            *(percent(found["agreement"][light][way].get("agree", 1.0)) for light in lights),
        ]
        for way in found["agreement"]["even"]
    ]
    return table(["shrunk by", "even light: right", "uneven: right", "even: as with OpenCV", "uneven"], rows)


def foreign(_: str) -> str:
    """Return what export makes of models of other origin."""
    head, rows = ["kind", "takes", "answers", "Keras"], []
    for entry in measured("foreign"):
        accuracies = [percent(share, 2) for share in (entry["keras"], *entry["files"].values())]
        photos = [f"{right} of {count}" for right, count in (entry["singles"], entry["empties"])]
        takes = entry["takes"].removesuffix(", bright ink on dark paper")
        rows.append([entry["kind"], takes, entry["answers"], *accuracies, *photos])
    formats = (f"`{name}`" for name in measured("foreign")[0]["files"])
    return table([*head, *formats, "digits read", "empty ones"], rows)


TABLES: dict[str, Callable[[str], str]] = {
    made.__name__: made
    for made in (headlines, recipes, files, foreign, photos, scenes, speed, crowded, memory, ablation, lean)
}


def render(text: str) -> str:
    """Return a document with what stands between its marks made anew."""
    return _MARKED.sub(lambda found: f"{found[1]}{TABLES[found['name']](found['which'] or '')}\n{found[4]}", text)


def documents() -> list[Path]:
    """Return the documents that hold figures."""
    return [
        path
        for path in (ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md")))
        if "<!-- figures:" in path.read_text()
    ]


def main() -> None:
    """Write all documents."""
    for path in documents():
        path.write_text(render(path.read_text(encoding="utf-8")), encoding="utf-8")
    update_card(CARD, measured("evaluation"))


if __name__ == "__main__":
    main()
