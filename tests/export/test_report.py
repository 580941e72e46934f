"""The report: what report.md and report.html say is what the manifest and the evaluation images hold."""

from __future__ import annotations

import base64
import re
import xml.etree.ElementTree as ET
from html.parser import HTMLParser
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt
import pytest

from edgedigits.bundle import Bundle
from edgedigits.engines import ENGINES
from edgedigits.logits import interpret_logits
from edgedigits_export.convert.formats import FORMATS
from edgedigits_export.exporting import export_bundle
from edgedigits_export.options import ExportOptions
from edgedigits_export.publish.charts import noise_chart, pareto_chart, pareto_front
from edgedigits_export.publish.html_report import MOST_PICTURES, ChangedDigit, make_html_report
from edgedigits_export.publish.report import make_sections

SLOW = "tflite-int16x8"
"""Takes as long for the evaluation images as all others together; its answers reach the page as theirs do."""


@pytest.fixture(scope="module")
def page(bundle: Bundle) -> str:
    return (bundle.path / "report.html").read_text(encoding="utf-8")


class Links(HTMLParser):
    """Collects what a page asks other places for."""

    def __init__(self) -> None:
        super().__init__()
        self.targets: list[str] = []
        self.images: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in ("script", "link", "iframe"):
            self.targets.append(tag)
        if tag == "img":
            self.images.append(str(dict(attrs)["src"]))


def test_the_page_needs_no_other_file(page: str) -> None:
    links = Links()
    links.feed(page)
    assert links.targets == []
    assert all(image.startswith("data:image/png;base64,") for image in links.images)
    assert not re.search(r"url\((?!#)", page)


def test_both_reports_have_every_table(bundle: Bundle, page: str) -> None:
    text = (bundle.path / "report.md").read_text(encoding="utf-8")
    for section in make_sections(bundle.manifest):
        assert section.title in text
        assert section.title in page
        for row in section.table.rows if section.table else ():
            for cell in row:
                assert cell in text
                assert f"<td>{cell}</td>" in page


def test_the_calibration_images_are_shown_by_class(bundle: Bundle, trained: Path) -> None:
    with np.load(trained / "calibration.npz") as arrays:
        labels, glyphs = arrays["labels"], arrays["glyphs"]
    with np.load(trained / "evaluation.npz") as arrays:
        evaluation = {glyph.tobytes() for glyph in arrays["glyphs"]}
    calibration = bundle.manifest["calibration"]
    assert calibration["per_class"] == np.bincount(labels, minlength=len(bundle.labels)).tolist()
    assert calibration["images"] == len(labels)
    assert calibration["shared_with_evaluation"] == len(evaluation & {glyph.tobytes() for glyph in glyphs}) == 0


def told(logits: npt.NDArray[np.float32], bundle: Bundle) -> npt.NDArray[np.str_]:
    """What the runtime makes of logits: a digit, or none."""
    probabilities, scores = interpret_logits(logits, bundle.temperature, bundle.digit_score)
    return np.where(scores < bundle.digit_score.threshold, "no digit", probabilities.argmax(axis=1).astype(str))


def test_every_digit_that_changed_is_shown_with_both_answers(bundle: Bundle, trained: Path, page: str) -> None:
    import keras

    with np.load(trained / "evaluation.npz") as arrays:
        glyphs, labels = arrays["glyphs"], arrays["labels"]
    model = keras.saving.load_model(trained / "digits.keras", compile=False)
    reference = told(np.asarray(model.predict(glyphs, batch_size=500, verbose=0)), bundle)
    figures = dict(re.findall(r'<figure id="image-(\d+)">(.*?)</figure>', page, re.DOTALL))
    changed = set()
    for file in bundle.files:
        if file.format == SLOW:
            continue
        for engine in file.engines:
            answers = ENGINES[engine].open(file.read_verified(), 1)
            logits = [np.array(answers(glyphs[i : i + 64])) for i in range(0, len(glyphs), 64)]
            mine = told(np.concatenate(logits), bundle)
            for image in np.flatnonzero(mine != reference):
                changed.add(str(image))
                shown = figures[str(image)]
                assert f"Keras answers <b>{reference[image]}</b>" in shown
                assert f"<b>{mine[image]}</b>: {file.path.name} in {ENGINES[engine].title}" in shown
                assert f"a {labels[image]};" in shown
                content = base64.b64decode(re.search(r"base64,([^\"]+)", shown).group(1))  # type: ignore[union-attr]
                picture = cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_GRAYSCALE)
                np.testing.assert_array_equal(picture, 255 - glyphs[image, ..., 0])
    for image in set(figures) - changed:
        assert set(re.findall(r"</b>: (\S+) in ", figures[image])) == {FORMATS[SLOW].file_name}
    assert changed, "8-bit files change an answer or two: else this test shows nothing"


def test_the_charts_name_what_they_show(bundle: Bundle) -> None:
    for chart in (pareto_chart(bundle.manifest), noise_chart(bundle.manifest)):
        assert ET.fromstring(chart).tag.endswith("svg")
    assert pareto_chart(bundle.manifest) == pareto_chart(bundle.manifest)


def test_the_front_holds_what_nothing_beats() -> None:
    assert pareto_front([(3, 0.99), (1, 0.98), (2, 0.97), (4, 0.99), (1, 0.95)]) == [(1, 0.98), (3, 0.99)]


def test_the_page_can_be_left_out(small_training: Path, tmp_path: Path) -> None:
    options = ExportOptions([FORMATS["onnx-float32"]], html=False)
    made = export_bundle(small_training, tmp_path / "bundle", options)
    made.verify()
    assert {path.name for path in made.path.iterdir()} >= {"report.md", "SHA256SUMS"}
    assert not (made.path / "report.html").exists()


def test_a_file_that_changes_everything_does_not_flood_the_page(bundle: Bundle) -> None:
    glyphs = np.zeros((5000, 28, 28, 1), np.uint8)
    changed = [ChangedDigit(image, 1, 2, {"a <file>": 3}) for image in range(5000)]
    page = make_html_report(bundle.manifest, changed, glyphs)
    assert page.count("<figure") == MOST_PICTURES
    assert "the first 200 of 5,000" in page
    assert "a &lt;file&gt;" in page
