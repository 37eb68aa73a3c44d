// Depthwise convolution followed by a pointwise one; the depthwise result goes straight into the panel of the matrix
// product and never reaches memory. Chollet 2017, "Xception", section 3; MobileNet (Howard et al. 2017, figure 3) has
// batch normalisation and ReLU6 between the two steps: `between_bias` and `between`.
#pragma once

#include <cstddef>
#include <span>

#include "base/threads.h"
#include "kernels/conv_params.h"
#include "kernels/epilogue.h"
#include "kernels/gemm/gemm.h"

namespace siskin {

struct SeparableParams {
  WindowParams window = {};
  bool relu_input = false;                 // x passes through ReLU as it is loaded
  const float* between_bias = nullptr;     // [Cin], added to the depthwise result, or none
  Activation between = Activation::kNone;  // applied to the depthwise result
};

// Floats of scratch that SeparableConv2D needs for these shapes with `num_threads` workers.
size_t SeparableScratch(int cin, int num_threads);

//   x: [N, H, W, Cin]   depthwise: [KH, KW, Cin]   pointwise: [Cin, Cout] packed
//   y: [N, OH, OW, Cout], overwritten   scratch: at least SeparableScratch floats, 64-byte aligned
void SeparableConv2D(const SeparableParams& params, ConstView x, const float* depthwise, const PackedMatrix& pointwise,
                     const Epilogue& epilogue, View y, std::span<float> scratch, ThreadPool& threads);

}  // namespace siskin
