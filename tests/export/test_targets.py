"""Preflight: what cannot run on a device is refused, before it is converted where that can be known."""

from __future__ import annotations

import dataclasses
import re
from pathlib import Path

import pytest
from click.testing import CliRunner

from edgedigits.errors import InputError
from edgedigits_export.check.targets import TARGETS, get_target
from edgedigits_export.cli import export
from edgedigits_export.convert.facts import FileFacts
from edgedigits_export.convert.formats import FORMATS, USUAL, Format
from edgedigits_export.convert.onnx_graph import IR, OPSET
from edgedigits_export.errors import ExportError
from edgedigits_export.exporting import export_bundle
from edgedigits_export.options import ExportOptions
from edgedigits_export.source import TrainedModel


def readable(target: str) -> set[str]:
    return {name for name, format in FORMATS.items() if TARGETS[target].readers(format)}


def test_the_examples_of_the_command_name_targets_and_formats_that_there_are() -> None:
    shown = CliRunner().invoke(export, ["--help"]).stdout
    examples = "\n".join(re.findall(r"^ +edgedigits export (.*)$", shown, re.MULTILINE))
    targets, names = re.findall(r"--target (\S+)", examples), re.findall(r"--formats (\S+)", examples)
    assert targets
    assert names
    assert {get_target(name).name for name in targets} == set(targets)
    assert {name for each in names for name in each.split(",")} <= set(FORMATS)


def test_what_runs_where() -> None:
    assert readable("mcu") == {"tflite-int8"}
    assert readable("browser") == {name for name in FORMATS if name.startswith("onnx")}
    for everything in ("pi5", "pi4", "pi-zero2", "pi-32bit", "x86"):
        assert readable(everything) == set(FORMATS)


def test_there_is_no_litert_on_32_bits() -> None:
    assert {interpreter.engine for interpreter in TARGETS["pi-32bit"].interpreters} == {
        "tflite_runtime",
        "onnxruntime",
        "opencv",
    }


@pytest.mark.parametrize("target", TARGETS.values(), ids=lambda target: target.name)
def test_every_target_can_have_something_of_the_usual(target) -> None:
    assert any(target.readers(format) for format in USUAL)


@pytest.mark.parametrize("target", TARGETS.values(), ids=lambda target: target.name)
def test_opset_and_ir_stay_under_every_ceiling(target) -> None:
    for interpreter in target.interpreters:
        assert interpreter.opset is None or interpreter.opset >= OPSET
        assert interpreter.ir is None or interpreter.ir >= IR


@pytest.mark.parametrize(
    ("target", "format", "facts", "reason"),
    [
        ("pi-32bit", "onnx-int8", FileFacts(28, 7, {}), "ends at opset 22, the file has 28"),
        ("x86", "onnx-int8", FileFacts(13, 15, {}), "ends at IR 14, the file has 15"),
        (
            "mcu",
            "tflite-int8",
            FileFacts(None, None, {}, frozenset({"CONV_2D", "UNIQUE"})),
            "tflite-micro lacks UNIQUE",
        ),
        ("pi-32bit", "tflite-int8", FileFacts(None, None, {"tflite_runtime": "2.16.1"}), "the file needs 2.16.1"),
    ],
)
def test_a_file_beyond_what_is_there_is_refused(target: str, format: str, facts: FileFacts, reason: str) -> None:
    with pytest.raises(ExportError, match=f"nothing on {target} can run it: .*{reason}"):
        get_target(target).check_file(FORMATS[format], facts)


def test_one_interpreter_that_reads_it_is_enough() -> None:
    facts = FileFacts(None, None, {"tflite_runtime": "2.16.1", "litert": "1.0.1"})
    get_target("pi5").check_file(FORMATS["tflite-int8"], facts)


def refuse_to_convert(_: TrainedModel) -> bytes:
    raise AssertionError("it was converted")


def unconvertible(name: str) -> Format:
    return dataclasses.replace(FORMATS[name], convert=refuse_to_convert)


def test_formats_are_refused_before_anything_is_read(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="Nothing on mcu runs onnx-int8"):
        export_bundle(
            tmp_path / "nowhere",
            tmp_path / "bundle",
            ExportOptions([unconvertible("onnx-int8")], target=get_target("mcu")),
        )


@pytest.mark.parametrize(
    ("kinds", "refused"),
    [(["Conv2D", "Dropout", "Dense", "Dropout"], []), (["Conv2D", "LSTM", "ELU"], ["ELU", "LSTM"])],
)
def test_layers_without_operators_are_refused(kinds: list[str], refused: list[str]) -> None:
    get_target("pi5").check_layers(kinds, [FORMATS["tflite-int8"]])
    if not refused:
        get_target("mcu").check_layers(kinds, [FORMATS["tflite-int8"]])
        return
    with pytest.raises(InputError, match=f"operators for layers of the kinds {', '.join(refused)}; use"):
        get_target("mcu").check_layers(kinds, [FORMATS["tflite-int8"]])


def test_the_files_of_a_microcontroller_have_its_operators_only(trained: Path, tmp_path: Path) -> None:
    made = export_bundle(
        trained, tmp_path / "bundle", ExportOptions([FORMATS["tflite-int8"]], target=get_target("mcu"))
    )
    assert made.manifest["target"] == "mcu"
    content = made.files[0].read_verified()
    operators = FORMATS["tflite-int8"].read_facts(content).operators
    assert {"CONV_2D", "FULLY_CONNECTED"} <= operators <= get_target("mcu").interpreters[0].operators
