"""What a format is: a file that export can make of the Keras model, and what it must live up to."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from edgedigits_export.convert.facts import FileFacts
from edgedigits_export.convert.layers import ReadLayers
from edgedigits_export.source import TrainedModel


@dataclass(frozen=True)
class Tolerance:
    """How far a file's answers may lie from the Keras model's.

    Attributes:
        agreement: the least share of evaluation images with the same answer, 0 to 1.
        probability: the largest difference in any probability, 0 to 1; None where quantization makes it idle.
        accuracy_drop: the most that may be lost on the evaluation images, 0 to 1.
        batch_probability: the largest difference in any probability between batch sizes, 0 to 1.
        levels: how many values the quantized logits can have; None where they are not quantized. Answers whose logits
            lie within one step of each other are told apart by nobody.
    """

    agreement: float
    probability: float | None
    accuracy_drop: float
    batch_probability: float
    levels: int | None = None

    def step(self, logits: npt.NDArray[np.float32]) -> float:
        """Return how far apart two values of quantized logits are, if these are the exact ones; 0 for float."""
        return float(logits.max() - logits.min()) / (self.levels - 1) if self.levels else 0.0


FLOAT = Tolerance(agreement=0.9999, probability=1e-3, accuracy_drop=0.0001, batch_probability=1e-3)
"""A float file is the same model: rounding may decide one image in 10,000."""

FLOAT16 = Tolerance(agreement=0.9995, probability=1e-2, accuracy_drop=0.0005, batch_probability=1e-3)
"""Eleven significant bits in every weight: relative errors of 0.0005, which reach the probabilities."""

INT8 = Tolerance(agreement=0.998, probability=None, accuracy_drop=0.001, batch_probability=1e-3, levels=256)
"""Eight bits for weights and activations move answers that were close."""


@dataclass(frozen=True)
class Format:
    """One format of exported files.

    Attributes:
        name: how users and manifests call it, such as "onnx-int8".
        file_name: what its file is called.
        precision: "float32", "float16" (weights only), "int8", "int16x8" (activations in 16 bits) or "dynamic" (weights
            only, in 8 bits).
        summary: one sentence: what it is and where it runs.
        engines: names of the runtime's engines that it is offered to; each is measured and has to pass.
        tolerance: how far its answers may lie from the Keras model's.
        weight_bytes: bytes for a weight: a file without room for all weights has lost some.
        convert: makes the file's content; what it raises is the cause of a failed export.
        embed: puts facts about the model inside the file.
        read_facts: reads what a file says of itself, and refuses one that its engines cannot run.
        read_layers: tells what each layer of a quantized file answers; None where activations are not quantized.
        with_float_layers: returns this format with some layers kept in float, given their places among the layers with
            weights, from 0 in the order of the graph; None where no layer can be kept.
    """

    name: str
    file_name: str
    precision: str
    summary: str
    engines: tuple[str, ...]
    tolerance: Tolerance
    weight_bytes: int
    convert: Callable[[TrainedModel], bytes]
    embed: Callable[[bytes, Mapping[str, Any]], bytes]
    read_facts: Callable[[bytes], FileFacts]
    read_layers: ReadLayers | None = None
    with_float_layers: Callable[[Sequence[int]], Format] | None = None
