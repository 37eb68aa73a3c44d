// Softmax and sigmoid touch a thousand numbers per image at most, after millions of multiply-adds: plain C++, in double
// inside because it costs nothing and the result is then right to the last bit or two.
#include <algorithm>
#include <cmath>

#include "kernels/elementwise/elementwise.h"

namespace siskin {
namespace {

void SoftmaxRow(const float* logits, int classes, float* probabilities) {
  const double largest = *std::max_element(logits, logits + classes);
  double sum = 0;
  for (int i = 0; i < classes; ++i) sum += std::exp(logits[i] - largest);
  // In place allowed: a logit is read for the last time right before its probability is written.
  for (int i = 0; i < classes; ++i) probabilities[i] = static_cast<float>(std::exp(logits[i] - largest) / sum);
}

}  // namespace

void Softmax(std::span<const float> logits, int classes, std::span<float> probabilities) {
  for (size_t row = 0; row < logits.size(); row += classes) {
    SoftmaxRow(logits.data() + row, classes, probabilities.data() + row);
  }
}

void Sigmoid(std::span<const float> logits, std::span<float> probabilities) {
  for (size_t i = 0; i < logits.size(); ++i) {
    const double e = std::exp(-std::abs(static_cast<double>(logits[i])));  // <= 1: no overflow on either side
    probabilities[i] = static_cast<float>((logits[i] >= 0 ? 1.0 : e) / (1.0 + e));
  }
}

}  // namespace siskin
