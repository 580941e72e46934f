"""The devices that a bundle can be made for: which interpreters exist there, and what these can read.

The versions are those of wheels and packages that were found and run for the device in November 2026.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from edgedigits.errors import InputError
from edgedigits_export.convert.facts import FileFacts
from edgedigits_export.convert.formats.base import Format
from edgedigits_export.errors import ExportError

_MICRO_OPERATORS = frozenset(
    (
        "ADD",
        "AVERAGE_POOL_2D",
        "CONCATENATION",
        "CONV_2D",
        "DEPTHWISE_CONV_2D",
        "DEQUANTIZE",
        "FULLY_CONNECTED",
        "LOGISTIC",
        "MAX_POOL_2D",
        "MEAN",
        "MUL",
        "PACK",
        "PAD",
        "QUANTIZE",
        "RELU",
        "RELU6",
        "RESHAPE",
        "SHAPE",
        "SOFTMAX",
        "STRIDED_SLICE",
        "TRANSPOSE",
    )
)
"""Operators with an 8-bit kernel in TensorFlow Lite for Microcontrollers, as far as image classifiers use them."""

_OPERATORS_OF_LAYERS = {
    "Activation": "RELU",
    "Add": "ADD",
    "AveragePooling2D": "AVERAGE_POOL_2D",
    "BatchNormalization": "MUL",
    "Concatenate": "CONCATENATION",
    "Conv1D": "CONV_2D",
    "Conv2D": "CONV_2D",
    "Conv2DTranspose": "TRANSPOSE_CONV",
    "Conv3D": "CONV_3D",
    "Dense": "FULLY_CONNECTED",
    "DepthwiseConv2D": "DEPTHWISE_CONV_2D",
    "ELU": "ELU",
    "Flatten": "RESHAPE",
    "GlobalAveragePooling2D": "MEAN",
    "LSTM": "UNIDIRECTIONAL_SEQUENCE_LSTM",
    "LayerNormalization": "RSQRT",
    "MaxPooling2D": "MAX_POOL_2D",
    "Multiply": "MUL",
    "ReLU": "RELU",
    "Rescaling": "MUL",
    "Reshape": "RESHAPE",
    "Softmax": "SOFTMAX",
    "UpSampling2D": "RESIZE_NEAREST_NEIGHBOR",
    "ZeroPadding2D": "PAD",
}
"""The TFLite operator that a Keras layer comes down to, where it is one for certain; dropout comes down to none."""


@dataclass(frozen=True)
class Interpreter:
    """What runs files on a device.

    Attributes:
        title: its name and where it comes from.
        version: the newest that exists there.
        engine: the engine of the runtime that it is, or that reads the same files.
        opset: the highest ONNX opset that it reads; None for other files.
        ir: the highest ONNX file format; None for other files.
        precisions: those that it can compute in; None for all.
        operators: those that it has; None for all of its format.
    """

    title: str
    version: str
    engine: str
    opset: int | None = None
    ir: int | None = None
    precisions: frozenset[str] | None = None
    operators: frozenset[str] | None = None


@dataclass(frozen=True)
class Target:
    """A device.

    Attributes:
        name: how users call it.
        summary: what it is: system, Python and C library, or what stands in for them.
        interpreters: what runs files there.
        reads_pages: whether the runtime is there, which finds digits on pages; else single glyphs are told.
    """

    name: str
    summary: str
    interpreters: tuple[Interpreter, ...]
    reads_pages: bool = True

    def readers(self, format: Format) -> tuple[Interpreter, ...]:
        """Return what runs a format there."""
        return tuple(
            interpreter
            for interpreter in self.interpreters
            if interpreter.engine in format.engines
            and (interpreter.precisions is None or format.precision in interpreter.precisions)
        )

    def check_formats(self, formats: Iterable[Format]) -> None:
        """Refuse formats that nothing runs there.

        Raises:
            InputError: the first of them, with those that can be had.
        """
        for format in formats:
            if not self.readers(format):
                here = ", ".join(f"{each.title} {each.version}" for each in self.interpreters)
                raise InputError(
                    f"Nothing on {self.name} runs {format.name} (there is {here}); leave it out of --formats."
                )

    def check_layers(self, kinds: Iterable[str], formats: Iterable[Format]) -> None:
        """Refuse a model with layers that come down to operators which are not there.

        Args:
            kinds: the classes of the Keras model's layers.
            formats: what is to be made of it.

        Raises:
            InputError: there is no interpreter for one of the formats that has them all.
        """
        needed = {kind: _OPERATORS_OF_LAYERS[kind] for kind in kinds if kind in _OPERATORS_OF_LAYERS}
        for format in formats:
            missing = [
                {kind for kind, operator in needed.items() if operator not in interpreter.operators}
                for interpreter in self.readers(format)
                if interpreter.operators is not None
            ]
            if missing and len(missing) == len(self.readers(format)) and all(missing):
                layers = ", ".join(sorted(set.intersection(*missing) or set.union(*missing)))
                raise InputError(f"Nothing on {self.name} has operators for layers of the kinds {layers}; use others.")

    def check_file(self, format: Format, facts: FileFacts) -> None:
        """Refuse a file that no interpreter there can read.

        Args:
            format: what the file is.
            facts: what it says of itself.

        Raises:
            ExportError: it is such a file; the message says why for each interpreter.
        """
        reasons = {interpreter.title: list(_obstacles(interpreter, facts)) for interpreter in self.readers(format)}
        if all(reasons.values()):
            told = "; ".join(f"{title} {' and '.join(obstacles)}" for title, obstacles in reasons.items())
            raise ExportError(f"nothing on {self.name} can run it: {told}")


def _obstacles(interpreter: Interpreter, facts: FileFacts) -> Iterable[str]:
    if facts.opset is not None and interpreter.opset is not None and facts.opset > interpreter.opset:
        yield f"ends at opset {interpreter.opset}, the file has {facts.opset}"
    if facts.ir is not None and interpreter.ir is not None and facts.ir > interpreter.ir:
        yield f"ends at IR {interpreter.ir}, the file has {facts.ir}"
    if interpreter.operators is not None and facts.operators - interpreter.operators:
        yield f"lacks {', '.join(sorted(facts.operators - interpreter.operators))}"
    needed = facts.minimum.get(interpreter.engine)
    # another build of an engine, such as that of a browser, counts its versions in its own way
    if needed and interpreter.title == interpreter.engine and _key(interpreter.version) < _key(needed):
        yield f"is {interpreter.version} there, the file needs {needed}"


def _key(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split(".") if part.isdigit())


_ONNXRUNTIME = Interpreter("onnxruntime", "1.32.0", "onnxruntime", opset=28, ir=14)
_LITERT = Interpreter("litert", "2.3.0", "litert")
_TFLITE_RUNTIME = Interpreter("tflite_runtime", "2.14.0", "tflite_runtime")
_OPENCV = Interpreter("opencv", "5.0.0", "opencv", opset=13)
_ARM64 = (
    "64-bit Raspberry Pi OS: bookworm (Python 3.11, glibc 2.36) or trixie (Python 3.13, glibc 2.41; no tflite_runtime)"
)

TARGETS: dict[str, Target] = {
    target.name: target
    for target in (
        Target("pi5", f"Raspberry Pi 5, {_ARM64}", (_ONNXRUNTIME, _LITERT, _TFLITE_RUNTIME, _OPENCV)),
        Target(
            "pi4",
            f"Raspberry Pi 4, {_ARM64}; onnxruntime 1.21.0 dies there of an illegal instruction",
            (_ONNXRUNTIME, _LITERT, _TFLITE_RUNTIME, _OPENCV),
        ),
        Target(
            "pi-zero2",
            f"Raspberry Pi Zero 2 W with 512 MB, {_ARM64}; onnxruntime 1.21.0 dies there of an illegal instruction",
            (_ONNXRUNTIME, _LITERT, _TFLITE_RUNTIME, _OPENCV),
        ),
        Target(
            "pi-32bit",
            "32-bit Raspberry Pi OS: bookworm (Python 3.11, glibc 2.36; tflite_runtime as a wheel, OpenCV 4.6 from apt)"
            " or trixie (Python 3.13, glibc 2.41; onnxruntime and OpenCV 4.10 from apt)",
            (
                _TFLITE_RUNTIME,
                Interpreter("onnxruntime", "1.21.0", "onnxruntime", opset=22, ir=10),
                Interpreter("opencv", "4.10.0", "opencv", opset=13),
            ),
        ),
        Target(
            "browser",
            "a browser with WebAssembly, no Python",
            (Interpreter("onnxruntime-web", "1.30.0", "onnxruntime", opset=22, ir=10),),
            reads_pages=False,
        ),
        Target(
            "mcu",
            "a microcontroller with TensorFlow Lite for Microcontrollers, no Python (see --layout c-header)",
            (
                Interpreter(
                    "tflite-micro",
                    "(no releases)",
                    "litert",
                    precisions=frozenset({"int8"}),
                    operators=_MICRO_OPERATORS,
                ),
            ),
            reads_pages=False,
        ),
        Target(
            "x86",
            "Linux on x86-64 with glibc 2.28 or later, Python 3.11 to 3.14 (tflite_runtime: up to 3.11)",
            (_ONNXRUNTIME, _LITERT, _TFLITE_RUNTIME, _OPENCV),
        ),
    )
}
"""All targets by name. The ceilings are the highest that are known to be read: a device may read more."""


def get_target(name: str) -> Target:
    """Return the target of this name.

    Raises:
        InputError: there is none.
    """
    try:
        return TARGETS[name]
    except KeyError:
        raise InputError(f"There is no target {name!r}; choose from {', '.join(TARGETS)}.") from None
