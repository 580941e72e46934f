"""A model repository for NVIDIA's Triton Inference Server, for whoever outgrows one machine."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from edgedigits_export.publish.layouts.base import Layout

REPOSITORY = "triton"
MODEL = "digits"

_TEMPLATE = """\
# {description}
name: {model}
platform: "onnxruntime_onnx"
max_batch_size: 64
input [
  {{
    name: {input}
    data_type: TYPE_UINT8
    dims: [ {height}, {width}, {channels} ]
  }}
]
output [
  {{
    name: {output}
    data_type: TYPE_FP32
    dims: [ {classes} ]
    label_filename: "labels.txt"
  }}
]
dynamic_batching {{ }}
"""


def _write(folder: Path, file: str, manifest: Mapping[str, Any]) -> None:
    """Write triton/digits/config.pbtxt, its labels and version 1, as Triton's model repository wants them."""
    model = folder / REPOSITORY / MODEL
    (model / "1").mkdir(parents=True)
    shutil.copyfile(folder / file, model / "1" / "model.onnx")
    (model / "labels.txt").write_text("".join(f"{label}\n" for label in manifest["labels"]), encoding="utf-8")
    _, height, width, channels = manifest["input"]["shape"]
    entry = next(entry for entry in manifest["files"] if entry["name"] == file)
    text = _TEMPLATE.format(
        description=f"{file}, SHA-256 {entry['sha256']}",
        model=json.dumps(MODEL),
        input=json.dumps(manifest["input"]["name"]),
        height=height,
        width=width,
        channels=channels,
        output=json.dumps(manifest["output"]["name"]),
        classes=manifest["output"]["classes"],
    )
    (model / "config.pbtxt").write_text(text, encoding="utf-8")


TRITON = Layout(
    name="triton",
    format="onnx-float32",
    summary=f"{REPOSITORY}/: a model repository of the float32 ONNX file for the Triton Inference Server.",
    write=_write,
)
