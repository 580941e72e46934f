"""Each corruption does to a picture what its name and its stated severity say."""

from __future__ import annotations

import ast

import numpy as np
import numpy.typing as npt
import pytest

from edgedigits_train.evaluation.corruptions import CORRUPTIONS, corrupt
from edgedigits_train.handwriting import render_glyphs
from tests.conftest import ROOT

Pictures = npt.NDArray[np.uint8]


@pytest.fixture(scope="module")
def pictures() -> Pictures:
    return np.asarray(render_glyphs(200, 7)[0][..., 0])


@pytest.fixture
def bar() -> Pictures:
    """Upright bars, 12 pixels high and 2 wide, in the middle."""
    picture = np.zeros((40, 28, 28), np.uint8)
    picture[:, 8:20, 13:15] = 255
    return picture


def axis_angle(picture: Pictures) -> float:
    """Return the angle of a picture's ink from upright, in radians, clockwise positive."""
    y, x = np.indices(picture.shape) - 13.5
    weights = picture / picture.sum()
    return 0.5 * float(np.arctan2(-2 * (weights * x * y).sum(), (weights * (y * y - x * x)).sum()))


def test_there_are_the_fifteen_of_mnist_c() -> None:
    names = "shot_noise impulse_noise glass_blur motion_blur shear scale rotate brightness translate stripe fog spatter"
    assert list(CORRUPTIONS) == [*names.split(), "dotted_line", "zigzag", "canny_edges"]


@pytest.mark.parametrize("kind", CORRUPTIONS)
def test_a_seed_gives_the_same_pictures_and_another_one_others(kind: str, pictures: Pictures) -> None:
    before = pictures.copy()
    first, again = corrupt(pictures, kind, seed=3), corrupt(pictures, kind, seed=3)
    assert first.dtype == np.uint8
    assert first.shape == pictures.shape
    np.testing.assert_array_equal(first, again)
    np.testing.assert_array_equal(pictures, before)
    assert (first != pictures).any(axis=(1, 2)).all()
    if kind not in ("scale", "brightness", "stripe", "canny_edges"):
        assert (corrupt(pictures, kind, seed=4) != first).any()


def test_noise_hits_the_stated_share(pictures: Pictures) -> None:
    spoilt = corrupt(pictures, "impulse_noise", seed=0)
    grey = (pictures > 0) & (pictures < 255)
    assert np.isin(spoilt[grey], [0, 255]).mean() == pytest.approx(0.17, abs=0.01)
    shot = corrupt(pictures, "shot_noise", seed=0)
    assert set(np.unique(shot)) == {0, 85, 170, 255}
    assert not shot[pictures == 0].any()


def test_geometry_is_the_stated_one(bar: Pictures) -> None:
    angles = [axis_angle(picture) for picture in corrupt(bar, "rotate", seed=0)]
    assert np.abs(angles) == pytest.approx(0.4, abs=0.02)
    assert min(angles) < 0 < max(angles)
    slants = [np.tan(axis_angle(picture)) for picture in corrupt(bar, "shear", seed=0)]
    assert np.abs(slants) == pytest.approx(np.tan(0.4), abs=0.04)
    block = np.zeros((1, 28, 28), np.uint8)
    block[:, 4:24, 9:19] = 255
    assert corrupt(block, "scale", seed=0).sum() / block.sum() == pytest.approx(0.7**2, rel=0.05)
    moved = corrupt(bar, "translate", seed=0)
    for picture in moved:
        ys, xs = np.nonzero(picture)
        assert abs(ys.mean() - 13.5) == abs(xs.mean() - 13.5) == 3


def test_light_is_the_stated_one(pictures: Pictures) -> None:
    brighter = np.minimum(pictures + 127.5, 255)
    np.testing.assert_allclose(corrupt(pictures, "brightness", seed=0), brighter, atol=0.5)
    stripe = corrupt(pictures, "stripe", seed=0)
    np.testing.assert_array_equal(stripe[:, :, 7:21], pictures[:, :, 7:21])
    np.testing.assert_array_equal(
        stripe[:, :, [*range(7), *range(21, 28)]], 255 - pictures[:, :, [*range(7), *range(21, 28)]]
    )
    fog = corrupt(pictures, "fog", seed=0).astype(int)
    # a quarter of the contrast is left, over clouds that differ from picture to picture
    ink, paper = fog[pictures == 255].mean(), fog[pictures == 0].mean()
    assert 50 < ink - paper < 75
    assert np.std(fog[:, 0, 0]) > 15


def test_strokes_run_across_the_picture() -> None:
    blank = np.zeros((60, 28, 28), np.uint8)
    dots = corrupt(blank, "dotted_line", seed=0).max(axis=1) > 60
    assert not dots[:, np.arange(28) // 2 % 2 == 0].any()
    assert dots[:, np.arange(28) // 2 % 2 == 1][:, :-1].mean() > 0.95
    zigzag = corrupt(blank, "zigzag", seed=0)
    there = zigzag.max(axis=1) > 60
    assert not there[:, [0, 1, 27]].any()
    assert there[:, 3:25].mean() > 0.95
    # between its turns it climbs 4 pixels in 4
    middle = np.argmax(zigzag, axis=1)[10:].astype(int)
    assert np.median(np.ptp(middle[:, 4:12], axis=1)) >= 3


def test_canny_leaves_the_outline_of_strokes(bar: Pictures) -> None:
    thick = np.zeros((1, 28, 28), np.uint8)
    thick[:, 8:20, 8:20] = 255
    edges = corrupt(thick, "canny_edges", seed=0)[0]
    assert set(np.unique(edges)) == {0, 255}
    assert not edges[11:17, 11:17].any()
    assert not edges[:5].any()
    assert 36 <= np.count_nonzero(edges) <= 56


def test_blurs_keep_the_ink(bar: Pictures) -> None:
    for kind, low in (("motion_blur", 0.9), ("glass_blur", 0.9)):
        spoilt = corrupt(bar, kind, seed=0).astype(float)
        assert low < spoilt.sum() / bar.sum() < 1.05
        assert spoilt.max() < 200


def test_spatter_is_grey_and_covers_ink(pictures: Pictures) -> None:
    spoilt = corrupt(pictures, "spatter", seed=0)
    on_paper = spoilt[(pictures == 0) & (spoilt > 0)]
    assert on_paper.min() >= 45
    assert on_paper.max() <= 63
    assert 0.05 < (spoilt[pictures == 255] < 128).mean() < 0.4


def test_what_measures_and_what_trains_share_no_code() -> None:
    train = ROOT / "train" / "edgedigits_train"
    measuring = list((train / "evaluation").glob("*.py"))
    assert len(measuring) > 5

    def imported(path: object) -> set[str]:
        tree = ast.parse(path.read_text(encoding="utf-8"))  # type: ignore[attr-defined]
        names = {node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
        return names | {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}

    for path in measuring:
        wrong = [name for name in imported(path) if "augmentation" in name or "captured" in name]
        assert not wrong, path
    makers = [path for path in train.rglob("*.py") if "captured" in path.parts or path.name == "augmentation.py"]
    for path in [*makers, *(train / name for name in ("data/datasets.py", "recipes.py"))]:
        assert not [name for name in imported(path) if "evaluation" in name], path
