"""A trained model learns a user's own handwriting from a few crops, and forgets nothing."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
from click.testing import CliRunner

from edgedigits.errors import InputError
from edgedigits.labelled.glyphs import LabelledGlyphs
from edgedigits_train.cli import train
from edgedigits_train.data.datasets import load_dataset
from edgedigits_train.data.own_digits import load_own_digits
from edgedigits_train.data.training_set import NONE
from edgedigits_train.evaluation.metrics import Score
from edgedigits_train.fit.fine_tuning import fine_tune, load_base, replay_of
from edgedigits_train.fit.fitting import predict_logits
from edgedigits_train.handwriting.glyphs import draw_glyph
from edgedigits_train.handwriting.strokes import write
from edgedigits_train.handwriting.writer import Writer


def written(each: int, seed: int) -> LabelledGlyphs:
    """So many of each digit by one writer, who leans far to the left."""
    writer = replace(Writer.sample(np.random.default_rng(105)), slant=-0.6, aspect=0.8, quirk=0.06, fickleness=0.0)
    rng = np.random.default_rng(seed)
    labels = np.repeat(np.arange(10, dtype=np.uint8), each)
    glyphs = [draw_glyph(write(writer.form(int(label), rng), writer, rng), 0.1) for label in labels]
    return LabelledGlyphs(np.stack(glyphs)[..., np.newaxis], labels)


def draw(path: Path) -> Path:
    """A crop with a stroke on it, dark on light."""
    path.parent.mkdir(parents=True, exist_ok=True)
    crop = np.full((40, 30), 220, np.uint8)
    cv2.line(crop, (14, 5), (16, 34), 30, 3)
    cv2.imwrite(str(path), crop)
    return path


def test_a_model_learns_a_hand_and_forgets_nothing(trained: Path) -> None:
    base, dataset = load_base(trained), load_dataset()
    held_out = LabelledGlyphs(dataset.held_out.glyphs[:2_000], dataset.held_out.labels[:2_000])
    hand = written(20, seed=2)
    tuned = fine_tune(base.model, written(4, seed=1), replay_of(dataset.training, base.classes, seed=0), held_out).model

    def accuracies(data: LabelledGlyphs) -> list[float]:
        return [Score.of(predict_logits(model, data.glyphs), data.labels).accuracy for model in (base.model, tuned)]

    before, after = accuracies(hand)
    assert 1 - after < 0.7 * (1 - before)
    before, after = accuracies(held_out)
    assert after >= before - 0.003


def test_a_table_is_read_and_what_is_no_digit_is_accepted(tmp_path: Path) -> None:
    for name in ("one.png", "two/line.png", "scrawl.png"):
        draw(tmp_path / name).touch()
    cv2.imwrite(str(tmp_path / "scrawl.png"), 255 - 200 * np.tri(40, dtype=np.uint8))
    (tmp_path / "two" / "line.png").write_bytes((tmp_path / "one.png").read_bytes())
    (tmp_path / "labels.csv").write_text("path,label\none.png,1\ntwo/line.png,1\nscrawl.png,none\n", encoding="utf-8")
    own = load_own_digits(tmp_path)
    assert list(own.hashes) == ["one.png", "scrawl.png"]  # one picture twice counts once
    assert own.data.labels.tolist() == [1, NONE]


@pytest.mark.parametrize(
    ("table", "said"),
    [
        ("one.png,7a", "'7a' is no label"),
        ("none.png,7", "does not exist"),
        ("text.png,7", "text.png"),
        ("{folder}/../elsewhere.png,7", "lies outside of .*copy the picture"),
        ("../elsewhere.png,7", "line 2: ../elsewhere.png lies outside of .*copy the picture"),
        ("two/../../elsewhere.png,7", "lies outside of"),
        ("/dev/zero,7", "lies outside of"),
        ("..,7", "lies outside of"),
        ("\0\x1b[2J.png,7", "does not exist"),
        ("one.png,7\ntwo/../one.png,8", "two labels"),
    ],
)
def test_a_bad_label_or_picture_is_named_in_one_line(table: str, said: str, tmp_path: Path) -> None:
    folder = tmp_path / "mine"
    draw(folder / "one.png")
    draw(tmp_path / "elsewhere.png")
    (folder / "text.png").write_text("no picture")
    (folder / "labels.csv").write_text(f"path,label\n{table.format(folder=folder)}\n", encoding="utf-8")
    with pytest.raises(InputError, match=said) as error:
        load_own_digits(folder)
    assert str(error.value).isprintable()


def test_a_table_may_name_its_pictures_from_the_root(tmp_path: Path) -> None:
    picture = draw(tmp_path / "one.png")
    (tmp_path / "labels.csv").write_text(f"path,label\n{picture},1\n", encoding="utf-8")
    assert list(load_own_digits(tmp_path).hashes) == ["one.png"]


def test_a_table_of_photos_and_their_texts_is_read_too(tmp_path: Path) -> None:
    draw(tmp_path / "one.png")
    cv2.imwrite(str(tmp_path / "scrawl.png"), 255 - 200 * np.tri(40, dtype=np.uint8))
    (tmp_path / "labels.csv").write_text("file,text\none.png,1\nscrawl.png,\n", encoding="utf-8")
    assert load_own_digits(tmp_path).data.labels.tolist() == [1, NONE]
    (tmp_path / "labels.csv").write_text("file,text\none.png,17\n", encoding="utf-8")
    with pytest.raises(InputError, match=r"labels\.csv, line 2: there are several digits in .*one\.png; crop it"):
        load_own_digits(tmp_path)


def test_the_command_refuses_what_it_cannot_read(trained: Path, tmp_path: Path) -> None:
    (tmp_path / "seven").mkdir()
    draw(tmp_path / "seven" / "a.png")
    run = CliRunner().invoke(train, ["--from", str(trained), "--extra", str(tmp_path), "--out", str(tmp_path / "out")])
    assert isinstance(run.exception, InputError)  # the command line's shell makes exit code 2 of it
    assert not (tmp_path / "out" / "digits.keras").exists()
