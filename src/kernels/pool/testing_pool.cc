#include "kernels/pool/testing_pool.h"

#include <fmt/format.h>

namespace siskin::testing {

Layout PoolCase::Output(int images) const {
  return Dense(images, params.OutputHeight(h), params.OutputWidth(w), c);
}

std::string PoolCase::Describe() const {
  return fmt::format("{}x{}x{}, kernel {}x{}, stride {}x{}", h, w, c, params.kernel_h, params.kernel_w, params.stride_h,
                     params.stride_w);
}

WindowParams SquareWindow(int kernel, int stride, Padding padding) {
  return {kernel, kernel, stride, stride, padding};
}

std::vector<PoolCase> PoolCases() {
  std::vector<PoolCase> cases;
  for (const int c : {1, 3, 4, 5, 15, 16, 17, 33, 255, 257, 530}) cases.push_back({5, 6, c, SameWindow(5, 6, 3, 2)});
  for (const int size : {3, 4, 5, 8}) {
    cases.push_back({size, size, 5, SquareWindow(3, 2, {})});
    cases.push_back({size, size, 5, SameWindow(size, size, 3, 2)});
    cases.push_back({size, size, 5, SquareWindow(3, 2, {1, 1, 1, 1})});
    cases.push_back({size, size, 5, SameWindow(size, size, 3, 1)});
    cases.push_back({size, size, 5, SquareWindow(2, 2, {})});
    cases.push_back({size, size, 5, SquareWindow(1, 1, {})});
    cases.push_back({size, size, 5, SquareWindow(2, 3, {})});
    cases.push_back({size, size, 5, SquareWindow(size, 1, {})});
  }
  cases.push_back({1, 1, 4, SameWindow(1, 1, 3, 2)});
  cases.push_back({6, 9, 20, {5, 2, 1, 3, {2, 1, 0, 1}}});
  cases.push_back({6, 9, 20, {3, 3, 1, 2, {1, 1, 1, 1}}});
  cases.push_back({7, 8, 33, SameWindow(7, 8, 3, 2)});
  cases.push_back({7, 11, 17, {7, 11, 1, 1, {}}});        // global
  cases.push_back({64, 3, 16, SameWindow(64, 3, 3, 2)});  // several work items
  return cases;
}

}  // namespace siskin::testing
