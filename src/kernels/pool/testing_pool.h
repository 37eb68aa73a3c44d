// Windows over images that the tests of pooling and of its gradients share.
#pragma once

#include <string>
#include <vector>

#include "kernels/conv_params.h"
#include "kernels/testing_kernels.h"

namespace siskin::testing {

// Windows over images of [h, w, c].
struct PoolCase {
  int h, w, c;
  WindowParams params;

  Layout Output(int images) const;  // [images, OH, OW, c]
  std::string Describe() const;
};

WindowParams SquareWindow(int kernel, int stride, Padding padding);

// Overlapping windows, windows with gaps, rows that no window reads, even and odd sizes. Maximum of 3x3 with stride 2
// has a path of its own: it comes with channels around the lane counts and around chunks of 256.
std::vector<PoolCase> PoolCases();

}  // namespace siskin::testing
