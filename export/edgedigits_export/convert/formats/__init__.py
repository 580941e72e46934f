"""The formats that export makes.

A format is one module of this package that holds one `Format` value. To add one, write the module and name it in
`FORMATS`: the command line, the gate, the report and the parity tests all iterate that registry.
"""

from __future__ import annotations

from collections.abc import Iterable

from edgedigits.errors import InputError
from edgedigits_export.convert.facts import FileFacts
from edgedigits_export.convert.formats.base import Format, Tolerance
from edgedigits_export.convert.formats.onnx_float16 import ONNX_FLOAT16
from edgedigits_export.convert.formats.onnx_float32 import ONNX_FLOAT32
from edgedigits_export.convert.formats.onnx_int8 import ONNX_INT8
from edgedigits_export.convert.formats.onnx_int8_qoperator import ONNX_INT8_QOPERATOR
from edgedigits_export.convert.formats.tflite_dynamic import TFLITE_DYNAMIC
from edgedigits_export.convert.formats.tflite_float16 import TFLITE_FLOAT16
from edgedigits_export.convert.formats.tflite_float32 import TFLITE_FLOAT32
from edgedigits_export.convert.formats.tflite_int8 import TFLITE_INT8
from edgedigits_export.convert.formats.tflite_int16x8 import TFLITE_INT16X8

FORMATS: dict[str, Format] = {
    format.name: format
    for format in (
        ONNX_INT8,
        TFLITE_INT8,
        ONNX_FLOAT32,
        TFLITE_FLOAT32,
        ONNX_FLOAT16,
        TFLITE_FLOAT16,
        TFLITE_DYNAMIC,
        ONNX_INT8_QOPERATOR,
        TFLITE_INT16X8,
    )
}
"""All formats by name, in the order in which a bundle prefers them."""

USUAL = (ONNX_INT8, TFLITE_INT8, ONNX_FLOAT32, TFLITE_FLOAT32)
"""The formats that are made where none is named: together they serve every device well."""


def get_formats(names: Iterable[str]) -> tuple[Format, ...]:
    """Return the formats of these names in order of preference; "all" stands for every one.

    Raises:
        InputError: there is none of a name, or no name at all.
    """
    chosen = {name.strip() for name in names} - {""}
    if "all" in chosen:
        chosen = (chosen - {"all"}) | set(FORMATS)
    unknown = sorted(chosen - set(FORMATS))
    if unknown or not chosen:
        what = f"There is no format {unknown[0]!r}" if unknown else "No format is named"
        raise InputError(f"{what}; choose from {', '.join(FORMATS)} and all.")
    return tuple(format for name, format in FORMATS.items() if name in chosen)


__all__ = ["FORMATS", "USUAL", "FileFacts", "Format", "Tolerance", "get_formats"]
