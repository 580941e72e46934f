// A program for a microcontroller with TensorFlow Lite for Microcontrollers (github.com/tensorflow/tflite-micro).

#include "read_glyph.h"
#include "tensorflow/lite/micro/micro_interpreter.h"
#include "tensorflow/lite/micro/micro_mutable_op_resolver.h"
#include "tensorflow/lite/micro/system_setup.h"
#include "tensorflow/lite/schema/schema_generated.h"

// yours: fills 28×28 pixels from a camera, a touch screen, …
extern "C" bool take_glyph(uint8_t *glyph);
extern "C" void show(const char *label, float probability);

namespace {
const char *const kLabels[] = EDGEDIGITS_DIGITS_INT8_LABEL_NAMES;
alignas(16) uint8_t arena[EDGEDIGITS_DIGITS_INT8_ARENA_BYTES];
}  // namespace

int main() {
  tflite::InitializeTarget();
  tflite::MicroMutableOpResolver<EDGEDIGITS_DIGITS_INT8_OPERATORS> resolver;
  EDGEDIGITS_DIGITS_INT8_ADD_OPERATORS(resolver)
  tflite::MicroInterpreter interpreter(tflite::GetModel(edgedigits_digits_int8), resolver, arena, sizeof(arena));
  if (interpreter.AllocateTensors() != kTfLiteOk) return 1;

  uint8_t glyph[edgedigits::kSide * edgedigits::kSide];
  edgedigits::Answer answer;
  while (take_glyph(glyph)) {
    if (!edgedigits::read_glyph(interpreter, glyph, &answer)) return 1;
    show(answer.label < 0 ? "?" : kLabels[answer.label], answer.probability);
  }
  return 0;
}
