"""Contact sheets: what the synthesizer writes, at a glance."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import cv2
import numpy as np
import numpy.typing as npt

from edgedigits_train.handwriting.camera import Camera
from edgedigits_train.handwriting.glyphs import render_glyphs
from edgedigits_train.handwriting.kinds import PAGES
from edgedigits_train.handwriting.layouts import Mark, digit, in_line
from edgedigits_train.handwriting.letterforms import DIGITS
from edgedigits_train.handwriting.nondigits import render_nondigits
from edgedigits_train.handwriting.scenery import SCENERY
from edgedigits_train.handwriting.scenes import draw_mark, render_scene
from edgedigits_train.handwriting.strokes import write
from edgedigits_train.handwriting.writer import Writer

Image = npt.NDArray[np.uint8]

_WIDTH = 1400


def draw_sheet(seed: int = 1) -> Image:
    """Draw a contact sheet: letterforms, hands, glyphs, what is no digit, scenes, pages; uint8 (H, 1400, 3), BGR."""
    parts = [
        ("Letterforms, as in the copybook", _letterforms()),
        ("Writers: one in each line", _writers(seed)),
        ("Glyphs for the classifier, each of another writer", _glyphs(seed)),
        ("Glyphs that are no digits", _nondigits(seed)),
        ("Scenes", _scenes(seed)),
        ("Pages, one of each kind, and pictures without one", _pages(seed)),
    ]
    return np.vstack([part for title, picture in parts for part in (_title(title), picture)])


def _title(text: str) -> Image:
    strip = np.full((44, _WIDTH, 3), 255, np.uint8)
    cv2.putText(strip, text, (8, 31), cv2.FONT_HERSHEY_SIMPLEX, 0.75, (60, 60, 60), 1, cv2.LINE_AA)
    return strip


def _on_paper(ink: Image) -> Image:
    return np.repeat(255 - ink[:, :, None], 3, axis=2)


def _letterforms() -> Image:
    rng = np.random.Generator(np.random.PCG64(0))
    copybook = replace(
        Writer.sample(rng, tidiness=1.0),
        slant=0.0,
        aspect=1.0,
        turn=0.0,
        quirk=0.0,
        looseness=0.0,
        rounding=1,
        tremor=0.0,
        overshoot=0.0,
        bends=np.zeros_like(Writer.sample(rng).bends),
    )
    pitch, height = _WIDTH / max(map(len, DIGITS)), 44.0
    ink = np.zeros((10 * 64, _WIDTH), np.uint8)
    for row, forms in enumerate(DIGITS):
        for column, form in enumerate(forms):
            mark = Mark(row, tuple(write(form, copybook, rng)), 1.0, row)
            place = np.array([column * pitch + 10, row * 64 + 10.0])
            draw_mark(ink, mark.moved(place, height), Camera.straight(), 0.08)
    return _on_paper(ink)


def _writers(seed: int) -> Image:
    rng = np.random.Generator(np.random.PCG64(seed))
    ink = np.zeros((6 * 80, _WIDTH), np.uint8)
    for row in range(6):
        writer = Writer.sample(rng)
        writer = replace(writer, drift=0.0)
        line = in_line([digit(value % 10, writer, rng) for value in range(24)], writer, rng, 1.5)
        scale = min(50.0, (_WIDTH - 40) / max(mark.box[1, 0] for mark in line))
        for mark in line:
            draw_mark(ink, mark.moved(np.array([20.0, row * 80 + 14.0]), scale), Camera.straight(), 0.09)
    return _on_paper(ink)


def _glyphs(seed: int) -> Image:
    glyphs, labels = render_glyphs(1000, seed)
    rows = [np.hstack(list(glyphs[labels == value][:50, :, :, 0])) for value in range(10)]
    return _on_paper(np.vstack(rows))


def _nondigits(seed: int) -> Image:
    glyphs, _ = render_nondigits(150, seed)
    return _on_paper(np.vstack([np.hstack(list(glyphs[start : start + 50, :, :, 0])) for start in (0, 50, 100)]))


def _scenes(seed: int) -> Image:
    return _thumbs([render_scene(1000 * seed + index).image for index in range(42)])


def _pages(seed: int) -> Image:
    return _thumbs([render_scene(100 * seed + k, kind).image for k, kind in enumerate((*PAGES, *SCENERY))])


def _thumbs(images: Sequence[Image]) -> Image:
    """Images shrunk to 200×150 pixels at most, seven in a row."""
    thumbs = []
    for image in images:
        zoom = min(200 / image.shape[1], 150 / image.shape[0])
        small = cv2.resize(
            image, None, fx=zoom, fy=zoom, interpolation=cv2.INTER_AREA if zoom < 1 else cv2.INTER_LINEAR
        )
        thumb = np.full((150, 200, 3), 255, np.uint8)
        thumb[: small.shape[0], : small.shape[1]] = small
        thumbs.append(thumb)
    thumbs += [np.full((150, 200, 3), 255, np.uint8)] * (-len(thumbs) % 7)
    return np.vstack([np.hstack(thumbs[start : start + 7]) for start in range(0, len(thumbs), 7)])
