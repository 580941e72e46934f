"""What is measured with as 'not a digit': never blank, always the same, never trained on."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest

from edgedigits.errors import InputError
from edgedigits_train.data.nondigit_files import load_nondigits
from edgedigits_train.evaluation import shapes
from edgedigits_train.evaluation.outliers import Outliers, make_outliers, missing_files


@pytest.fixture(scope="module")
def drawn() -> list[Outliers]:
    return list(make_outliers(None, seed=0, count=60))


@pytest.fixture
def data() -> Path:
    folder = Path(os.environ.get("EDGEDIGITS_DATA", "nowhere"))
    if missing_files(folder):
        pytest.skip("set EDGEDIGITS_DATA to a folder that holds nondigits/ and nondigit_photos/")
    return folder


def test_every_kind_is_glyphs_and_none_is_blank(drawn: list[Outliers]) -> None:
    assert len({kind.title for kind in drawn}) == len(drawn) == 11
    for kind in drawn:
        assert kind.glyphs.shape == (60, 28, 28, 1), kind.title
        assert kind.glyphs.dtype == np.uint8
        assert kind.glyphs.max(axis=(1, 2, 3)).min() > 150, kind.title
        assert len({glyph.tobytes() for glyph in kind.glyphs}) >= 50, kind.title


def test_only_the_synthesizers_are_trained_on(drawn: list[Outliers]) -> None:
    assert [kind.title for kind in drawn if not kind.held_out] == ["synthesizer's", "letters and signs"]


def test_a_seed_gives_the_same_glyphs(drawn: list[Outliers]) -> None:
    for first, again in zip(drawn, make_outliers(None, seed=0, count=60), strict=True):
        np.testing.assert_array_equal(first.glyphs, again.glyphs)
    for first, other in zip(drawn, make_outliers(None, seed=1, count=60), strict=True):
        assert (first.glyphs != other.glyphs).any(), first.title


def test_no_character_looks_like_a_digit() -> None:
    lookalikes = "0123456789OoQDIlij|!/\\()SsZzBbgqpБбВЗзОоЧчЭэЬьЪъГгσδθβρζξιοτ∞∂∫∝§$?ßסוזןפლივს"
    assert not set(lookalikes) & set(shapes._LETTERS + shapes._SYMBOLS)


def test_every_character_is_in_a_font() -> None:
    for character in shapes._LETTERS + shapes._SYMBOLS:
        assert any(character in shapes._characters(font) for font in shapes._FONTS), character


def test_what_lies_in_files_is_split(data: Path) -> None:
    kinds = {kind.title: kind.held_out for kind in make_outliers(data, seed=0, count=10)}
    for title in load_nondigits("training", data / "nondigits"):
        assert kinds[title] is False
    for title in load_nondigits("held_out", data / "nondigits"):
        assert kinds[title] is True
    assert kinds["pieces of photos"] is True
    assert sum(kinds.values()) >= 12


def test_what_is_missing_is_named(tmp_path: Path) -> None:
    names = ["nondigits/omniglot_small1.npz", "nondigits/quickdraw3.npz", "nondigit_photos/truth.json"]
    assert missing_files(None) == names
    (tmp_path / "nondigits").mkdir()
    (tmp_path / "nondigits" / "quickdraw3.npz").touch()
    assert missing_files(tmp_path) == [names[0], names[2]]


def test_photos_with_digits_are_refused(tmp_path: Path) -> None:
    (tmp_path / "nondigit_photos").mkdir()
    (tmp_path / "nondigit_photos" / "a.png").write_bytes(b"")
    (tmp_path / "nondigit_photos" / "truth.json").write_text('[{"file": "a.png", "digits": [3]}]')
    with pytest.raises(InputError, match=r"says that a\.png holds digits"):
        list(make_outliers(tmp_path, seed=0, count=2))
