"""The network keeps the contract and consists of what every exporter knows."""

from __future__ import annotations

import keras
import numpy as np
import pytest

from edgedigits_train.fit.model import build_model
from edgedigits_train.recipes import RECIPES

KNOWN = {"InputLayer", "Rescaling", "Conv2D", "BatchNormalization", "ReLU", "DepthwiseConv2D", "Flatten", "Dropout"}


@pytest.mark.parametrize("recipe", RECIPES.values(), ids=list(RECIPES))
def test_contract(recipe) -> None:
    model = build_model(recipe)
    (glyphs,) = model.inputs
    assert (glyphs.name, glyphs.dtype, glyphs.shape) == ("glyphs", "uint8", (None, 28, 28, 1))
    assert model.layers[-1].name == "logits"
    assert (model.output_shape, model.outputs[0].dtype) == ((None, 11), "float32")
    assert model.layers[-1].activation is keras.activations.linear
    assert {type(layer).__name__ for layer in model.layers} == KNOWN | {"Dense"}


@pytest.mark.parametrize(("name", "most"), [("tiny", 17_000), ("default", 65_000), ("best", 90_000)])
def test_the_networks_are_small(name: str, most: int) -> None:
    assert most / 2 < build_model(RECIPES[name]).count_params() < most


def test_every_convolution_can_take_in_its_batch_norm() -> None:
    kinds = [type(layer).__name__ for layer in build_model(RECIPES["default"]).layers]
    for place, kind in enumerate(kinds):
        if kind == "Conv2D":
            assert kinds[place + 1 : place + 3] == ["BatchNormalization", "ReLU"]


def test_the_layers_are_a_chain_that_another_input_can_be_put_before() -> None:
    model = build_model(RECIPES["quick"])
    x = pixels = keras.Input((28, 28, 1), dtype="float32")
    for layer in model.layers[1:]:
        x = layer(x)
    glyphs = np.random.default_rng(0).integers(0, 256, (5, 28, 28, 1), np.uint8)
    expected = model(glyphs).numpy()
    assert np.abs(keras.Model(pixels, x)(glyphs.astype(np.float32)).numpy() - expected).max() < 1e-5


@pytest.mark.parametrize("recipe", RECIPES.values(), ids=list(RECIPES))
def test_the_first_convolution_has_channels_that_every_onnxruntime_computes_rightly(recipe) -> None:
    # ONNX Runtime 1.23.2 on a processor with AMX: a quantized convolution whose kernel holds at most 64 numbers is
    # wrong in the channels beyond the last multiple of 16
    assert recipe.widths[0][0] % 16 == 0
