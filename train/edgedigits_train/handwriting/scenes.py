"""Scenes: photos of handwriting, and what they show."""

from __future__ import annotations

import math
from collections import ChainMap
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import cv2
import numpy as np
import numpy.typing as npt

from edgedigits_train.handwriting import camera as cameras
from edgedigits_train.handwriting.camera import Camera
from edgedigits_train.handwriting.ink import draw_stroke
from edgedigits_train.handwriting.layouts import LAYOUTS, Layout, Mark, Page
from edgedigits_train.handwriting.lighting import LIGHTS, light
from edgedigits_train.handwriting.pages import PAGES
from edgedigits_train.handwriting.pens import PENS, Colour, Pen, ink_opacity
from edgedigits_train.handwriting.surfaces import FLAWS, SURFACES, blend, draw_flaw, draw_surface, rulings
from edgedigits_train.handwriting.textures import noise
from edgedigits_train.handwriting.writer import Writer

Image = npt.NDArray[np.uint8]

VIEWS = ("straight", "turned", "perspective", "page edge", "hand")
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
        surface = list(SURFACES.values())[int(rng.choice(len(SURFACES), p=_SURFACE_SHARES))]
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
    """

    label: str
    box: tuple[int, int, int, int]
    row: int
    visible: float


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
    """

    image: Image
    digits: tuple[SceneDigit, ...]
    fragments: tuple[SceneDigit, ...]
    ordered: bool
    kind: str
    conditions: Conditions
    signs: tuple[SceneSign, ...] = ()

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
    seed: int, kind: str | None = None, conditions: Conditions | None = None, size: tuple[int, int] = (640, 480)
) -> Scene:
    """Render a photo of handwriting.

    Args:
        seed: the same arguments give the same scene.
        kind: key of `KINDS`; drawn at random among those of `layouts.LAYOUTS` where None.
        conditions: drawn at random where None.
        size: width and height in pixels, 160×120 to 12 megapixels.

    Raises:
        ValueError: no such kind.

    Example:
        >>> scene = render_scene(seed=3, kind="single")
        >>> scene.image.shape, len(scene.digits)
        ((480, 640, 3), 1)
    """
    rng = np.random.Generator(np.random.PCG64(seed))
    kind = kind or list(LAYOUTS)[int(rng.choice(len(LAYOUTS), p=_KIND_SHARES))]
    if kind not in KINDS:
        raise ValueError(f"No kind of scene is called {kind!r}; there are: {', '.join([*LAYOUTS, *PAGES])}.")
    conditions = conditions or Conditions.sample(rng)
    if kind == "form":
        conditions = replace(conditions, surface="form", pen=_pen_for("form", conditions.pen))
    page = KINDS[kind](Writer.sample(rng, tidiness=0.35), rng, size)
    sheet = Sheet.take(page, kind, conditions, size, rng)
    camera = sample_view(conditions.view if kind != "cut" else "straight", page, size, rng)
    return sheet.photograph(camera, rng)


KINDS: Mapping[str, Layout] = ChainMap(LAYOUTS, PAGES)
"""All kinds of scenes by name: those of digits, from which an everyday scene is drawn, and all other pages."""
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
        image, signs = self._write(image, camera, pen, steady)
        if conditions.view in ("page edge", "hand"):
            image = _surroundings(image, self.extent, camera, conditions.view, steady)
        if conditions.surface != "screen":
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
        )

    def _write(self, image: Image, camera: Camera, pen: Pen, rng: np.random.Generator) -> tuple[Image, list[SceneSign]]:
        shape = self.size[::-1]
        coverage = np.zeros(shape, np.uint8)
        signs: list[SceneSign] = []
        for mark in self.page.marks:
            seen = draw_mark(coverage, mark, camera, self.nib)
            if seen is not None and mark.label is not None:
                signs.append(SceneSign(mark.label, seen[0], mark.row, seen[1]))
        grain = min(16, 1 << max(0, round(math.log2(image.shape[0] / 480))))
        tooth = noise(shape, 2 * grain, rng)
        clouds = noise(shape, 32, rng)
        alpha = ink_opacity(coverage, tooth, clouds, pen, self.opacity)
        return blend(image, alpha, self.colour, 255), signs


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
    width = max(nib * mark.height * camera.scale(mark.box.mean(axis=0)), 1.1)
    paths = [camera.project(stroke.points) for stroke in mark.strokes]
    points = np.concatenate(paths)
    reach = 0.75 * width * max(float(stroke.widths.max()) for stroke in mark.strokes) + 2
    low = np.floor(points.min(axis=0) - reach).astype(int)
    extent = np.ceil(points.max(axis=0) + reach).astype(int) - low
    # Thin strokes are drawn larger and shrunk, because OpenCV's are whole pixels wide.
    fine = 8 if width < 2 else 4 if width < 8 else 2
    patch = np.zeros((int(extent[1]) * fine, int(extent[0]) * fine), np.uint8)
    for path, stroke in zip(paths, mark.strokes, strict=True):
        draw_stroke(patch, (path - low) * fine + (fine - 1) / 2, stroke.widths * (width * fine))
    patch = np.asarray(cv2.resize(patch, tuple(extent.tolist()), interpolation=cv2.INTER_AREA), np.uint8)
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


def sample_view(kind: str, page: Page, size: tuple[int, int], rng: np.random.Generator) -> Camera:
    """Draw a camera for one of `VIEWS` that has all that is written on the page in the picture."""
    turn, tilt = 0.0, (0.0, 0.0)
    if kind == "turned":
        turn = math.radians(rng.uniform(4, 15)) * (1 if rng.random() < 0.5 else -1)
    elif kind != "straight":
        turn = math.radians(rng.uniform(-6, 6))
        tilt = (rng.uniform(-0.25, 0.25), rng.uniform(-0.25, 0.25))
    zoom = rng.uniform(0.55, 0.75) if kind == "page edge" else 1.0
    camera = cameras.view(size, turn, zoom, tilt)
    return camera if kind == "straight" else framed(camera, page, size)


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


def _surroundings(
    image: Image, extent: npt.NDArray[np.float64], camera: Camera, view: str, rng: np.random.Generator
) -> Image:
    """Put a desk behind the sheet where its edges are in view, or a hand that holds it."""
    height, width = image.shape[:2]
    if view == "page edge":
        room = rng.uniform(0.15, 0.4, (2, 2)) * max(height, width) * np.array([[-1.0], [1.0]])
        sheet = _corners(extent + room)
        mask = np.zeros((height, width), np.uint8)
        cv2.fillConvexPoly(mask, np.rint(camera.project(sheet) * 16).astype(np.int32), (255,), cv2.LINE_AA, 4)
        grain = noise((height, width), 4, rng, stretch=16).astype(np.int16)
        desk = np.array(_DESKS[int(rng.integers(len(_DESKS)))], np.int16) + ((grain - 128) * 14 // 128)[:, :, None]
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
