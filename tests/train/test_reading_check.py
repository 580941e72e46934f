"""`make check-reading` measures what it says: its sets, its scores, its baseline, and what it calls worse."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest

from benchmarks.reading_check.__main__ import BASELINE, hints_table, load_baseline, row, worse
from benchmarks.reading_check.outcomes import Outcome, SetScore, Sureness, fit_logistic, judge, reliability
from benchmarks.reading_check.sets import IMAGES, SETS, Case, ImageSet, PageSet, resized
from edgedigits import Reader
from tests.conftest import ROOT

OF_NAME = {one.name: one for one in SETS}
BEFORE = SetScore(pictures=20, exact=15, f1=0.9, invented=3)


@pytest.mark.parametrize(
    ("name", "least"),
    [
        ("plain paper", 0.95),
        ("soft shadow", 0.95),
        ("squared paper", 0.95),
        ("whiteboard", 0.95),
        ("coloured ink", 0.95),
        ("inverted", 0.95),
        ("12 pixels high", 0.95),
        ("pencil", 0.85),
        ("forms", 0.95),
    ],
)
def test_everyday_writing_is_read(reader: Reader, name: str, least: float) -> None:
    score = SetScore.of([judge(reader, OF_NAME[name].case(index)) for index in range(6)])
    assert score.f1 is not None
    assert score.f1 >= least, score


def test_small_digits_are_small() -> None:
    case = OF_NAME["12 pixels high"].case(0)
    assert case.boxes
    assert np.median([height for _, _, _, height in case.boxes]) <= 13
    assert isinstance(case.picture, np.ndarray)
    assert case.picture.shape[0] < 240


def test_every_set_has_a_name_and_a_baseline_of_its_own() -> None:
    assert len(OF_NAME) == len(SETS)
    baseline = load_baseline()
    assert set(baseline) == set(OF_NAME)
    for name, score in baseline.items():
        assert score.pictures == OF_NAME[name].count
        assert 0 <= score.exact <= score.pictures
    assert BASELINE.read_text(encoding="utf-8").endswith("}\n")


def test_the_same_pictures_come_every_time() -> None:
    for name in ("sums", "amounts", "scenery"):
        first, again = (OF_NAME[name].case(3) for _ in range(2))
        assert first.digits == again.digits
        assert np.array_equal(np.asarray(first.picture), np.asarray(again.picture))


def test_sample_images_carry_their_labels() -> None:
    images = ImageSet()
    assert images.count == sum(file.suffix in (".png", ".jpg", ".jpeg") for file in IMAGES.iterdir())
    assert all(images.case(index).digits for index in (0, 232, 240))
    assert resized(images, 3) == images


def test_a_picture_is_read_exactly_only_where_nothing_is_missing_and_nothing_invented(reader: Reader) -> None:
    case = OF_NAME["plain paper"].case(0)
    right = judge(reader, case)
    assert right.exact
    assert right.hits == right.found == right.there == len(case.digits)
    missing = judge(reader, replace(case, digits=(*case.digits, 7), boxes=(*(case.boxes or ()), (0, 0, 5, 5))))
    assert not missing.exact
    assert missing.there == right.there + 1
    invented = judge(reader, Case(case.picture, (), True, ()))
    assert not invented.exact
    assert invented.found == len(case.digits)
    assert not any(one.there for one in invented.sureness)
    backwards = judge(reader, replace(case, digits=case.digits[::-1], boxes=(case.boxes or ())[::-1]))
    assert backwards.exact == (case.digits == case.digits[::-1])


def test_a_set_without_digits_has_no_f1() -> None:
    nothing = Outcome(exact=True, hits=0, found=0, there=0, hints=(), seen=False, sureness=())
    score = SetScore.of([nothing, replace(nothing, exact=False, found=2)])
    assert score == SetScore(pictures=2, exact=1, f1=None, invented=2)
    assert "–" in row("letters", score, None)


@pytest.mark.parametrize(
    ("now", "verdict"),
    [
        (BEFORE, ""),
        (replace(BEFORE, exact=18, f1=0.95, invented=0), ""),
        (replace(BEFORE, exact=14), "a little worse"),
        (replace(BEFORE, exact=13), "worse"),
        (replace(BEFORE, f1=0.895), "a little worse"),
        (replace(BEFORE, f1=0.85), "worse"),
        (replace(BEFORE, invented=4), "a little worse"),
        (replace(BEFORE, invented=9), "worse"),
    ],
)
def test_what_is_worse_is_said(now: SetScore, verdict: str) -> None:
    line = row("sums", now, BEFORE)
    assert line.endswith(verdict)
    assert ("worse" in line) == bool(verdict)
    assert worse(now, BEFORE) == bool(verdict)


def test_hints_count_where_their_trouble_is() -> None:
    shadow, clean = (PageSet(name, (), asked=asked) for name, asked in (("shadow", "shadow"), ("clean", "")))
    hinted = Outcome(exact=True, hits=1, found=1, there=1, hints=("shadow",), seen=True, sureness=())
    (line,) = hints_table({shadow: [hinted, replace(hinted, hints=())], clean: [hinted]})
    assert line.split() == ["shadow", "50%", "50%"]


def test_confidence_is_compared_with_what_is_right() -> None:
    rng = np.random.default_rng(1)
    evidence = rng.normal(0, 3, 4000)
    there = rng.random(4000) < 1 / (1 + np.exp(-(0.7 * evidence + 0.3)))
    digits = [Sureness(0.96, float(e), bool(t), bool(t)) for e, t in zip(evidence, there, strict=True)]
    slope, offset = fit_logistic(digits)
    assert slope == pytest.approx(0.7, abs=0.08)
    assert offset == pytest.approx(0.3, abs=0.15)
    error = float(reliability(digits)[-1].split()[-1])
    assert error == pytest.approx(0.96 - there.mean(), abs=1e-3)


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "benchmarks.reading_check", *arguments]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=300)


def test_one_set_is_measured_by_itself() -> None:
    done = run("--only", "plain paper", "--count", "3")
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[1].split()[:3] == ["plain", "paper", "3"]
    assert done.stderr == ""


def test_wrong_options_are_refused_in_a_line() -> None:
    unknown = run("--only", "poems")
    assert unknown.returncode == 2
    assert "no set is called 'poems'" in unknown.stderr
    assert "plain paper" in unknown.stderr
    assert run("--count", "0").returncode == 2
    assert run("--count", "3", "--update").returncode == 2
    assert "Traceback" not in unknown.stderr
    assert json.loads(BASELINE.read_text(encoding="utf-8"))
