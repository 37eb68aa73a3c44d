// Convolution of any kernel, stride and padding as one matrix product that reads its rows by pointer: no im2col.
#pragma once

#include <cstddef>
#include <span>

#include "base/threads.h"
#include "kernels/conv_params.h"
#include "kernels/epilogue.h"
#include "kernels/gemm/gemm.h"

namespace siskin {

// Floats of scratch that Conv2D needs for these shapes with `num_threads` workers.
size_t Conv2DScratch(const WindowParams& params, int cin, int num_threads);

//   x: [N, H, W, Cin]   filter: [KH, KW, Cin, Cout] packed as a matrix [KH*KW*Cin, Cout]
//   y: [N, OH, OW, Cout], overwritten   scratch: at least Conv2DScratch floats, 64-byte aligned
// A 1x1 convolution of stride 1 without padding is MatMul; the function takes that path by itself.
void Conv2D(const WindowParams& params, ConstView x, const PackedMatrix& filter, const Epilogue& epilogue, View y,
            std::span<float> scratch, ThreadPool& threads);

}  // namespace siskin
