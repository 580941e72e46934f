"""report.html: the report as a page of its own, with charts and with a picture of every digit whose answer changed."""

from __future__ import annotations

import base64
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from jinja2 import Environment, PackageLoader
from markupsafe import Markup, escape

from edgedigits.arrays import UInt8Array
from edgedigits.labelled.glyphs import LabelledGlyphs
from edgedigits_export.check.gate import REFUSED
from edgedigits_export.check.trial import CheckedFile
from edgedigits_export.publish.charts import noise_chart, pareto_chart
from edgedigits_export.publish.report import engine_title, make_sections

MOST_PICTURES = 200
"""Pictures on the page; a file that changes more answers was published on demand only."""

_SCALE = 3


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
    charts = {"files": Markup(pareto_chart(manifest))}
    if any(section.name == "layers" for section in sections):
        charts["layers"] = Markup(noise_chart(manifest))
    shown = changed[:MOST_PICTURES]
    extent = f"the first {len(shown)} of {len(changed):,}" if len(shown) < len(changed) else f"all {len(changed)}"
    pages = Environment(loader=PackageLoader(__package__), autoescape=True, trim_blocks=True, lstrip_blocks=True)
    pages.filters.update(bold=_bold, told=_told, picture=lambda digit: _as_png(glyphs[digit.image]))
    sheet = pages.get_template("report.html")
    return str(sheet.render(sections=sections, charts=charts, changed=shown, extent=extent, side=28 * _SCALE))


def _bold(text: str) -> Markup:
    """Return a text of the report, whose only Markdown is bold text, as HTML."""
    return Markup(re.sub(r"\*\*(.+?)\*\*", r"<b>\1</b>", str(escape(text))))


def _told(answer: int) -> str:
    return "no digit" if answer == REFUSED else str(answer)


def _as_png(glyph: UInt8Array) -> str:
    """Return a glyph as it would look on paper."""
    import cv2

    return base64.b64encode(cv2.imencode(".png", 255 - glyph)[1].tobytes()).decode()
