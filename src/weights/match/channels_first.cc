#include "weights/match/channels_first.h"

#include <cstdint>
#include <utility>

namespace siskin {
namespace {

// [out, in, ...] -> [..., in, out]: `taps` elements after the first two dimensions.
Tensor Transposed(const Tensor& tensor, Shape shape, int64_t outs, int64_t ins, int64_t taps) {
  Tensor result(std::move(shape));
  const float* from = tensor.data();
  float* to = result.data();
  for (int64_t o = 0; o < outs; ++o) {
    for (int64_t i = 0; i < ins; ++i) {
      for (int64_t t = 0; t < taps; ++t) to[(t * ins + i) * outs + o] = *from++;
    }
  }
  return result;
}

}  // namespace

Tensor FromChannelsFirst(Tensor tensor) {
  const Shape& shape = tensor.shape();
  if (tensor.empty() || (shape.rank() != 2 && shape.rank() != 4)) return tensor;
  const int64_t outs = shape[0], ins = shape[1];
  if (shape.rank() == 2) return Transposed(tensor, {ins, outs}, outs, ins, 1);
  const int64_t h = shape[2], w = shape[3];
  // With one input channel for each output, a depthwise convolution: the order of the numbers is the same.
  const Shape kernel = ins == 1 ? Shape{h, w, outs, 1} : Shape{h, w, ins, outs};
  return Transposed(tensor, kernel, outs, ins, h * w);
}

}  // namespace siskin
