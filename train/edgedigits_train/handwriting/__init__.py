"""Handwriting without end and without a camera: digits as people write them, with their truth known exactly.

From the inside out: `letterforms` and `alphabet` say how characters are made, a `writer` bends them, `strokes` are
where the pen goes. `glyphs` and `nondigits` draw those at 28×28 pixels for classifiers; `layouts` places them on a
page, `pages` whatever else people write (`texts`, set as `lettering` in all `characters`), which `pens`, `surfaces`,
`lighting` and `camera` turn into the photo of a `scene`, or a `clip` of many. `images` renders the sample images of the
project and `contact` draws sheets to look at.

Everything follows from a seed: the same numbers give the same pixels.

    >>> from edgedigits_train.handwriting import render_glyphs, render_scene
    >>> glyphs, labels = render_glyphs(1000, seed=1)
    >>> scene = render_scene(seed=1, kind="number")
    >>> len(scene.text) == len(scene.digits)
    True
"""

from edgedigits_train.handwriting.clips import render_clip
from edgedigits_train.handwriting.glyphs import render_every_form, render_glyphs, render_lookalikes
from edgedigits_train.handwriting.kinds import KINDS
from edgedigits_train.handwriting.nondigits import render_characters, render_nondigits
from edgedigits_train.handwriting.scenes import Conditions, Scene, SceneDigit, SceneSign, render_scene

__all__ = [
    "KINDS",
    "Conditions",
    "Scene",
    "SceneDigit",
    "SceneSign",
    "render_characters",
    "render_clip",
    "render_every_form",
    "render_glyphs",
    "render_lookalikes",
    "render_nondigits",
    "render_scene",
]
