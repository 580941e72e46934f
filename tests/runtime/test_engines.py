"""The engines: one registry, honest probes, the same answers."""

from __future__ import annotations

import numpy as np
import pytest

from edgedigits import EngineError, Reader
from edgedigits.bundle import Bundle
from edgedigits.engines import ENGINES, get_engine

HERE = [name for name, engine in ENGINES.items() if engine.probe().available]
GLYPHS = np.random.default_rng(1).integers(0, 256, (70, 28, 28), dtype=np.uint8)


def test_the_order_of_preference_is_the_documented_one() -> None:
    assert list(ENGINES) == ["onnxruntime", "litert", "tflite_runtime", "opencv"]


def test_names_may_be_written_with_a_dash() -> None:
    assert get_engine("tflite-runtime") is ENGINES["tflite_runtime"]


def test_an_unknown_engine_is_answered_with_the_known_ones() -> None:
    with pytest.raises(EngineError, match="no engine 'tensorrt'.*onnxruntime, litert"):
        Reader(engine="tensorrt")


@pytest.mark.parametrize("name", [name for name in ENGINES if name not in HERE])
def test_an_engine_that_is_not_installed_says_how_to_get_it(name: str) -> None:
    with pytest.raises(EngineError, match=f"{name}: .*pip install"):
        Reader(engine=name)


def test_an_unknown_format_is_answered_with_the_known_ones() -> None:
    with pytest.raises(EngineError, match="no format 'onnx-int3'.*onnx-int8"):
        Reader(format="onnx-int3")


@pytest.mark.parametrize("name", HERE)
def test_every_engine_here_answers_alike(name: str) -> None:
    expected = Reader(format="onnx-float32").classify(GLYPHS).probabilities
    found = Reader(engine=name).classify(GLYPHS).probabilities
    # noise is no digit: what int8 may change there is bounded by its own step, not by an accuracy
    assert np.abs(found - expected).max() < 0.2


@pytest.mark.parametrize("name", HERE)
def test_a_session_takes_batches_of_any_size(name: str) -> None:
    engine = ENGINES[name]
    file = next(file for file in Bundle.load().files if name in file.engines)
    session = engine.open(file.read_verified(), 1)
    glyphs = GLYPHS[..., np.newaxis]
    whole = session(glyphs)
    assert whole.dtype == np.float32
    for size in (1, 7, 64, 1):
        np.testing.assert_allclose(session(glyphs[:size]), whole[:size], atol=0.15 * np.ptp(whole))


def test_an_engine_is_only_offered_files_that_passed_in_it() -> None:
    for file in Bundle.load().files:
        for name in file.engines:
            assert file.path.suffix == ENGINES[name].suffix


def test_the_next_engine_is_taken_where_the_first_breaks(monkeypatch: pytest.MonkeyPatch) -> None:
    import onnxruntime

    def broken(*_: object, **__: object) -> None:
        raise RuntimeError("illegal instruction")

    monkeypatch.setattr(onnxruntime, "InferenceSession", broken)
    assert Reader().engine.name != "onnxruntime"
    with pytest.raises(EngineError, match="illegal instruction"):
        Reader(engine="onnxruntime")
