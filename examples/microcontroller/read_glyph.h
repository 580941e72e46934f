// Reads a glyph with the int8 file of a bundle, on anything that C++11 is compiled for.
//
// digits_int8.h is written by `edgedigits export --layout c-header`.

#ifndef EDGEDIGITS_READ_GLYPH_H
#define EDGEDIGITS_READ_GLYPH_H

#include <math.h>
#include <stdint.h>
#include <string.h>

#include "digits_int8.h"

namespace edgedigits {

constexpr int kSide = 28;

struct Answer {
  int label;          // its place among EDGEDIGITS_DIGITS_INT8_LABEL_NAMES; -1 for none of the labels
  float probability;  // of the likeliest label, 0 to 1
};

// What quantized logits answer: the likeliest label, or none.
inline Answer answer_of(const int8_t *logits) {
  constexpr int kClasses = EDGEDIGITS_DIGITS_INT8_CLASSES, kLabels = EDGEDIGITS_DIGITS_INT8_LABELS;
  constexpr float kFactor = EDGEDIGITS_DIGITS_INT8_OUTPUT_SCALE / EDGEDIGITS_DIGITS_INT8_TEMPERATURE;
  int best = 0, greatest = 0;
  for (int i = 1; i < kClasses; ++i) {
    if (logits[i] > logits[greatest]) greatest = i;
    if (i < kLabels && logits[i] > logits[best]) best = i;
  }
  float of_labels = 0, of_all = 0;
  for (int i = 0; i < kClasses; ++i) {
    const float share = expf(kFactor * static_cast<float>(logits[i] - logits[greatest]));
    of_all += share;
    if (i < kLabels) of_labels += share;
  }
  const float probability = expf(kFactor * static_cast<float>(logits[best] - logits[greatest])) / of_labels;
  const float score = kClasses > kLabels ? of_labels / of_all : probability;
  return Answer{score < EDGEDIGITS_DIGITS_INT8_THRESHOLD ? -1 : best, probability};
}

// Reads a glyph: 28×28 pixels, 0 for paper, 255 for ink, the writing in the middle 20×20 pixels.
// Interpreter is a tflite::MicroInterpreter, or anything with its input, Invoke and output.
template <class Interpreter>
bool read_glyph(Interpreter &interpreter, const uint8_t *glyph, Answer *answer) {
  memcpy(interpreter.input(0)->data.uint8, glyph, kSide * kSide);
  if (interpreter.Invoke() != 0) return false;  // kTfLiteOk is 0
  *answer = answer_of(interpreter.output(0)->data.int8);
  return true;
}

}  // namespace edgedigits

#endif
