#include "export/tensor_layout.h"

#include <algorithm>
#include <array>
#include <numeric>
#include <vector>

#include "base/error.h"

namespace siskin {
namespace {

void CheckOrder(const Tensor& tensor, std::span<const int> order) {
  std::vector<int> sorted(order.begin(), order.end()), axes(tensor.shape().rank());
  std::ranges::sort(sorted);
  std::iota(axes.begin(), axes.end(), 0);
  if (sorted != axes) {
    Fail(ErrorKind::kInternal, "the axes of a tensor of shape {} cannot be permuted so", tensor.shape().ToString());
  }
}

}  // namespace

Tensor PermuteAxes(const Tensor& tensor, std::span<const int> order) {
  CheckOrder(tensor, order);
  const size_t rank = order.size();
  std::vector<int64_t> strides(rank, 1), dims(rank), steps(rank);  // of the input; of the result, in its order
  for (size_t i = rank; i-- > 1;) strides[i - 1] = strides[i] * tensor.shape()[i];
  for (size_t i = 0; i < rank; ++i) {
    dims[i] = tensor.shape()[static_cast<size_t>(order[i])];
    steps[i] = strides[static_cast<size_t>(order[i])];
  }
  Tensor out{Shape(dims)};
  std::vector<int64_t> index(rank, 0);
  int64_t from = 0;
  for (float& value : out.values<float>()) {
    value = tensor.data()[from];
    for (size_t i = rank; i-- > 0;) {  // counts `index` up, the last axis fastest
      from += steps[i];
      if (++index[i] < dims[i]) break;
      from -= steps[i] * dims[i];
      index[i] = 0;
    }
  }
  return out;
}

Tensor ChannelsFirstKernel(const Tensor& kernel) {
  return PermuteAxes(kernel, std::array{3, 2, 0, 1});
}

Tensor ChannelsFirstDepthwise(const Tensor& kernel) {
  return PermuteAxes(kernel, std::array{2, 3, 0, 1});
}

}  // namespace siskin
