// Which part of an image a piece of the output depends on, so that it can be fetched into the cache before it is
// needed.
#pragma once

#include <span>

#include "kernels/conv_params.h"
#include "kernels/gemm/blocking.h"
#include "tensor/view.h"

namespace siskin {

// The whole rows of x from the first to the last one that output pixels [pixels.begin, pixels.end) read, pixels counted
// over the whole batch of out_h x out_w images. Where the stride skips rows or pixels, they are included.
std::span<const float> InputRows(const WindowParams& window, const ConstView& x, int out_h, int out_w,
                                 const Range& pixels);

}  // namespace siskin
