"""The int8 TFLite file as a C array, for microcontrollers without a file system."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from edgedigits_export.layouts.base import Layout

HEADER = "digits_int8.h"

_TEMPLATE = """\
/* {file}: handwritten digits, {parameters:,} parameters, {accuracy:.2%} right on {images:,} evaluation images.
 * SHA-256 {sha256}
 *
 * Input {input}: uint8 (1, 28, 28, 1), {paper} is paper, {ink} is ink. Output {output}: int8 (1, {classes}), quantized
 * by the file's own scale and zero point; the largest of the first ten is the answer{others}.
 */
#ifndef EDGEDIGITS_DIGITS_INT8_H
#define EDGEDIGITS_DIGITS_INT8_H

#ifdef __cplusplus
#define EDGEDIGITS_ALIGNED alignas(16)
#else
#define EDGEDIGITS_ALIGNED _Alignas(16)
#endif

EDGEDIGITS_ALIGNED static const unsigned char edgedigits_digits_int8[] = {{
{rows}
}};
static const unsigned int edgedigits_digits_int8_length = {length}u;

#undef EDGEDIGITS_ALIGNED
#endif
"""


def _write(folder: Path, file: str, manifest: Mapping[str, Any]) -> None:
    content = (folder / file).read_bytes()
    entry = next(entry for entry in manifest["files"] if entry["name"] == file)
    rows = (
        "    " + ", ".join(f"0x{byte:02x}" for byte in content[start : start + 16]) + ","
        for start in range(0, len(content), 16)
    )
    text = _TEMPLATE.format(
        file=file,
        parameters=manifest["reference"]["parameters"],
        images=manifest["reference"]["images"],
        accuracy=entry["accuracy"],
        sha256=hashlib.sha256(content).hexdigest(),
        input=manifest["input"]["name"],
        paper=manifest["input"]["paper"],
        ink=manifest["input"]["ink"],
        output=manifest["output"]["name"],
        classes=manifest["output"]["classes"],
        others="; the eleventh is that of 'no digit'" if manifest["output"]["classes"] > 10 else "",
        rows="\n".join(rows),
        length=len(content),
    )
    (folder / HEADER).write_text(text, encoding="utf-8")


C_HEADER = Layout(
    name="c-header",
    format="tflite-int8",
    summary=f"{HEADER}: the int8 TFLite file as an aligned C array, for microcontrollers.",
    write=_write,
)
