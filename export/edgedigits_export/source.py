"""What training left behind and export starts from."""

from __future__ import annotations

import hashlib
import io
import json
import zipfile
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from edgedigits.arrays import UInt8Array
from edgedigits.bundle import DIGITS, NONE
from edgedigits.errors import InputError
from edgedigits.glyphs import CONTRACT, SIDE
from edgedigits.labelled.glyphs import LabelledGlyphs
from edgedigits_export.cache import NO_CACHE, Cache

MODEL = "digits.keras"
CALIBRATION = "calibration.npz"
EVALUATION = "evaluation.npz"
METRICS = "metrics.json"

_FIELDS = (
    "recipe",
    "seed",
    "training_data",
    "data",
    "parameters",
    "test",
    "temperature",
    "digit_score",
    "versions",
    "files",
)


@dataclass(frozen=True)
class KerasLayer:
    """A layer of the Keras model.

    Attributes:
        name: its name in the model.
        kind: its class.
        parameters: how many it has.
        multiplies: whether it multiplies its input with weights, which is what quantization is about.
    """

    name: str
    kind: str
    parameters: int
    multiplies: bool


@dataclass(frozen=True, eq=False)
class TrainedModel:
    """A folder that `edgedigits train` wrote, read and checked. `load` makes one.

    Attributes:
        folder: where it lies.
        metrics: metrics.json as it was written.
        calibration: training images from which activation ranges are taken.
        evaluation: test images on which every exported file is scored.
        cache: keeps what is made of the model.
    """

    folder: Path
    metrics: Mapping[str, Any]
    calibration: LabelledGlyphs
    evaluation: LabelledGlyphs
    cache: Cache = NO_CACHE

    @classmethod
    def load(cls, folder: Path) -> TrainedModel:
        """Read the folder's metrics and arrays; the Keras model is loaded when it is first used.

        Raises:
            InputError: a file is missing or damaged, was made for another glyph normalisation, or images of the
                evaluation are in the calibration as well.
        """
        if not (folder / MODEL).is_file():
            raise InputError(
                f"There is no {MODEL} in {folder}; run `edgedigits train` first, or name its folder with --from."
            )
        metrics = _read_metrics(folder / METRICS)
        _check_digests(folder, metrics)
        trained = cls(
            folder=folder,
            metrics=metrics,
            calibration=_read_glyphs(folder / CALIBRATION),
            evaluation=_read_glyphs(folder / EVALUATION),
        )
        shared = trained.shared_digests()
        if shared:
            raise InputError(
                f"{len(shared)} images of {folder / EVALUATION} are in {CALIBRATION} as well, so that the files would"
                " be scored on what they were fitted to; run `edgedigits train` again."
            )
        return trained

    @property
    def labels(self) -> tuple[str, ...]:
        """What the model's outputs stand for, in their order; "none" last where there is a class for 'no digit'."""
        if self.metrics.get("labels"):
            return tuple(self.metrics["labels"])
        return DIGITS if self.metrics["digit_score"]["method"] == "max-probability" else (*DIGITS, NONE)

    @property
    def partly_float(self) -> bool:
        """Whether something between its layers has no 8-bit form, so that an 8-bit file computes it in float."""
        return False

    def shared_digests(self) -> set[bytes]:
        """Return the SHA-256 digests of images that are in calibration and evaluation alike."""
        return _digests(self.calibration.glyphs) & _digests(self.evaluation.glyphs)

    @cached_property
    def keras_model(self) -> Any:
        """The Keras model: uint8 (N, 28, 28, 1) to float32 logits (N, C).

        Raises:
            InputError: the file does not hold such a model.
        """
        import keras

        path = self.folder / MODEL
        try:
            model = keras.saving.load_model(path, compile=False)
        except (OSError, ValueError, TypeError, KeyError) as error:
            raise InputError(
                f"{path} cannot be loaded ({_first_line(error)}); run `edgedigits train` again."
            ) from error
        if model.input_shape != (None, SIDE, SIDE, 1) or model.output_shape != (None, len(self.labels)):
            raise InputError(
                f"{path} maps {model.input_shape} to {model.output_shape}, not (None, 28, 28, 1) to"
                f" (None, {len(self.labels)}); name a model that `edgedigits train` did not make with --model."
            )
        return model

    @cached_property
    def float_onnx(self) -> bytes:
        """The model as canonical float ONNX, which all ONNX formats start from."""
        from edgedigits_export.convert.onnx_graph import convert_to_onnx, serialise

        return self.cache.remember("float.onnx", lambda: serialise(convert_to_onnx(self.keras_model)))

    @cached_property
    def layers(self) -> tuple[KerasLayer, ...]:
        """The Keras model's layers in order."""
        return tuple(KerasLayer(**entry) for entry in json.loads(self.cache.remember("layers.json", self._list_layers)))

    def reference_logits(self) -> npt.NDArray[np.float32]:
        """Return what the Keras model answers on the evaluation images: float32, (N, C)."""
        return np.asarray(np.load(io.BytesIO(self.cache.remember("reference.npy", self._predict))))

    def _list_layers(self) -> bytes:
        layers = [
            KerasLayer(layer.name, type(layer).__name__, layer.count_params(), hasattr(layer, "kernel"))
            for layer in self.keras_model.layers
        ]
        return json.dumps([asdict(layer) for layer in layers]).encode()

    def _predict(self) -> bytes:
        logits = np.asarray(self.keras_model.predict(self.evaluation.glyphs, batch_size=500, verbose=0), np.float32)
        file = io.BytesIO()
        np.save(file, logits)
        return file.getvalue()


def _read_metrics(path: Path) -> dict[str, Any]:
    try:
        metrics = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise InputError(f"{path} cannot be read ({error.strerror}); run `edgedigits train` again.") from error
    except (ValueError, RecursionError) as error:
        raise InputError(f"{path} is damaged ({_first_line(error)}); run `edgedigits train` again.") from error
    if not isinstance(metrics, dict) or not isinstance(metrics.get("files", {}), dict):
        raise InputError(f"{path} is damaged (it holds no table); run `edgedigits train` again.")
    missing = [field for field in _FIELDS if field not in metrics]
    if missing:
        raise InputError(f"{path} lacks {', '.join(missing)}; run `edgedigits train` again with this version.")
    if metrics.get("normalisation") != CONTRACT.digest:
        raise InputError(
            f"{path.parent} was trained with another glyph normalisation than this edgedigits has;"
            " run `edgedigits train` again with this version."
        )
    return dict(metrics)


def _check_digests(folder: Path, metrics: Mapping[str, Any]) -> None:
    for name in (MODEL, CALIBRATION, EVALUATION):
        try:
            content = (folder / name).read_bytes()
        except OSError as error:
            raise InputError(
                f"{folder / name} cannot be read ({error.strerror}); run `edgedigits train` again."
            ) from error
        if hashlib.sha256(content).hexdigest() != metrics["files"].get(name):
            raise InputError(
                f"{folder / name} is not the file that {METRICS} describes: it was changed, or is of another training;"
                " run `edgedigits train` again."
            )


def _read_glyphs(path: Path) -> LabelledGlyphs:
    try:
        with np.load(path) as arrays:
            glyphs, labels = arrays["glyphs"], arrays["labels"]
    except OSError as error:
        raise InputError(f"{path} cannot be read ({_first_line(error)}); run `edgedigits train` again.") from error
    except (EOFError, KeyError, ValueError, zipfile.BadZipFile) as error:
        raise InputError(f"{path} is damaged ({_first_line(error)}); run `edgedigits train` again.") from error
    if labels.ndim != 1 or labels.dtype.kind not in "ui" or not ((labels >= 0) & (labels < 256)).all():
        raise InputError(
            f"{path} holds {labels.dtype} labels of shape {labels.shape}, not whole numbers from 0 to 255;"
            " run `edgedigits train` again."
        )
    if glyphs.dtype != np.uint8 or glyphs.shape != (len(labels), SIDE, SIDE, 1) or len(labels) == 0:
        raise InputError(
            f"{path} holds {glyphs.dtype} glyphs of shape {glyphs.shape} for {len(labels)} labels, not uint8"
            " (N, 28, 28, 1); run `edgedigits train` again."
        )
    return LabelledGlyphs(glyphs, labels.astype(np.uint8))


def _digests(glyphs: UInt8Array) -> set[bytes]:
    return {hashlib.sha256(glyph).digest() for glyph in glyphs}


def _first_line(error: Exception) -> str:
    return str(error).strip().split("\n", 1)[0] or type(error).__name__
