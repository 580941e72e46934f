"""The C header and the C++ example, on the interpreter that microcontrollers have."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from edgedigits.bundle import BUNDLED, Bundle
from edgedigits.glyphs import normalise_crops
from edgedigits_export.publish.layouts.c_header import C_HEADER, HEADER
from edgedigits_export.publish.microcontroller import micro_facts
from tests.conftest import ROOT, LabelledGlyphs

INTERPRETER = Path(__file__).with_name("micro_interpreter.py")

HARNESS = """
#include <stdio.h>
#include "read_glyph.h"

// The interpreter of the Python package in another process; glyphs and logits go through pipes.
struct Tensor { union { uint8_t *uint8; int8_t *int8; } data; };
struct Piped {
  uint8_t pixels[784];
  int8_t logits[EDGEDIGITS_DIGITS_INT8_CLASSES];
  Tensor in, out;
  FILE *to, *from;
  Piped(FILE *to, FILE *from) : to(to), from(from) { in.data.uint8 = pixels; out.data.int8 = logits; }
  Tensor *input(int) { return &in; }
  Tensor *output(int) { return &out; }
  int Invoke() {
    if (fwrite(pixels, 1, sizeof pixels, to) != sizeof pixels || fflush(to)) return 1;
    return fread(logits, 1, sizeof logits, from) != sizeof logits;
  }
};
struct Resolver { int added = 0; METHODS };

int main(int, char **arguments) {
  static const char *const names[] = EDGEDIGITS_DIGITS_INT8_LABEL_NAMES;
  Resolver resolver;
  EDGEDIGITS_DIGITS_INT8_ADD_OPERATORS(resolver)
  if (resolver.added != EDGEDIGITS_DIGITS_INT8_OPERATORS) return 2;
  FILE *glyphs = fopen(arguments[1], "rb"), *to = fopen(arguments[2], "wb"), *from = fopen(arguments[3], "rb");
  Piped interpreter(to, from);
  uint8_t glyph[784];
  edgedigits::Answer answer;
  while (fread(glyph, 1, sizeof glyph, glyphs) == sizeof glyph) {
    if (!edgedigits::read_glyph(interpreter, glyph, &answer)) return 3;
    printf("%s %.4f\\n", answer.label < 0 ? "?" : names[answer.label], answer.probability);
  }
  return 0;
}
"""

LIBRARY = {
    "micro/micro_interpreter.h": """
#include <cstddef>
#include <cstdint>
enum TfLiteStatus { kTfLiteOk = 0, kTfLiteError = 1 };
union TfLitePtrUnion { uint8_t *uint8; int8_t *int8; };
struct TfLiteTensor { TfLitePtrUnion data; };
namespace tflite {
struct Model;
class MicroOpResolver {};
class MicroInterpreter {
 public:
  MicroInterpreter(const Model *model, const MicroOpResolver &resolver, uint8_t *arena, size_t arena_size);
  TfLiteStatus AllocateTensors();
  TfLiteStatus Invoke();
  TfLiteTensor *input(size_t index);
  TfLiteTensor *output(size_t index);
};
}
""",
    "micro/micro_mutable_op_resolver.h": """
namespace tflite {
template <unsigned int count> class MicroMutableOpResolver : public MicroOpResolver { public: METHODS };
}
""",
    "micro/system_setup.h": "namespace tflite { void InitializeTarget(); }",
    "schema/schema_generated.h": "namespace tflite { const Model *GetModel(const void *content); }",
}
"""What main.cpp uses of TensorFlow Lite for Microcontrollers, whose headers are in no registry of packages."""


@pytest.fixture(scope="module")
def laid_out(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The bundled int8 file with its header."""
    pytest.importorskip("tflite_micro", reason="tflite-micro is not installed: pip install 'edgedigits-export[micro]'")
    folder = tmp_path_factory.mktemp("micro")
    shutil.copy(BUNDLED / "digits-int8.tflite", folder)
    C_HEADER.write(folder, "digits-int8.tflite", Bundle.load().manifest)
    return folder


def test_the_header_tells_arena_operators_and_scales(laid_out: Path) -> None:
    text = (laid_out / HEADER).read_text()
    facts = micro_facts((laid_out / "digits-int8.tflite").read_bytes())
    assert facts.arena is not None
    assert 8_000 < facts.arena < 40_000
    assert f"#define EDGEDIGITS_DIGITS_INT8_ARENA_BYTES {facts.arena}\n" in text
    assert "AddConv2D" in facts.adders
    assert "AddFullyConnected" in facts.adders
    assert "#define EDGEDIGITS_DIGITS_INT8_INPUT_SCALE 1.0f\n" in text
    assert "#define EDGEDIGITS_DIGITS_INT8_INPUT_ZERO_POINT 0\n" in text
    assert '{"0", "1", "2", "3", "4", "5", "6", "7", "8", "9", "none"}' in text


def test_the_example_reads_digits_on_the_microcontrollers_interpreter(
    laid_out: Path, mnist_test: LabelledGlyphs, tmp_path: Path
) -> None:
    if shutil.which("c++") is None:
        pytest.skip("no c++ is here to compile with")
    facts = micro_facts((laid_out / "digits-int8.tflite").read_bytes())
    methods = " ".join(f"void {adder}() {{ ++added; }}" for adder in facts.adders)
    (tmp_path / "main.cpp").write_text(HARNESS.replace("METHODS", methods))
    program = tmp_path / "main"
    includes = ["-I", str(laid_out), "-I", str(ROOT / "examples" / "microcontroller")]
    warnings = ["-std=c++11", "-Wall", "-Wextra", "-Werror", "-pedantic"]
    subprocess.run(["c++", *warnings, *includes, str(tmp_path / "main.cpp"), "-o", str(program)], check=True)

    images, labels = mnist_test.images[:500], mnist_test.labels[:500]
    (tmp_path / "glyphs").write_bytes(normalise_crops(images).tobytes())
    command = [sys.executable, str(INTERPRETER), str(laid_out / "digits-int8.tflite"), str(facts.arena)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as interpreter:
        assert interpreter.stdin is not None
        assert interpreter.stdout is not None
        to, of = (f"/dev/fd/{pipe.fileno()}" for pipe in (interpreter.stdin, interpreter.stdout))
        read = subprocess.run(
            [str(program), str(tmp_path / "glyphs"), to, of],
            pass_fds=(interpreter.stdin.fileno(), interpreter.stdout.fileno()),
            capture_output=True,
            text=True,
            check=True,
        )
        interpreter.stdin.close()
    answers = [line.split() for line in read.stdout.splitlines()]
    assert len(answers) == 500
    right = np.mean([answer == str(label) for (answer, _), label in zip(answers, labels, strict=True)])
    assert right >= 0.99
    assert all(0 < float(probability) <= 1 for _, probability in answers)


def test_the_program_goes_with_the_interface_that_it_uses(laid_out: Path, tmp_path: Path) -> None:
    if shutil.which("c++") is None:
        pytest.skip("no c++ is here to compile with")
    adders = micro_facts((laid_out / "digits-int8.tflite").read_bytes()).adders
    methods = " ".join(f"TfLiteStatus {adder}();" for adder in adders)
    for name, content in LIBRARY.items():
        header = tmp_path / "tensorflow" / "lite" / name
        header.parent.mkdir(parents=True, exist_ok=True)
        header.write_text(f"#pragma once\n{content.replace('METHODS', methods)}\n")
    example = ROOT / "examples" / "microcontroller"
    includes = [f"-I{folder}" for folder in (tmp_path, laid_out, example)]
    command = [
        "c++",
        "-fsyntax-only",
        "-std=c++17",
        "-Wall",
        "-Wextra",
        "-Werror",
        *includes,
        str(example / "main.cpp"),
    ]
    checked = subprocess.run(command, capture_output=True, text=True, check=False)
    assert checked.returncode == 0, checked.stderr


def test_every_operator_of_the_registry_has_the_name_that_the_resolver_gives_it() -> None:
    facts = micro_facts((BUNDLED / "digits-int8.tflite").read_bytes())
    assert all(re.fullmatch(r"Add[A-Z]\w+", adder) for adder in facts.adders)
    assert "AddDepthwiseConv2D" in facts.adders
