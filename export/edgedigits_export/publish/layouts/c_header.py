"""The int8 TFLite file as a C array, for microcontrollers without a file system."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from edgedigits_export.publish.layouts.base import Layout
from edgedigits_export.publish.microcontroller import micro_facts

HEADER = "digits_int8.h"

_TEMPLATE = """\
/* {file}: {parameters:,} parameters, {accuracy:.2%} right on {images:,} evaluation images.
 * SHA-256 {sha256}
 *
 * Input {input}: uint8 (1, 28, 28, 1), {paper} is paper, {ink} is ink. Output {output}: int8 (1, {classes}), quantized:
 * (number - zero point) * scale is a logit; the largest of {told} is the answer{others}.
 * Probabilities: softmax of the logits divided by the temperature. {score}
 * {arena_note}
 */
#ifndef EDGEDIGITS_DIGITS_INT8_H
#define EDGEDIGITS_DIGITS_INT8_H

/* What the outputs stand for: the first LABELS of the CLASSES are labels. */
#define EDGEDIGITS_DIGITS_INT8_CLASSES {classes}
#define EDGEDIGITS_DIGITS_INT8_LABELS {labels}
#define EDGEDIGITS_DIGITS_INT8_LABEL_NAMES {{{names}}}

#define EDGEDIGITS_DIGITS_INT8_INPUT_SCALE {input_scale}f
#define EDGEDIGITS_DIGITS_INT8_INPUT_ZERO_POINT {input_zero_point}
#define EDGEDIGITS_DIGITS_INT8_OUTPUT_SCALE {output_scale}f
#define EDGEDIGITS_DIGITS_INT8_OUTPUT_ZERO_POINT {output_zero_point}
#define EDGEDIGITS_DIGITS_INT8_TEMPERATURE {temperature}f
#define EDGEDIGITS_DIGITS_INT8_THRESHOLD {threshold}f
{arena}
/* Of a tflite::MicroMutableOpResolver<EDGEDIGITS_DIGITS_INT8_OPERATORS>. */
#define EDGEDIGITS_DIGITS_INT8_OPERATORS {operators}
#define EDGEDIGITS_DIGITS_INT8_ADD_OPERATORS(resolver) \\
{adders}

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

_UNKNOWN_ARENA = "The arena was not measured: install edgedigits-export[micro] and export again."


def _write(folder: Path, file: str, manifest: Mapping[str, Any]) -> None:
    content = (folder / file).read_bytes()
    entry = next(entry for entry in manifest["files"] if entry["name"] == file)
    facts = micro_facts(content)
    score = manifest["digit_score"]
    classes = manifest["output"]["classes"]
    has_none = score["method"] == "outlier-class"
    labels = classes - has_none
    rows = (
        "    " + ", ".join(f"0x{byte:02x}" for byte in content[start : start + 16]) + ","
        for start in range(0, len(content), 16)
    )
    macro = "EDGEDIGITS_DIGITS_INT8_ARENA_BYTES"
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
        classes=classes,
        labels=labels,
        told=_FIRST.get(labels, f"the first {labels}"),
        others=f"; the {_ORDINAL.get(classes, 'last')} is that of 'no digit'" if has_none else "",
        names=", ".join(json.dumps(label) for label in manifest["labels"]),
        score="It is none of the labels where "
        + ("one minus the probability of the last" if has_none else "the greatest probability")
        + " lies under the threshold.",
        input_scale=_number(facts.input.scale),
        input_zero_point=facts.input.zero_point,
        output_scale=_number(facts.output.scale),
        output_zero_point=facts.output.zero_point,
        temperature=_number(manifest["temperature"]),
        threshold=_number(score["threshold"]),
        arena=f"#define {macro} {facts.arena}\n" if facts.arena is not None else "",
        arena_note=_UNKNOWN_ARENA
        if facts.arena is None
        else f"The arena takes {facts.arena:,} bytes on a 64-bit machine, where it was measured; less on a 32-bit one.",
        operators=len(facts.operators),
        adders=" \\\n".join(f"    (resolver).{adder}();" for adder in facts.adders),
        rows="\n".join(rows),
        length=len(content),
    )
    (folder / HEADER).write_text(text, encoding="utf-8")


_FIRST = {10: "the first ten"}
_ORDINAL = {11: "eleventh"}


def _number(value: float) -> str:
    """Return a number as C has it: with a point or an exponent."""
    text = f"{value:.9g}"
    return text if any(mark in text for mark in ".e") else f"{text}.0"


C_HEADER = Layout(
    name="c-header",
    format="tflite-int8",
    summary=f"{HEADER}: the int8 TFLite file as an aligned C array, for microcontrollers.",
    write=_write,
)
