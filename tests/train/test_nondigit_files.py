"""Drawings that are no digits: two halves that share nothing."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest

from edgedigits.errors import InputError
from edgedigits_train.data.nondigit_files import load_nondigits


@pytest.fixture
def folder() -> Path:
    data = Path(os.environ.get("EDGEDIGITS_DATA", "nowhere")) / "nondigits"
    if not (data / "omniglot_small1.npz").exists():
        pytest.skip("set EDGEDIGITS_DATA to a folder that holds nondigits/")
    return data


def test_the_halves_share_no_kind_and_no_drawing(folder: Path) -> None:
    training, held_out = load_nondigits("training", folder), load_nondigits("held_out", folder)
    assert not set(training) & set(held_out)
    seen = {image.tobytes() for images in training.values() for image in images}
    assert not any(image.tobytes() in seen for images in held_out.values() for image in images)
    assert sum(map(len, training.values())) > 1500
    assert sum(map(len, held_out.values())) > 2500


def test_drawings_are_ink_on_black_paper(folder: Path) -> None:
    for half in ("training", "held_out"):
        for title, images in load_nondigits(half, folder).items():  # type: ignore[arg-type]
            assert images.dtype == np.uint8, title
            assert images.ndim == 3, title
            rims = np.concatenate([images[:, 0].ravel(), images[:, -1].ravel()])
            assert rims.mean() < 25, title
            assert images.max(axis=(1, 2)).min() > 100, title


def test_without_the_files_there_are_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("EDGEDIGITS_DATA", raising=False)
    assert load_nondigits("held_out") == {}
    assert load_nondigits("held_out", tmp_path) == {}


def test_a_damaged_file_is_named(tmp_path: Path) -> None:
    (tmp_path / "quickdraw3.npz").write_bytes(b"PK\x03\x04 cut short")
    with pytest.raises(InputError, match=r"quickdraw3\.npz is damaged"):
        load_nondigits("training", tmp_path)
    np.savez(tmp_path / "quickdraw3.npz", X=np.zeros((1, 28, 28), np.uint8), y=np.zeros(1, np.uint8), classes=["cows"])
    with pytest.raises(InputError, match="holds no cats, only cows"):
        load_nondigits("training", tmp_path)
