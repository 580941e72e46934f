"""The page network as a training left it, and the formats that it is converted to."""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from edgedigits.errors import InputError
from edgedigits.finding.page import LABELS
from edgedigits.finding.tiles import TILE
from edgedigits.labelled.glyphs import LabelledGlyphs
from edgedigits_export.cache import open_cache
from edgedigits_export.convert.formats import FORMATS, Format
from edgedigits_export.convert.formats.onnx_int8 import convert_quantized
from edgedigits_export.source import TrainedModel

MODEL, CALIBRATION, EVALUATION, METRICS = "page.keras", "calibration.npz", "evaluation.npz", "metrics.json"

_OPERATORS = ["Conv", "Relu", "Add", "Resize", "Concat"]
"""What is quantized: between all of these, values stay in eight bits."""

PAGE_FORMATS: tuple[Format, ...] = (
    replace(
        FORMATS["onnx-int8"],
        file_name="page-int8.onnx",
        convert=lambda trained: convert_quantized(trained, _OPERATORS),
        with_float_layers=None,
    ),
    replace(FORMATS["tflite-int8"], file_name="page-int8.tflite", with_float_layers=None),
)
"""The formats of the page network. OpenCV's DNN has no operator that repeats pixels: there, strokes alone are read."""


@dataclass(frozen=True, eq=False)
class TrainedPage(TrainedModel):
    """A folder that the recipe `page` of `edgedigits train` wrote. `load` makes one.

    Its `calibration` and `evaluation` hold tiles.

    Attributes:
        names: int16 (N, rows, columns), what each cell of the evaluation's tiles is.
    """

    names: npt.NDArray[np.int16] = field(default_factory=lambda: np.zeros((0, 1, 1), np.int16))

    @classmethod
    def load(cls, folder: Path) -> TrainedPage:
        """Read the folder's metrics and arrays.

        Raises:
            InputError: a file is missing or damaged.
        """
        try:
            metrics = json.loads((folder / METRICS).read_text(encoding="utf-8"))
            with np.load(folder / CALIBRATION) as arrays:
                calibration = arrays["tiles"]
            with np.load(folder / EVALUATION) as arrays:
                tiles, names = arrays["tiles"], arrays["names"]
            is_page = metrics["kind"] == "page"
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise InputError(
                f"{folder} holds no trained page network ({error}); run `edgedigits train --recipe page` first."
            ) from error
        if not is_page:
            raise InputError(f"{folder} holds another training than of a page network; leave --page out.")
        return cls(
            folder=folder,
            metrics=metrics,
            calibration=LabelledGlyphs(calibration, np.zeros(len(calibration), np.uint8)),
            evaluation=LabelledGlyphs(tiles, np.zeros(len(tiles), np.uint8)),
            names=names,
            cache=open_cache(folder, (folder / METRICS).read_bytes()),
        )

    @cached_property
    def keras_model(self) -> Any:
        """The Keras model: tiles, uint8 (N, 128, 128, 1), to maps, float32 (N, 32, 32, labels + 4)."""
        import keras

        path = self.folder / MODEL
        try:
            model = keras.saving.load_model(path, compile=False)
        except (OSError, ValueError, TypeError, KeyError) as error:
            reason = str(error).strip().splitlines()[0]
            raise InputError(f"{path} cannot be loaded ({reason}); run `edgedigits train` again.") from error
        if model.input_shape != (None, TILE, TILE, 1) or model.output_shape[-1] != len(LABELS) + 4:
            raise InputError(f"{path} is no page network of this version; run `edgedigits train` again.")
        return model
