"""report.html: the report as a page of its own, with charts and with a picture of every digit whose answer changed."""

from __future__ import annotations

import base64
import html
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from edgedigits.arrays import UInt8Array
from edgedigits.labelled.glyphs import LabelledGlyphs
from edgedigits_export.check.gate import REFUSED
from edgedigits_export.check.trial import CheckedFile
from edgedigits_export.publish.charts import noise_chart, pareto_chart
from edgedigits_export.publish.report import Section, Table, engine_title, make_sections

MOST_PICTURES = 200
"""Pictures on the page; a file that changes more answers was published on demand only."""

_SCALE = 3

_PAGE = """\
<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>{title}</title>
<style>
body {{ font: 15px/1.5 system-ui, sans-serif; color: #1f2933; max-width: 62rem; margin: 2rem auto; padding: 0 1rem; }}
table {{ border-collapse: collapse; font-size: 13px; display: block; overflow-x: auto; }}
th, td {{ border-bottom: 1px solid #cbd2d9; padding: .25rem .7rem .25rem 0; text-align: left; }}
svg {{ max-width: 100%; height: auto; }}
.digits {{ display: flex; flex-wrap: wrap; gap: 1rem; }}
figure {{ margin: 0; width: 12rem; font-size: 12px; }}
figure img {{ image-rendering: pixelated; border: 1px solid #cbd2d9; display: block; }}
li {{ margin-left: -1rem; }}
</style>
<body>
{body}
</body>
</html>
"""


@dataclass(frozen=True)
class ChangedDigit:
    """An evaluation image that some file answers otherwise than Keras.

    Attributes:
        image: its index among the evaluation images.
        label: the digit that it shows.
        reference: the digit that Keras answers, or `gate.REFUSED`.
        answers: what the files that differ answer, by file and engine.
    """

    image: int
    label: int
    reference: int
    answers: Mapping[str, int]


def find_changed_digits(files: Sequence[CheckedFile], evaluation: LabelledGlyphs) -> list[ChangedDigit]:
    """Return every evaluation image whose answer changed in some file and engine, in their order."""
    references: dict[int, int] = {}
    answers: dict[int, dict[str, int]] = {}
    for file in files:
        for trial in file.trials:
            for change in trial.result.changes if trial.result else ():
                references[change.image] = change.reference
                where = f" on {trial.machine}" if trial.machine != file.trials[0].machine else ""
                who = f"{file.path.name} in {engine_title(trial.engine)} {trial.version}{where}"
                answers.setdefault(change.image, {})[who] = change.answer
    return [
        ChangedDigit(image, int(evaluation.labels[image]), references[image], answers[image])
        for image in sorted(answers)
    ]


def make_html_report(manifest: Mapping[str, Any], changed: Sequence[ChangedDigit], glyphs: UInt8Array) -> str:
    """Return the report as one HTML page that needs no other file.

    Args:
        manifest: of the bundle.
        changed: the images whose answers changed.
        glyphs: the evaluation images, uint8 (N, 28, 28, 1).
    """
    sections = make_sections(manifest)
    blocks = [f"<h1>{html.escape(sections[0].title)}</h1>", *_section(sections[0]), pareto_chart(manifest)]
    for section in sections[1:]:
        blocks += [f"<h2>{html.escape(section.title)}</h2>", *_section(section)]
        if section.name == "trials":
            blocks += _changed(changed, glyphs)
        if section.name == "layers":
            blocks.append(noise_chart(manifest))
    return _PAGE.format(title=html.escape(sections[0].title), body="\n".join(blocks))


def _section(section: Section) -> list[str]:
    return [*(_paragraph(text) for text in section.text), *([_table(section.table)] if section.table else [])]


def _paragraph(text: str) -> str:
    """Return a paragraph or list of the report, whose only Markdown is bold text and dashes."""
    content = re.sub(r"\*\*(.+?)\*\*", r"<b>\1</b>", html.escape(text))
    if content.startswith("- "):
        return "<ul>" + "".join(f"<li>{line.removeprefix('- ')}</li>" for line in content.splitlines()) + "</ul>"
    return f"<p>{content}</p>"


def _table(table: Table) -> str:
    def row(kind: str, cells: Sequence[str]) -> str:
        return "<tr>" + "".join(f"<{kind}>{html.escape(cell)}</{kind}>" for cell in cells) + "</tr>"

    return "\n".join(["<table>", row("th", table.head), *(row("td", cells) for cells in table.rows), "</table>"])


def _changed(changed: Sequence[ChangedDigit], glyphs: UInt8Array) -> list[str]:
    if not changed:
        return ["<h2>Digits whose answer changed</h2>", "<p>None: every file answers every image as Keras does.</p>"]
    shown = changed[:MOST_PICTURES]
    extent = f"the first {len(shown)} of {len(changed):,}" if len(shown) < len(changed) else f"all {len(changed)}"
    return [
        "<h2>Digits whose answer changed</h2>",
        f"<p>Evaluation images that some file answers otherwise than Keras, or refuses otherwise: {extent}.</p>",
        '<div class="digits">',
        *(_picture(digit, glyphs[digit.image]) for digit in shown),
        "</div>",
    ]


def _picture(digit: ChangedDigit, glyph: UInt8Array) -> str:
    items = "".join(f"<li><b>{_told(answer)}</b>: {html.escape(who)}</li>" for who, answer in digit.answers.items())
    return (
        f'<figure id="image-{digit.image}"><img alt="a {digit.label}" width="{28 * _SCALE}" height="{28 * _SCALE}"'
        f' src="data:image/png;base64,{_as_png(glyph)}"><figcaption>image {digit.image}, a {digit.label};'
        f" Keras answers <b>{_told(digit.reference)}</b><ul>{items}</ul></figcaption></figure>"
    )


def _told(answer: int) -> str:
    return "no digit" if answer == REFUSED else str(answer)


def _as_png(glyph: UInt8Array) -> str:
    """Return a glyph as it would look on paper."""
    import cv2

    return base64.b64encode(cv2.imencode(".png", 255 - glyph)[1].tobytes()).decode()
