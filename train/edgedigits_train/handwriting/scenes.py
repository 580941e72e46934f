"""Scenes: photos of handwriting, and what they show."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

import cv2
import numpy as np
import numpy.typing as npt

from edgedigits_train.handwriting import camera as cameras
from edgedigits_train.handwriting.camera import Camera
from edgedigits_train.handwriting.ink import draw_stroke
from edgedigits_train.handwriting.kinds import KINDS, PAGES
from edgedigits_train.handwriting.layouts import LAYOUTS, Mark, Page, Stamp
from edgedigits_train.handwriting.lighting import LIGHTS, light
from edgedigits_train.handwriting.numerals import CUT_OUT, OWN_SHAPES
from edgedigits_train.handwriting.pens import PENS, Colour, Pen, ink_opacity
from edgedigits_train.handwriting.scenery import SCENERY, clutter
from edgedigits_train.handwriting.surfaces import FLAWS, SURFACES, blend, draw_flaw, draw_surface, rulings
from edgedigits_train.handwriting.textures import noise
from edgedigits_train.handwriting.writer import Writer

Image = npt.NDArray[np.uint8]

VIEWS = ("straight", "turned", "perspective", "page edge", "hand", "aslant", "before things")
LENSES = ("sharp", "defocus", "motion", "noise", "jpeg")
LEGIBLE = 0.75
"""A digit counts where at least this share of its ink is inside the picture."""


@dataclass(frozen=True)
class Conditions:
    """What a picture was taken under. Names are keys or members of the tables that are named.

    Attributes:
        pen: of `pens.PENS`.
        surface: of `surfaces.SURFACES`.
        flaw: of `surfaces.FLAWS`.
        light: of `lighting.LIGHTS`.
        view: of `VIEWS`.
        lens: of `LENSES`.
    """

    pen: str = "ballpoint"
    surface: str = "plain"
    flaw: str = "none"
    light: str = "even"
    view: str = "straight"
    lens: str = "sharp"

    def __post_init__(self) -> None:
        for name, known in _KNOWN.items():
            if getattr(self, name) not in known:
                raise ValueError(f"No {name} is called {getattr(self, name)!r}; there are: {', '.join(known)}.")

    @classmethod
    def sample(cls, rng: np.random.Generator) -> Conditions:
        """Draw everyday conditions: pens that people use on that surface, rarely more than one or two troubles."""
        surface = list(SURFACES.values())[int(rng.choice(len(_SURFACE_SHARES), p=_SURFACE_SHARES))]
        pen = surface.pens[int(rng.integers(len(surface.pens)))]
        if surface.name == "screen":
            return cls(pen, surface.name)
        paper = surface.name not in ("whiteboard", "blackboard")
        return cls(
            pen=pen,
            surface=surface.name,
            flaw=FLAWS[int(rng.choice(4, p=(0.7, 0.12, 0.08, 0.1)))] if paper else "none",
            light=LIGHTS[int(rng.choice(len(LIGHTS), p=_LIGHT_SHARES))],
            view=VIEWS[int(rng.choice(5, p=(0.25, 0.3, 0.25, 0.12, 0.08) if paper else (0.3, 0.4, 0.3, 0, 0)))],
            lens=LENSES[int(rng.choice(5, p=(0.4, 0.15, 0.1, 0.2, 0.15)))],
        )

    @classmethod
    def sample_widely(cls, rng: np.random.Generator) -> Conditions:
        """Draw conditions as `sample` does, and harder ones: finer pens, dark screens, pages held aslant."""
        if rng.random() < 0.2:
            dark = rng.random() < 0.3
            pens = ("light ink",) if dark else ("digital ink", "thin digital ink", "brush")
            lens = "jpeg" if rng.random() < 0.25 else "sharp"
            return cls(pens[int(rng.integers(len(pens)))], "dark screen" if dark else "screen", lens=lens)
        usual = cls.sample(rng)
        if usual.surface in ("screen", "whiteboard", "blackboard"):
            return usual
        pen, view = usual.pen, usual.view
        if rng.random() < 0.3:
            pen = ("fineliner", "hard pencil", "marker")[int(rng.integers(3))]
        if rng.random() < 0.2:
            view = ("aslant", "before things")[int(rng.integers(2))]
        return replace(usual, pen=pen, view=view)

    @property
    def names(self) -> tuple[str, ...]:
        """What is out of the ordinary, for people: pen and surface, then whatever is not the plain case."""
        others = (self.flaw, self.light, self.view, self.lens)
        return (self.pen, self.surface, *(name for name in others if name not in ("none", "even", "straight", "sharp")))


_KNOWN: dict[str, Sequence[str]] = {
    "pen": tuple(PENS),
    "surface": tuple(SURFACES),
    "flaw": FLAWS,
    "light": LIGHTS,
    "view": VIEWS,
    "lens": LENSES,
}
_SURFACE_SHARES = np.array([24, 6, 16, 14, 6, 4, 5, 4, 8, 7, 6]) / 100
_LIGHT_SHARES = np.array([20, 18, 12, 14, 8, 6, 8, 8, 6]) / 100


@dataclass(frozen=True)
class SceneDigit:
    """A digit of a scene.

    Attributes:
        value: 0 to 9.
        box: x, y, width, height in pixels, tight around its ink before any blur, clipped to the picture.
        row: index of its line of writing.
        visible: share of its ink that is inside the picture, 0 to 1.
    """

    value: int
    box: tuple[int, int, int, int]
    row: int
    visible: float


@dataclass(frozen=True)
class SceneSign:
    """A sign of a scene: a digit, a sign of a sum or a number, or whatever else is written.

    Attributes:
        label: a digit, one of `layouts.SIGN_LABELS`, or `layouts.OTHER`.
        box: x, y, width, height in pixels, tight around its ink before any blur, clipped to the picture.
        row: index of its line of writing.
        visible: share of its ink that is inside the picture, 0 to 1.
        writing: height of a digit of that hand there, in pixels: a full stop's is that of the digits beside it.
    """

    label: str
    box: tuple[int, int, int, int]
    row: int
    visible: float
    writing: float


@dataclass(frozen=True, eq=False)
class Scene:
    """A picture and its truth.

    Attributes:
        image: uint8 (H, W, 3), BGR.
        digits: in reading order; those of which at least `LEGIBLE` can be seen.
        fragments: digits cut off by the border so far that nobody need read them.
        ordered: False where digits are scattered, so that the order of `digits` says nothing.
        kind: key of `KINDS`.
        conditions: what it was taken under.
        signs: all that is written, digits and fragments of them among it, in the order of writing. Lines and boxes are
            no signs.
        contrast: by how many times the grain of the paper the fainter signs stand out from it; 0 where there are none.
    """

    image: Image
    digits: tuple[SceneDigit, ...]
    fragments: tuple[SceneDigit, ...]
    ordered: bool
    kind: str
    conditions: Conditions
    signs: tuple[SceneSign, ...] = ()
    contrast: float = 0.0

    @property
    def rows(self) -> tuple[tuple[int, ...], ...]:
        """Values row by row."""
        lines: dict[int, list[int]] = {}
        for digit in self.digits:
            lines.setdefault(digit.row, []).append(digit.value)
        return tuple(tuple(line) for line in lines.values())

    @property
    def text(self) -> str:
        """The digits as text, lines separated by a newline; "" when there is none."""
        return "\n".join("".join(map(str, row)) for row in self.rows)


def render_scene(
    seed: int,
    kind: str | None = None,
    conditions: Conditions | None = None,
    size: tuple[int, int] = (640, 480),
    glyphs: Glyphs | None = None,
) -> Scene:
    """Render a photo of handwriting.

    Args:
        seed: the same arguments give the same scene.
        kind: key of `KINDS` or of `scenery.SCENERY`; drawn at random among those of `layouts.LAYOUTS` where None.
        conditions: drawn at random where None.
        size: width and height in pixels, 160×120 to 12 megapixels. Kinds of `numerals.CUT_OUT` are cut out of that.
        glyphs: digits to write in place of the synthesizer's own, but on pages that are about shapes.

    Raises:
        ValueError: no such kind.

    Example:
        >>> scene = render_scene(seed=3, kind="single")
        >>> scene.image.shape, len(scene.digits)
        ((480, 640, 3), 1)
    """
    rng = np.random.Generator(np.random.PCG64(seed))
    kind = kind or list(LAYOUTS)[int(rng.choice(len(LAYOUTS), p=_KIND_SHARES))]
    if kind not in KINDS and kind not in SCENERY:
        raise ValueError(f"No kind of scene is called {kind!r}; there are: {', '.join([*LAYOUTS, *PAGES, *SCENERY])}.")
    if kind in SCENERY:
        return _without_page(kind, conditions or Conditions.sample(rng), size, rng)
    if conditions is None and kind in PAGES:
        return _legible(kind, size, glyphs, rng)
    return _page(kind, conditions or Conditions.sample(rng), size, glyphs, rng)


def _legible(kind: str, size: tuple[int, int], glyphs: Glyphs | None, rng: np.random.Generator) -> Scene:
    """A page under conditions that leave it legible: faint ink on dark paper in a dim light may not."""
    for _ in range(_TRIALS):
        scene = _page(kind, Conditions.sample_widely(rng), size, glyphs, rng)
        if scene.contrast >= _LEAST_CONTRAST or not any(sign.visible for sign in scene.signs):
            return scene
    return _page(kind, Conditions(), size, glyphs, rng)


_TRIALS, _LEAST_CONTRAST = 4, 1.6


def _page(
    kind: str, conditions: Conditions, size: tuple[int, int], glyphs: Glyphs | None, rng: np.random.Generator
) -> Scene:
    if kind == "amounts":
        conditions = _on_security_paper(conditions, rng)
    if kind == "form":
        conditions = replace(conditions, surface="form", pen=_pen_for("form", conditions.pen))
    page = KINDS[kind](Writer.sample(rng, tidiness=0.35), rng, size)
    sheet = Sheet.take(page, kind, conditions, size, rng)
    if glyphs is not None and kind not in OWN_SHAPES:
        sheet = replace(sheet, page=_in_other_glyphs(page, glyphs.hand(sheet.nib, rng), rng))
    camera = sample_view(conditions.view if kind != "cut" else "straight", page, size, rng)
    scene = sheet.photograph(camera, rng)
    return _cut_out(scene, rng) if kind in CUT_OUT else scene


def _without_page(kind: str, conditions: Conditions, size: tuple[int, int], rng: np.random.Generator) -> Scene:
    image = light(SCENERY[kind](size, rng), conditions.light, rng)
    return Scene(_through_lens(image, conditions.lens, rng, rng), (), (), True, kind, conditions)


def _on_security_paper(conditions: Conditions, rng: np.random.Generator) -> Conditions:
    pens = SURFACES["security paper"].pens
    pen = pens[int(rng.integers(len(pens)))]
    view = conditions.view if conditions.view in ("straight", "turned", "perspective") else "straight"
    return replace(conditions, surface="security paper", pen=pen, flaw="none", view=view)


def _cut_out(scene: Scene, rng: np.random.Generator) -> Scene:
    """The part of a scene that its signs take, and up to three pixels around them; amounts in grey, as scanned."""
    boxes = np.array([sign.box for sign in scene.signs])
    size = np.array(scene.image.shape[1::-1])
    low = np.maximum(boxes[:, :2].min(axis=0) - rng.integers(0, 4, 2), 0)
    high = np.minimum((boxes[:, :2] + boxes[:, 2:]).max(axis=0) + rng.integers(0, 4, 2), size)
    image = scene.image[low[1] : high[1], low[0] : high[0]].copy()
    if scene.kind == "amounts" and rng.random() < 0.7:
        image = np.repeat(np.asarray(cv2.cvtColor(image, cv2.COLOR_BGR2GRAY), np.uint8)[:, :, None], 3, axis=2)
    shift = (int(low[0]), int(low[1]))
    return replace(
        scene,
        image=image,
        digits=tuple(replace(digit, box=_moved(digit.box, shift)) for digit in scene.digits),
        fragments=tuple(replace(digit, box=_moved(digit.box, shift)) for digit in scene.fragments),
        signs=tuple(replace(sign, box=_moved(sign.box, shift)) for sign in scene.signs),
    )


def _moved(box: tuple[int, int, int, int], shift: tuple[int, int]) -> tuple[int, int, int, int]:
    return box[0] - shift[0], box[1] - shift[1], box[2], box[3]


class Glyphs(Protocol):
    """What somebody wrote, to stand on a page in place of the synthesizer's own."""

    def hand(self, nib: float, rng: np.random.Generator) -> Callable[[int | None], Image | None]:
        """What draws the digits and letters of one page, in a pen `nib` heights of a digit wide.

        It gives, for a digit or for any letter (None), a mask, uint8 (H, W), 255 ink, with no border; None where the
        synthesizer's own stays.
        """


def _in_other_glyphs(page: Page, draw: Callable[[int | None], Image | None], rng: np.random.Generator) -> Page:
    """The same page with digits and letters that were written, not printed, in other shapes of about the same size."""
    return replace(page, marks=tuple(_in_other_glyph(mark, draw, rng) for mark in page.marks))


def _in_other_glyph(mark: Mark, draw: Callable[[int | None], Image | None], rng: np.random.Generator) -> Mark:
    is_letter = len(mark.character) == 1 and mark.character.isalpha()
    mask = draw(mark.value) if (mark.value is not None or is_letter) and not mark.printed else None
    if mask is None:
        return mark
    low, high = mark.box
    height = max(float(high[1] - low[1]), 0.3 * mark.height)
    natural = height * mask.shape[1] / mask.shape[0]
    width = float(np.clip(high[0] - low[0], 0.75 * natural, 1.35 * natural))
    corner = (low + high) / 2 - np.array([width, height]) / 2 + 0.01 * height * rng.standard_normal(2)
    corners = corner + np.array([[0.0, 0.0], [width, 0.0], [0.0, height]])
    return replace(mark, strokes=(), stamp=Stamp(mask, corners))


_KIND_SHARES = np.array([25, 22, 10, 6, 6, 7, 6, 5, 7, 6]) / 100


def _pen_for(surface: str, pen: str) -> str:
    pens = SURFACES[surface].pens
    return pen if pen in pens else pens[0]


@dataclass(frozen=True, eq=False)
class Sheet:
    """A page that has been written on, ready to be photographed again and again.

    Attributes:
        page: what is written on it.
        kind: key of `KINDS`.
        extent: float64 (2, 2), the part of it that writing takes: top left and bottom right corner.
        conditions: pen, surface, light and the rest.
        size: width and height of the picture in pixels.
        nib: width of the pen in heights of a digit.
        colour: of the ink.
        opacity: of the ink, 0 to 255.
        lines: printed on the surface.
        behind: what shows through from the other side.
        seed: of everything that stays the same from one picture to the next.
    """

    page: Page
    kind: str
    extent: npt.NDArray[np.float64]
    conditions: Conditions
    size: tuple[int, int]
    nib: float
    colour: Colour
    opacity: int
    lines: list[tuple[tuple[float, float], tuple[float, float]]]
    behind: tuple[Mark, ...]
    seed: int

    @classmethod
    def take(
        cls, page: Page, kind: str, conditions: Conditions, size: tuple[int, int], rng: np.random.Generator
    ) -> Sheet:
        """Take a sheet of the surface and a pen of the kind that `conditions` name."""
        pen, surface = PENS[conditions.pen], SURFACES[conditions.surface]
        lines = rulings(surface, size, page.pitch, rng)
        for low, high in page.cells.tolist():
            corners = [(low[0], low[1]), (high[0], low[1]), (high[0], high[1]), (low[0], high[1])]
            lines += list(zip(corners, [*corners[1:], corners[0]], strict=True))
        behind: tuple[Mark, ...] = ()
        if conditions.flaw == "show-through":
            other = LAYOUTS["rows"](Writer.sample(rng), rng, size)
            mirror = np.array([[-1.0, 0.0], [0.0, 1.0]])
            offset = np.array([size[0], 0.0])
            behind = tuple(replace(m, strokes=tuple(s.moved(mirror, offset) for s in m.strokes)) for m in other.marks)
        boxes = np.array([mark.box for mark in page.marks])
        shade = rng.normal(0, 8, 3)
        chosen = pen.colours[int(rng.integers(len(pen.colours)))]
        blue, green, red = np.clip(np.rint(np.array(chosen) + (shade if pen.grain else 0)), 0, 255).astype(int).tolist()
        return cls(
            page=page,
            kind=kind,
            extent=np.array([boxes[:, 0].min(axis=0), boxes[:, 1].max(axis=0)]),
            conditions=conditions,
            size=size,
            nib=rng.uniform(*pen.nib),
            colour=(blue, green, red),
            opacity=int(rng.integers(pen.opacity[0], pen.opacity[1] + 1)),
            lines=lines,
            behind=behind,
            seed=int(rng.integers(1 << 32)),
        )

    def photograph(self, camera: Camera, rng: np.random.Generator) -> Scene:
        """Take a picture."""
        steady = np.random.Generator(np.random.PCG64(self.seed))
        surface, pen, conditions = SURFACES[self.conditions.surface], PENS[self.conditions.pen], self.conditions
        image = draw_surface(surface, camera, self.size, self.lines, steady)
        image = draw_flaw(image, conditions.flaw, camera, steady)
        if self.behind:
            faint = np.zeros(self.size[::-1], np.uint8)
            for mark in self.behind:
                draw_mark(faint, mark, camera, self.nib)
            soft = np.asarray(cv2.blur(faint, (5, 5)), np.uint8)
            image = blend(image, soft, (110, 105, 100), int(steady.integers(14, 40)))
        image, printed = self._print(image, camera)
        image, written, coverage = self._write(image, camera, pen, steady)
        signs = [*printed, *written]
        if conditions.view in ("page edge", "hand", "before things"):
            image = _surroundings(image, self.extent, camera, conditions.view, steady)
        if conditions.surface in ("screen", "dark screen"):
            image = cameras.jpeg(image, int(steady.integers(25, 80))) if conditions.lens == "jpeg" else image
        else:
            image = _through_lens(light(image, conditions.light, steady), conditions.lens, steady, rng)
        digits = [
            SceneDigit(int(sign.label), sign.box, sign.row, sign.visible) for sign in signs if sign.label.isdigit()
        ]
        return Scene(
            image=image,
            digits=tuple(digit for digit in digits if digit.visible >= LEGIBLE),
            fragments=tuple(digit for digit in digits if digit.visible < LEGIBLE),
            ordered=self.page.ordered,
            kind=self.kind,
            conditions=conditions,
            signs=tuple(signs),
            contrast=_contrast(image, coverage, written),
        )

    def _print(self, image: Image, camera: Camera) -> tuple[Image, list[SceneSign]]:
        """Draw what was on the page before anybody wrote on it."""
        marks = [mark for mark in self.page.marks if mark.printed]
        if not marks:
            return image, []
        rng = np.random.Generator(np.random.PCG64([self.seed, 1]))
        coverage = np.zeros(self.size[::-1], np.uint8)
        signs = _draw_marks(coverage, marks, camera, _PRINTED_NIB)
        ink = _PRINTS[int(rng.integers(len(_PRINTS)))]
        return blend(image, coverage, ink, int(rng.integers(150, 255))), signs

    def _write(
        self, image: Image, camera: Camera, pen: Pen, rng: np.random.Generator
    ) -> tuple[Image, list[SceneSign], Image]:
        shape = self.size[::-1]
        coverage = np.zeros(shape, np.uint8)
        signs = _draw_marks(coverage, [mark for mark in self.page.marks if not mark.printed], camera, self.nib)
        grain = min(16, 1 << max(0, round(math.log2(image.shape[0] / 480))))
        tooth = noise(shape, 2 * grain, rng)
        clouds = noise(shape, 32, rng)
        alpha = ink_opacity(coverage, tooth, clouds, pen, self.opacity)
        return blend(image, alpha, self.colour, 255), signs, coverage


def _contrast(image: Image, coverage: Image, signs: Sequence[SceneSign]) -> float:
    """Of up to 24 signs, the contrast that a quarter of them fall short of: see `Scene`."""
    contrasts = []
    for sign in signs[:: max(1, len(signs) // 24)]:
        x, y, width, height = sign.box
        part = np.s_[max(y - 2, 0) : y + height + 2, max(x - 2, 0) : x + width + 2]
        grey, covered = image[part].mean(axis=2), coverage[part]
        ink, paper = grey[covered > 140], grey[covered < 8]
        if ink.size and paper.size > 4:
            contrasts.append(abs(float(ink.mean() - paper.mean())) / (3.0 + float(paper.std())))
    return float(np.percentile(contrasts, 25)) if contrasts else 0.0


_PRINTED_NIB = 0.06
"""Width of printed lines in heights of a digit."""
_PRINTS: tuple[Colour, ...] = ((40, 38, 38), (25, 25, 25), (90, 85, 85), (130, 70, 40), (140, 130, 120), (60, 60, 150))


def _draw_marks(coverage: Image, marks: Sequence[Mark], camera: Camera, nib: float) -> list[SceneSign]:
    """Draw marks as `draw_mark` does; those that are signs and in the picture."""
    signs = []
    for mark in marks:
        seen = draw_mark(coverage, mark, camera, nib)
        if seen is not None and mark.label is not None:
            height = mark.height * camera.scale(mark.box.mean(axis=0))
            signs.append(SceneSign(mark.label, seen[0], mark.row, seen[1], height))
    return signs


def draw_mark(
    coverage: Image, mark: Mark, camera: Camera, nib: float
) -> tuple[tuple[int, int, int, int], float] | None:
    """Draw one mark into the picture's coverage by ink, as the camera sees it.

    Args:
        coverage: uint8 (H, W), drawn into; 255 is full ink.
        mark: what to draw.
        camera: where from.
        nib: width of the pen in heights of a digit.

    Returns:
        The box x, y, width, height of its ink within the picture and the share of it that is inside, or None where
        all of it is outside.
    """
    drawn = _stamp_patch(mark.stamp, camera) if mark.stamp else _stroke_patch(mark, camera, nib)
    if drawn is None:
        return None
    patch, low = drawn
    extent = np.array(patch.shape[::-1])
    (left, top), (right, bottom) = np.maximum(low, 0), np.minimum(low + extent, coverage.shape[::-1])
    if right <= left or bottom <= top:
        return None
    inside = patch[top - low[1] : bottom - low[1], left - low[0] : right - low[0]]
    window = coverage[top:bottom, left:right]
    np.maximum(window, inside, out=window)
    rows, columns = np.flatnonzero((inside > 64).any(axis=1)), np.flatnonzero((inside > 64).any(axis=0))
    if not rows.size:
        return None
    box = (int(left + columns[0]), int(top + rows[0]), int(columns[-1] - columns[0] + 1), int(rows[-1] - rows[0] + 1))
    return box, float(inside.sum(dtype=np.int64) / patch.sum(dtype=np.int64))


def _stroke_patch(mark: Mark, camera: Camera, nib: float) -> tuple[Image, npt.NDArray[np.int64]]:
    """A mark's strokes as seen, uint8 (H, W), and where the patch's top left corner is, int64 (2,)."""
    width = max(nib * mark.height * camera.scale(mark.box.mean(axis=0)), 1.1)
    paths = [camera.project(stroke.points) for stroke in mark.strokes]
    points = np.concatenate(paths)
    reach = 0.75 * width * max(float(stroke.widths.max()) for stroke in mark.strokes) + 2
    low = np.floor(points.min(axis=0) - reach).astype(int)
    extent = np.ceil(points.max(axis=0) + reach).astype(int) - low
    if mark.label is None and extent.prod() > _LARGE_PATCH:
        return _line_patch(mark, [path - low for path in paths], width, extent), low
    # Thin strokes are drawn larger and shrunk, because OpenCV's are whole pixels wide.
    fine = 8 if width < 2 else 4 if width < 8 else 2
    patch = np.zeros((int(extent[1]) * fine, int(extent[0]) * fine), np.uint8)
    for path, stroke in zip(paths, mark.strokes, strict=True):
        draw_stroke(patch, (path - low) * fine + (fine - 1) / 2, stroke.widths * (width * fine), stroke.levels)
    return np.asarray(cv2.resize(patch, tuple(extent.tolist()), interpolation=cv2.INTER_AREA), np.uint8), low


_LARGE_PATCH = 20_000
"""Pixels above which a line is drawn as it is, since drawing it larger and shrinking it takes long."""


def _line_patch(
    mark: Mark, paths: Sequence[npt.NDArray[np.float64]], width: float, extent: npt.NDArray[np.int64]
) -> Image:
    """The lines of a table or a box, as long as the picture: uint8 (H, W)."""
    patch = np.zeros((int(extent[1]), int(extent[0])), np.uint8)
    for path, stroke in zip(paths, mark.strokes, strict=True):
        thickness = max(1, round(width * float(stroke.widths.mean())))
        ends = np.rint(path * 16).astype(np.int32)
        cv2.polylines(patch, [ends], False, (255,), thickness, cv2.LINE_AA, 4)
    return patch


def _stamp_patch(stamp: Stamp, camera: Camera) -> tuple[Image, npt.NDArray[np.int64]] | None:
    """A stamp as seen, and where the patch's top left corner is, as `_stroke_patch`; None if it is too small to see."""
    quad = camera.project(stamp.quad)
    low = np.floor(quad.min(axis=0)).astype(int) - 1
    extent = np.ceil(quad.max(axis=0)).astype(int) + 2 - low
    height, width = stamp.mask.shape
    # Shrunk by areas first, because a warp to fewer pixels picks some and forgets the others.
    shrink = min(1.0, 2 * float(max(extent)) / max(height, width))
    small = tuple(max(2, round(side * shrink)) for side in (width, height))
    mask = cv2.resize(stamp.mask, small, interpolation=cv2.INTER_AREA) if shrink < 1 else stamp.mask
    down, across = mask.shape
    corners = np.array([[0, 0], [across, 0], [across, down], [0, down]], np.float32) - np.float32(0.5)
    matrix = cv2.getPerspectiveTransform(corners, (quad - low - 0.5).astype(np.float32))
    patch = np.asarray(cv2.warpPerspective(mask, matrix, tuple(extent.tolist()), flags=cv2.INTER_LINEAR), np.uint8)
    return (patch, low) if patch.max() > 64 else None


def sample_view(kind: str, page: Page, size: tuple[int, int], rng: np.random.Generator) -> Camera:
    """Draw a camera for one of `VIEWS` that has all that is written on the page in the picture."""
    turn, tilt = 0.0, (0.0, 0.0)
    if kind == "turned":
        turn = math.radians(rng.uniform(4, 15)) * (1 if rng.random() < 0.5 else -1)
    elif kind == "aslant":
        turn = math.radians(rng.uniform(10, 28)) * (1 if rng.random() < 0.5 else -1)
        tilt = (rng.uniform(-0.2, 0.2), rng.uniform(-0.2, 0.2))
    elif kind != "straight":
        turn = math.radians(rng.uniform(-6, 6))
        tilt = (rng.uniform(-0.25, 0.25), rng.uniform(-0.25, 0.25))
    zoom = rng.uniform(0.55, 0.75) if kind in ("page edge", "before things") else 1.0
    camera = cameras.view(size, turn, zoom, tilt)
    return camera if kind == "straight" or not page.whole else framed(camera, page, size)


def framed(camera: Camera, page: Page, size: tuple[int, int]) -> Camera:
    """Move and zoom out until all that is written on the page is in the picture."""
    seen = camera.project(np.concatenate([_corners(mark.box) for mark in page.marks]))
    margin = 0.035 * np.array(size)
    low, high = seen.min(axis=0), seen.max(axis=0)
    zoom = min(1.0, *((np.array(size) - 2 * margin) / np.maximum(high - low, 1)).tolist())
    middle = (low + high) / 2 * zoom
    half = (high - low) / 2 * zoom
    # Zoomed about the origin, then moved as little as needed.
    place = np.clip((low + high) / 2, margin + half, np.array(size) - margin - half)
    shift = place - middle
    return camera.then(np.array([[zoom, 0, shift[0]], [0, zoom, shift[1]], [0, 0, 1]]))


def _corners(box: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    return np.array([box[0], [box[1, 0], box[0, 1]], box[1], [box[0, 0], box[1, 1]]])


_DESKS: tuple[Colour, ...] = (
    (60, 90, 130),
    (45, 55, 70),
    (150, 150, 150),
    (90, 120, 160),
    (35, 35, 38),
    (120, 100, 80),
)
_SKINS: tuple[Colour, ...] = ((150, 180, 225), (120, 150, 200), (80, 110, 160), (50, 70, 110))


def _desk(size: tuple[int, int], rng: np.random.Generator) -> npt.NDArray[np.int16]:
    grain = noise(size[::-1], 4, rng, stretch=16).astype(np.int16)
    colour = np.array(_DESKS[int(rng.integers(len(_DESKS)))], np.int16)
    return np.asarray(colour + ((grain - 128) * 14 // 128)[:, :, None], np.int16)


def _surroundings(
    image: Image, extent: npt.NDArray[np.float64], camera: Camera, view: str, rng: np.random.Generator
) -> Image:
    """Put a desk behind the sheet where its edges are in view, or a hand that holds it."""
    height, width = image.shape[:2]
    if view in ("page edge", "before things"):
        room = rng.uniform(0.15, 0.4, (2, 2)) * max(height, width) * np.array([[-1.0], [1.0]])
        sheet = _corners(extent + room)
        mask = np.zeros((height, width), np.uint8)
        cv2.fillConvexPoly(mask, np.rint(camera.project(sheet) * 16).astype(np.int32), (255,), cv2.LINE_AA, 4)
        desk = (
            clutter((width, height), rng).astype(np.int16) if view == "before things" else _desk((width, height), rng)
        )
        shadow = np.asarray(cv2.blur(mask, (2 * (height // 60) + 1, 2 * (height // 60) + 1)), np.int32)
        desk = np.clip(desk, 0, 255) * (255 - shadow[:, :, None] // 3) // 255
        cover = mask.astype(np.int32)[:, :, None]
        return np.asarray((image * cover + desk * (255 - cover)) // 255, np.uint8)
    skin = _SKINS[int(rng.integers(len(_SKINS)))]
    # A thumb reaches in from the lower border, beside or below the writing.
    seen = camera.project(_corners(extent))
    room_below = height - float(seen[:, 1].max())
    x = rng.uniform(0.1, 0.9) * width
    tip = np.array([x, height - min(0.8 * room_below, rng.uniform(0.12, 0.3) * height)])
    thick = int(height * rng.uniform(0.09, 0.13))
    if room_below < 1.2 * thick:
        return image
    tip[1] += thick / 2
    knuckle = tip + np.array([rng.uniform(-0.1, 0.1) * width, 1.2 * thick])
    path = np.array([tip, knuckle, [x + rng.uniform(-60, 60), height + thick]])
    mask = np.zeros((height, width), np.uint8)
    draw_stroke(mask, path, np.array([1.0, 1.0, 1.15]) * thick)
    soft = np.asarray(cv2.blur(mask, (7, 7)), np.uint8)
    cast = np.zeros_like(soft)
    cast[4:, 5:] = soft[:-4, :-5]
    image = blend(image, cast, (40, 40, 50), 90)
    image = blend(image, soft, skin, 255)
    nail = np.zeros((height, width), np.uint8)
    draw_stroke(nail, path[:1] + np.array([[0.0, 0.0], [0.0, 0.25 * thick]]), np.array([0.55, 0.55]) * thick)
    return blend(image, np.asarray(cv2.blur(nail, (5, 5)), np.uint8), (200, 205, 235), 110)


def _through_lens(image: Image, lens: str, steady: np.random.Generator, rng: np.random.Generator) -> Image:
    """What optics, sensor and file format add; even the best camera is never quite sharp nor free of noise."""
    scale = image.shape[0] / 480
    if lens == "defocus":
        image = cameras.defocus(image, scale * steady.uniform(1.2, 2.6))
    elif lens == "motion":
        image = cameras.shake(image, scale * steady.uniform(4, 11), steady.uniform(0, math.pi))
    else:
        image = cameras.defocus(image, 0.45 + 0.15 * scale)
    image = cameras.sensor_noise(image, steady.uniform(7, 16) if lens == "noise" else steady.uniform(0.5, 2.5), rng)
    return cameras.jpeg(image, int(steady.integers(12, 35))) if lens == "jpeg" else image
