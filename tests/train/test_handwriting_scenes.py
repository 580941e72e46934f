"""Scenes and clips from the synthesizer: the truth that comes with them is true."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest

from edgedigits_train.handwriting import Conditions, Scene, render_clip, render_scene
from edgedigits_train.handwriting.layouts import LAYOUTS
from edgedigits_train.handwriting.lighting import LIGHTS
from edgedigits_train.handwriting.pens import PENS
from edgedigits_train.handwriting.scenes import LEGIBLE, LENSES, VIEWS
from edgedigits_train.handwriting.surfaces import FLAWS, SURFACES

SCREEN = Conditions(pen="digital ink", surface="screen")
"""Ink and nothing else: every dark pixel belongs to a mark."""

DIGITS_ONLY = ["single", "number", "rows", "scattered", "touching", "broken", "cut"]


def boxed(scene: Scene) -> np.ndarray:
    """Where the boxes are, a pixel wider: an anti-aliased edge counts as ink in the box, not as a mistake."""
    mask = np.zeros(scene.image.shape[:2], bool)
    for digit in (*scene.digits, *scene.fragments):
        x, y, width, height = digit.box
        mask[max(y - 1, 0) : y + height + 1, max(x - 1, 0) : x + width + 1] = True
    return mask


@pytest.mark.parametrize("view", ["straight", "turned", "perspective"])
@pytest.mark.parametrize("kind", DIGITS_ONLY)
def test_boxes_hold_all_ink_and_are_tight(kind: str, view: str) -> None:
    for seed in range(6):
        scene = render_scene(seed, kind, replace(SCREEN, view=view))
        ink = (scene.image != 255).any(axis=2)
        assert ink.any()
        # an edge of a stroke may leave a trace of grey outside
        assert not (scene.image.min(axis=2) < 160)[~boxed(scene)].any()
        for digit in scene.digits:
            x, y, width, height = digit.box
            box = ink[y : y + height, x : x + width]
            assert box.shape == (height, width)
            assert box[0].any()
            assert box[-1].any()
            assert box[:, 0].any()
            assert box[:, -1].any()


@pytest.mark.parametrize("kind", LAYOUTS)
def test_text_rows_and_digits_agree(kind: str) -> None:
    for seed in range(8):
        scene = render_scene(seed, kind)
        assert scene.kind == kind
        assert scene.text.replace("\n", "") == "".join(str(digit.value) for digit in scene.digits)
        assert scene.text == "\n".join("".join(map(str, row)) for row in scene.rows)
        assert scene.ordered == (kind != "scattered")
        assert all(digit.visible >= LEGIBLE for digit in scene.digits)
        assert all(digit.visible < LEGIBLE for digit in scene.fragments)
        if kind == "single":
            assert len(scene.digits) == 1
        if kind == "nothing":
            assert scene.digits == scene.fragments == ()
        if kind in ("number", "rows", "scattered", "touching", "mixed"):
            assert len(scene.digits) >= 2
            assert scene.fragments == ()


@pytest.mark.parametrize("view", VIEWS)
def test_digits_run_from_left_to_right_and_rows_from_top_to_bottom(view: str) -> None:
    for seed in range(6):
        scene = render_scene(seed, "rows", Conditions(view=view))
        for first, second in pairwise(scene.digits):
            middle, after = (digit.box[0] + digit.box[2] / 2 for digit in (first, second))
            if first.row == second.row:
                assert middle < after
            else:
                assert second.row == first.row + 1
        heights = [np.mean([d.box[1] for d in scene.digits if d.row == row]) for row in range(len(scene.rows))]
        assert heights == sorted(heights)


def test_a_cut_leaves_fragments_that_touch_the_border() -> None:
    scenes = [render_scene(seed, "cut", SCREEN) for seed in range(20)]
    fragments = [(scene, digit) for scene in scenes for digit in scene.fragments]
    assert fragments
    for scene, digit in fragments:
        x, y, width, height = digit.box
        assert x == 0 or y == 0 or x + width == scene.image.shape[1] or y + height == scene.image.shape[0]


def test_the_same_seed_gives_the_same_scene_and_another_seed_another() -> None:
    first, again, other = (render_scene(seed, "number") for seed in (9, 9, 10))
    assert np.array_equal(first.image, again.image)
    assert first.digits == again.digits
    assert first.text != other.text


@pytest.mark.parametrize(
    ("name", "value"),
    [
        (name, value)
        for name, values in {
            "pen": PENS,
            "surface": SURFACES,
            "flaw": FLAWS,
            "light": LIGHTS,
            "view": VIEWS,
            "lens": LENSES,
        }.items()
        for value in values
    ],
)
def test_every_condition_changes_the_picture_and_not_the_truth(name: str, value: str) -> None:
    plain = Conditions()
    scene = render_scene(11, "number", replace(plain, **{name: value}), (320, 240))
    usual = render_scene(11, "number", plain, (320, 240))
    assert scene.text == usual.text
    assert (getattr(plain, name) == value) == np.array_equal(scene.image, usual.image)


@pytest.mark.parametrize("size", [(160, 120), (1280, 960), (480, 640), (4000, 3000)])
def test_scenes_come_in_all_sizes(size: tuple[int, int]) -> None:
    scene = render_scene(12, "number", size=size)
    assert scene.image.shape == (size[1], size[0], 3)
    for digit in scene.digits:
        x, y, width, height = digit.box
        assert 0 <= x < x + width <= size[0]
        assert 0 <= y < y + height <= size[1]


def test_unknown_kinds_and_conditions_say_which_there_are() -> None:
    with pytest.raises(ValueError, match="No kind of scene is called 'poem'; there are: single, number"):
        render_scene(1, "poem")
    with pytest.raises(ValueError, match="No pen is called 'quill'; there are: ballpoint, pencil"):
        Conditions(pen="quill")


@pytest.mark.parametrize("view", VIEWS)
def test_a_clip_moves_while_its_truth_stays(view: str) -> None:
    scenes = list(render_clip(13, frames=12, conditions=Conditions(view=view), arrives=4, size=(320, 240)))
    assert [scene.text for scene in scenes[:4]] == [""] * 4
    assert {scene.text for scene in scenes[4:]} == {scenes[-1].text} != {""}
    assert len({scene.digits[0].box for scene in scenes[4:]}) > 1
    for before, after in pairwise(scenes[4:]):
        assert not np.array_equal(before.image, after.image)
        near = [abs(a - b) for a, b in zip(before.digits[0].box, after.digits[0].box, strict=True)]
        assert max(near) <= 6


def test_a_clip_follows_from_its_seed() -> None:
    first, again = (list(render_clip(14, frames=3, size=(320, 240))) for _ in range(2))
    assert all(np.array_equal(a.image, b.image) for a, b in zip(first, again, strict=True))
