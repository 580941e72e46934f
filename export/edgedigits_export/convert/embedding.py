"""Facts inside the files: a model file that has lost its bundle still says what it is.

`edgedigits.inspecting` reads them again, without any library of the format.
"""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Mapping
from typing import Any

from edgedigits.inspecting import ONNX_KEY, TFLITE_MEMBER

_NO_TIME = (1980, 1, 1, 0, 0, 0)
"""The earliest time that a zip can name: the same facts give the same bytes at any time."""


def embed_in_onnx(content: bytes, facts: Mapping[str, Any]) -> bytes:
    """Return an ONNX file with the facts as JSON in its metadata_props."""
    import onnx

    proto = onnx.load_from_string(content)
    onnx.helper.set_model_props(proto, {ONNX_KEY: _as_json(facts)})
    return bytes(proto.SerializeToString(deterministic=True))


def embed_in_tflite(content: bytes, facts: Mapping[str, Any]) -> bytes:
    """Return a TFLite file with the facts as JSON in a zip at its end, which interpreters overlook.

    That is how TFLite metadata carries files (its 'associated files'), so that `unzip` shows them.
    """
    file = io.BytesIO(content)
    with zipfile.ZipFile(file, "a", zipfile.ZIP_DEFLATED) as archive:
        member = zipfile.ZipInfo(TFLITE_MEMBER, _NO_TIME)
        member.compress_type = zipfile.ZIP_DEFLATED
        member.create_system = 3  # Unix, wherever this runs
        member.external_attr = 0o644 << 16
        archive.writestr(member, _as_json(facts))
    return file.getvalue()


def _as_json(facts: Mapping[str, Any]) -> str:
    # without spaces, of which a small model's file would have a noticeable share
    return json.dumps(facts, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
