"""What TensorFlow Lite for Microcontrollers needs to know of an int8 file, measured with its own interpreter."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from edgedigits_export.silence import silenced

_MOST_MEMORY = 4 << 20
_ALIGNED = 16


@dataclass(frozen=True)
class Quantization:
    """How the numbers of a tensor are meant: (number - zero_point) * scale."""

    scale: float
    zero_point: int


@dataclass(frozen=True)
class MicroFacts:
    """What a program for a microcontroller declares.

    Attributes:
        operators: names of the file's operators, as TFLite calls them, such as "CONV_2D".
        input: of the pixels.
        output: of the logits.
        arena: bytes of working memory that the interpreter takes, on a 64-bit machine, which is a bit more than on a
            microcontroller; None where the package tflite-micro is not installed or cannot run the file.
    """

    operators: tuple[str, ...]
    input: Quantization
    output: Quantization
    arena: int | None

    @property
    def adders(self) -> tuple[str, ...]:
        """Names of the resolver's methods that add the operators, such as "AddConv2D"."""
        return tuple(f"Add{''.join(_camel(word) for word in name.split('_'))}" for name in self.operators)


def micro_facts(content: bytes) -> MicroFacts:
    """Return the facts of an int8 TFLite file."""
    from ai_edge_litert.tools import flatbuffer_utils

    model = flatbuffer_utils.read_model_from_bytearray(bytearray(content))
    graph = model.subgraphs[0]
    names = [flatbuffer_utils.opcode_to_name(model, operator.opcodeIndex) for operator in graph.operators]
    return MicroFacts(
        tuple(sorted(set(names))),
        _quantization(graph.tensors[graph.inputs[0]]),
        _quantization(graph.tensors[graph.outputs[0]]),
        _measure_arena(content),
    )


def _quantization(tensor: Any) -> Quantization:
    return Quantization(float(tensor.quantization.scale[0]), int(tensor.quantization.zeroPoint[0]))


def _camel(word: str) -> str:
    """Return a word of an operator's name as the resolver's methods have it: CONV is Conv, and 2D stays."""
    return word if word[0].isdigit() else word.capitalize()


def _measure_arena(content: bytes) -> int | None:
    """Return the fewest bytes, a multiple of 16, with which the interpreter starts."""
    try:
        from tflite_micro.python.tflite_micro import runtime
    except ImportError:
        return None

    def starts(size: int) -> bool:
        try:
            runtime.Interpreter.from_bytes(content, arena_size=size)
        except Exception:  # it raises SystemError and RuntimeError
            return False
        return True

    with silenced():
        low, high = 0, _MOST_MEMORY // _ALIGNED
        if not starts(high * _ALIGNED):
            return None
        while high - low > 1:
            middle = (low + high) // 2
            low, high = (low, middle) if starts(middle * _ALIGNED) else (middle, high)
    return high * _ALIGNED
