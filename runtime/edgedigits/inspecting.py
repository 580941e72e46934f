"""What a model file says of itself: the facts that export put inside it, read without any inference engine."""

from __future__ import annotations

import hashlib
import io
import json
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from edgedigits.errors import InputError

ONNX_KEY = "edgedigits"
"""The key of the facts among an ONNX file's metadata_props."""

TFLITE_MEMBER = "edgedigits.json"
"""The name of the facts in the zip that is appended to a TFLite file, as TFLite metadata files are."""


@dataclass(frozen=True)
class Inspection:
    """A model file looked into.

    Attributes:
        path: where it lies.
        kind: "ONNX" or "TFLite".
        sha256: hexadecimal digest of the content.
        size: bytes.
        opset: of an ONNX file, else None.
        ir: the version of the ONNX file format, else None.
        facts: what export wrote into it (format, labels, input, output, temperature, provenance …); None where the file
            was made by something else.
    """

    path: Path
    kind: str
    sha256: str
    size: int
    opset: int | None
    ir: int | None
    facts: Mapping[str, Any] | None


def inspect_file(path: str | Path) -> Inspection:
    """Look into a model file.

    Args:
        path: an ONNX or TFLite file.

    Raises:
        InputError: it cannot be read, or is no such file.

    Example:
        >>> from edgedigits.bundle import BUNDLED
        >>> inspect_file(BUNDLED / "digits-int8.onnx").kind
        'ONNX'
    """
    path = Path(path)
    try:
        content = path.read_bytes()
    except OSError as error:
        raise InputError(f"{path} cannot be read ({error.strerror}); name a .onnx or .tflite file.") from error
    try:
        if content[4:8] == b"TFL3":
            kind, opset, ir, facts = "TFLite", None, None, _tflite_facts(content)
        else:
            kind, (opset, ir, facts) = "ONNX", _onnx_facts(content)
    except ValueError as error:
        raise InputError(
            f"{path} is neither an ONNX nor a TFLite file, or is damaged ({error}); name a file of a bundle."
        ) from error
    return Inspection(path, kind, hashlib.sha256(content).hexdigest(), len(content), opset, ir, facts)


def _tflite_facts(content: bytes) -> Mapping[str, Any] | None:
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            return _parse(archive.read(TFLITE_MEMBER))
    except (zipfile.BadZipFile, KeyError):
        return None


def _onnx_facts(content: bytes) -> tuple[int, int, Mapping[str, Any] | None]:
    """Read ModelProto's fields ir_version (1), graph (7), opset_import (8) and metadata_props (14).

    The numbers are those of onnx.proto, which never change; protobuf's wire format is documented at protobuf.dev.
    """
    ir = opset = None
    has_graph, facts = False, None
    for field, value in _fields(content):
        if field == 1 and isinstance(value, int):
            ir = value
        elif field == 7:
            has_graph = True
        elif field == 8 and isinstance(value, bytes):
            entry = dict(_fields(value))
            if not entry.get(1) and isinstance(entry.get(2), int):
                opset = entry[2]
        elif field == 14 and isinstance(value, bytes):
            entry = dict(_fields(value))
            text = entry.get(2)
            if entry.get(1) == ONNX_KEY.encode() and isinstance(text, bytes):
                facts = _parse(text)
    if not has_graph or not isinstance(ir, int) or not isinstance(opset, int):
        raise ValueError("it holds no graph")
    return opset, ir, facts


def _fields(message: bytes) -> Iterator[tuple[int, int | bytes]]:
    """Yield number and value of a protobuf message's fields: int for varints, bytes for all others.

    Raises:
        ValueError: these bytes are no protobuf message.
    """
    place = 0
    while place < len(message):
        tag, place = _varint(message, place)
        wire = tag & 7
        if wire == 0:
            number, place = _varint(message, place)
            yield tag >> 3, number
            continue
        if wire == 2:
            length, place = _varint(message, place)
        elif wire in (1, 5):
            length = 8 if wire == 1 else 4
        else:
            raise ValueError("it is no protobuf message")
        if tag >> 3 == 0 or place + length > len(message):
            raise ValueError("it ends too early")
        yield tag >> 3, message[place : place + length]
        place += length


def _varint(message: bytes, place: int) -> tuple[int, int]:
    number = shift = 0
    while place < len(message) and shift < 64:
        byte = message[place]
        number |= (byte & 0x7F) << shift
        place, shift = place + 1, shift + 7
        if not byte & 0x80:
            return number, place
    raise ValueError("it ends too early")


def _parse(content: bytes) -> Mapping[str, Any]:
    facts = json.loads(content.decode("utf-8"))
    if not isinstance(facts, dict):
        raise ValueError("its facts are no table")
    return facts
