"""What a model file says of itself: the facts that export put inside it, read without any inference engine."""

from __future__ import annotations

import hashlib
import io
import json
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from edgedigits.errors import InputError

ONNX_KEY = "edgedigits"
"""The key of the facts among an ONNX file's metadata_props."""

TFLITE_MEMBER = "edgedigits.json"
"""The name of the facts in the zip that is appended to a TFLite file, as TFLite metadata files are."""

_MOST_BYTES = 100_000_000
"""Bytes of a model file that is looked into; the largest model of edgedigits has a third of a megabyte."""
_MOST_FACTS = 1_000_000
"""Bytes of the facts in it; a few thousand are usual."""
_MOST_DIRECTORY = 65_536
"""Bytes of the table of contents of the zip at its end, whose entries take ten times as much when they are read."""
_MOST_FIELDS = 100_000
"""Fields of a protobuf message that are walked; a model has some ten beside its graph."""


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
        with path.open("rb") as file:
            content = file.read(_MOST_BYTES + 1)
    except OSError as error:
        raise InputError(f"{path} cannot be read ({error.strerror}); name a .onnx or .tflite file.") from error
    except ValueError as error:  # a null byte in the path
        raise InputError(f"{str(path)!r} is no path ({error}).") from None
    if len(content) > _MOST_BYTES:
        raise InputError(f"{path} is larger than any model of edgedigits; name a .onnx or .tflite file.")
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
    if _directory_size(content) > _MOST_DIRECTORY:
        raise ValueError("the zip at its end has too many files")
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            if archive.getinfo(TFLITE_MEMBER).compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
                raise ValueError("the zip at its end is not ours: it is compressed by another method")
            with archive.open(TFLITE_MEMBER) as member:
                return _parse(member.read(_MOST_FACTS + 1))
    except KeyError:
        return None
    except (zipfile.BadZipFile, zlib.error, EOFError, OSError) as error:
        if b"PK\x05\x06" not in content:
            return None
        raise ValueError(f"the zip at its end is damaged: {error}") from error
    except (RuntimeError, NotImplementedError) as error:  # encrypted, or of a version that Python lacks
        raise ValueError(f"the zip at its end is not ours: {error}") from error


def _directory_size(content: bytes) -> int:
    """Return what a zip's end says that its table of contents takes (APPNOTE.TXT, 4.3.16); 0 where there is no zip."""
    mark = b"PK\x05\x06"
    ends_so = content[-22:-18] == mark and content[-2:] == b"\0\0"
    at = len(content) - 22 if ends_so else content.rfind(mark, max(0, len(content) - 22 - 0xFFFF))
    if at < 0:
        return 0
    if content[at - 20 : at - 16] == b"PK\x06\x07":  # of 64 bits, for more than 65,535 files
        return _MOST_DIRECTORY + 1
    return int.from_bytes(content[at + 12 : at + 16], "little")


def _onnx_facts(content: bytes) -> tuple[int, int, Mapping[str, Any] | None]:
    """Read ModelProto's fields ir_version (1), graph (7), opset_import (8) and metadata_props (14).

    The numbers are those of onnx.proto, which never change; protobuf's wire format is documented at protobuf.dev.
    """
    ir = opset = None
    has_graph, facts = False, None
    for field, value in _fields(memoryview(content)):
        if field == 1 and isinstance(value, int):
            ir = value
        elif field == 7:
            has_graph = True
        elif field == 8 and isinstance(value, memoryview):
            entry = dict(_fields(value))
            if not entry.get(1) and isinstance(entry.get(2), int):
                opset = entry[2]
        elif field == 14 and isinstance(value, memoryview):
            entry = dict(_fields(value))
            key, text = entry.get(1), entry.get(2)
            if isinstance(key, memoryview) and key == ONNX_KEY.encode() and isinstance(text, memoryview):
                facts = _parse(bytes(text[: _MOST_FACTS + 1]))
    if not has_graph or not isinstance(ir, int) or not isinstance(opset, int):
        raise ValueError("it holds no graph")
    return opset, ir, facts


def _fields(message: memoryview) -> Iterator[tuple[int, int | memoryview]]:
    """Yield number and value of a protobuf message's fields: int for varints, the bytes for all others.

    Raises:
        ValueError: these bytes are no protobuf message.
    """
    place = count = 0
    while place < len(message):
        count += 1
        if count > _MOST_FIELDS:
            raise ValueError("it has more parts than any model")
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


def _varint(message: memoryview, place: int) -> tuple[int, int]:
    number = shift = 0
    while place < len(message) and shift < 64:
        byte = message[place]
        number |= (byte & 0x7F) << shift
        place, shift = place + 1, shift + 7
        if not byte & 0x80:
            return number, place
    raise ValueError("it ends too early")


def _parse(content: bytes) -> Mapping[str, Any]:
    if len(content) > _MOST_FACTS:
        raise ValueError("its facts are too long")
    try:
        facts = json.loads(content.decode("utf-8"))
        json.dumps(facts)  # what is nested too deep to be shown is none of ours
    except RecursionError as error:
        raise ValueError("its facts are nested too deep") from error
    if not isinstance(facts, dict) or not isinstance(facts.get("provenance", {}), dict):
        raise ValueError("its facts are no table")
    return facts
