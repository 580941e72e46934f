"""Opening what is to be evaluated: a Keras model, a bundle, or one exported file."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from edgedigits.bundle import BUNDLED, DIGITS, MANIFEST, NONE, DigitScore
from edgedigits.engines import ENGINES, Session, get_engine
from edgedigits.errors import EngineError, InputError
from edgedigits.glyphs import CONTRACT
from edgedigits.inspecting import inspect_file
from edgedigits.reader import Reader

Predict: TypeAlias = Callable[[npt.NDArray[np.uint8]], npt.NDArray[np.float32]]

_BATCH = 256


@dataclass(frozen=True)
class Model:
    """A model that can be asked, and what is known of it.

    Attributes:
        name: what reports call it: its folder, or its file.
        format: "keras", or the export format, such as "onnx-int8".
        runs_in: the engine and its version.
        size: bytes of the file.
        sha256: of the file, as hexadecimal digits.
        temperature: its logits are divided by it.
        digit_score: how it tells 'not a digit'.
        predict: glyphs uint8 (N, 28, 28, 1), N ≥ 1, to logits float32 (N, C).
    """

    name: str
    format: str
    runs_in: str
    size: int
    sha256: str
    temperature: float
    digit_score: DigitScore
    predict: Predict


def open_model(path: Path | None) -> Model:
    """Open a model for evaluation.

    Args:
        path: a bundle folder, a training's folder with digits.keras, that file, or an exported .onnx or .tflite file;
            None for the bundle inside the runtime. A Keras file needs metrics.json beside it.

    Raises:
        InputError: it is none of these, damaged, or was trained with another glyph normalisation.
        BundleError, EngineError: as `Reader`.

    Example:
        >>> open_model(None).format
        'onnx-int8'
    """
    path = path or BUNDLED
    if (path / MANIFEST).exists():
        return _open_bundle(path)
    if (path / "digits.keras").exists():
        path = path / "digits.keras"
    if path.is_dir():
        raise InputError(f"{path} holds neither {MANIFEST} nor digits.keras; name a bundle or a training's folder.")
    return _open_keras(path) if path.suffix == ".keras" else _open_exported(path)


def _open_bundle(folder: Path) -> Model:
    reader = Reader(folder)
    _check_labels(folder, reader.bundle.labels)
    content = reader.file.read_verified()
    return Model(
        name="bundled" if folder == BUNDLED else folder.resolve().name,
        format=reader.file.format,
        runs_in=f"{reader.engine.title} {reader.engine.probe().detail}",
        size=len(content),
        sha256=reader.file.sha256,
        temperature=reader.bundle.temperature,
        digit_score=reader.bundle.digit_score,
        predict=_in_batches(reader.engine.open(content, 1)),
    )


def _open_exported(path: Path) -> Model:
    """Open a file by the facts inside it, in the first engine that can run it."""
    inspection = inspect_file(path)
    facts = inspection.facts
    if facts is None:
        raise InputError(f"{path} does not say how its logits are to be read; export it with `edgedigits export`.")
    _check_normalisation(path, facts)
    _check_labels(path, facts.get("labels"))
    suitable = [name for name, engine in ENGINES.items() if engine.suffix == path.suffix and engine.probe().available]
    if not suitable:
        ways = "; ".join(engine.install for engine in ENGINES.values() if engine.suffix == path.suffix)
        raise EngineError(f"No engine here runs {path.name}: {ways}.")
    engine = get_engine(suitable[0])
    return Model(
        name=path.name,
        format=str(facts["format"]),
        runs_in=f"{engine.title} {engine.probe().detail}",
        size=inspection.size,
        sha256=inspection.sha256,
        temperature=float(facts["temperature"]),
        digit_score=DigitScore(facts["digit_score"]["method"], float(facts["digit_score"]["threshold"])),
        predict=_in_batches(engine.open(path.read_bytes(), 1)),
    )


def _open_keras(path: Path) -> Model:
    metrics = _read_metrics(path.with_name("metrics.json"))
    _check_normalisation(path, metrics)
    _check_labels(path, metrics.get("labels"))
    # TensorFlow takes seconds to import: not for a bundle
    from edgedigits_train.backend import keras
    from edgedigits_train.fit.fitting import predict_logits

    try:
        content = path.read_bytes()
        model = keras.models.load_model(path, compile=False)
    except OSError as error:
        raise InputError(f"{path} cannot be read ({error.strerror or 'it is no Keras file'}).") from error
    except (ValueError, TypeError, KeyError) as error:
        raise InputError(f"{path} is no Keras model ({str(error).splitlines()[0]}); train it again.") from error
    return Model(
        name=path.resolve().parent.name,
        format="keras",
        runs_in=f"Keras {keras.__version__} on {keras.backend.backend()}",
        size=len(content),
        sha256=hashlib.sha256(content).hexdigest(),
        temperature=float(metrics["temperature"]),
        digit_score=DigitScore(metrics["digit_score"]["method"], float(metrics["digit_score"]["threshold"])),
        predict=lambda glyphs: predict_logits(model, glyphs),
    )


def _read_metrics(path: Path) -> Mapping[str, Any]:
    try:
        metrics = json.loads(path.read_text(encoding="utf-8"))
        float(metrics["temperature"]), float(metrics["digit_score"]["threshold"]), metrics["digit_score"]["method"]
    except OSError as error:
        raise InputError(
            f"{path} cannot be read ({error.strerror}): it holds the model's temperature and threshold, and must lie "
            "beside digits.keras."
        ) from error
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise InputError(f"{path} is damaged ({error!r}); train the model again.") from error
    return dict(metrics)


def _check_normalisation(path: Path, facts: Mapping[str, Any]) -> None:
    if facts.get("normalisation") != CONTRACT.digest:
        raise InputError(
            f"{path} was trained with another glyph normalisation than this edgedigits has; train it again."
        )


def _check_labels(path: Path, labels: Sequence[str] | None) -> None:
    if labels is not None and tuple(label for label in labels if label != NONE) != DIGITS:
        raise InputError(f"{path} tells {', '.join(labels)}, and what is measured here is how digits are read.")


def _in_batches(session: Session) -> Predict:
    def predict(glyphs: npt.NDArray[np.uint8]) -> npt.NDArray[np.float32]:
        # copied, because an engine may hand out a view of memory that its next call overwrites
        parts = [np.array(session(glyphs[i : i + _BATCH]), np.float32) for i in range(0, len(glyphs), _BATCH)]
        return np.concatenate(parts)

    return predict
