#include "graph/executor.h"

#include <algorithm>
#include <utility>

#include "kernels/batchnorm/batchnorm.h"
#include "kernels/conv/conv.h"
#include "kernels/depthwise/depthwise.h"
#include "kernels/elementwise/elementwise.h"
#include "kernels/pool/pool.h"

namespace siskin {
namespace {

const float* DataOrNull(const std::vector<float>& values) {
  return values.empty() ? nullptr : values.data();
}

size_t NumFloats(const FeatureShape& shape, int num_images) {
  return static_cast<size_t>(num_images) * static_cast<size_t>(shape.h) * static_cast<size_t>(shape.w) *
         static_cast<size_t>(shape.c);
}

// One call's arguments, made from the op's slots.
struct Call {
  const BoundOp& op;
  const Places& places;
  int num_images;

  ConstView Read(const Slot& slot) const {
    if (slot.place != Place::kInput) return Write(slot);
    return DenseView(places.input, num_images, slot.shape.h, slot.shape.w, slot.shape.c);
  }
  View Write(const Slot& slot) const {
    float* base = places.output;
    if (slot.place == Place::kArena) {
      base = reinterpret_cast<float*>(places.arena + places.offsets[static_cast<size_t>(slot.buffer)]);
    }
    return {base + slot.first_channel, num_images, slot.shape.h, slot.shape.w, slot.shape.c, slot.stride, slot.padded};
  }
  ConstView x() const { return Read(op.input); }
  View y() const { return Write(op.output); }
  // The output seen as images of the input's height and width: what a copy by pixels writes.
  View FlatOutput() const {
    return DenseView(y().data, num_images, op.input.shape.h, op.input.shape.w, op.input.shape.c);
  }
  std::span<const float> rows() const { return {x().data, NumFloats(op.input.shape, num_images)}; }
  std::span<float> output_rows() const { return {y().data, NumFloats(op.output.shape, num_images)}; }
  ConstView other() const { return op.other ? Read(*op.other) : ConstView(); }
  Epilogue epilogue() const { return {DataOrNull(op.bias), other(), op.activation}; }
};

SeparableParams Separable(const BoundOp& op) {
  return {op.window, op.relu_input, DataOrNull(op.between_bias), op.between};
}

}  // namespace

BoundOp BindWeights(Op& op) {
  BoundOp bound;
  bound.kind = op.kind;
  bound.window = op.window;
  bound.relu_input = op.relu_input;
  bound.between = op.between;
  bound.activation = op.activation;
  bound.depthwise = std::move(op.depthwise);
  bound.bias = std::move(op.bias);
  bound.between_bias = std::move(op.between_bias);
  bound.scale.assign(op.scale.begin(), op.scale.end());
  if (op.kind == LayerKind::kBatchNorm) bound.bias.assign(op.shift.begin(), op.shift.end());
  if (!op.matrix.empty()) {
    const auto rows = static_cast<int>(op.matrix.size() / static_cast<size_t>(op.columns));
    bound.matrix = PackedMatrix(op.matrix.data(), rows, op.columns);
    std::vector<float>().swap(op.matrix);
  }
  return bound;
}

size_t ScratchFloats(const BoundOp& op, int num_threads) {
  const int cin = op.input.shape.c;
  if (op.kind == LayerKind::kConv2D) return Conv2DScratch(op.window, cin, num_threads);
  return op.kind == LayerKind::kSeparableConv2D ? SeparableScratch(cin, num_threads) : 0;
}

size_t WeightsBytes(const BoundOp& op) {
  return op.matrix.num_bytes() +
         sizeof(float) * (op.depthwise.size() + op.scale.size() + op.bias.size() + op.between_bias.size());
}

std::string KernelName(const BoundOp& op) {
  switch (op.kind) {
    case LayerKind::kConv2D:
      return op.window == WindowParams{} ? "matmul" : "conv";
    case LayerKind::kDense:
      return "matmul";
    case LayerKind::kDepthwiseConv2D:
      return "depthwise";
    case LayerKind::kSeparableConv2D:
      return "separable";
    case LayerKind::kBatchNorm:
      return "scale_shift";
    case LayerKind::kActivation:
      return "activation";
    case LayerKind::kMaxPool:
      return "max_pool";
    case LayerKind::kAveragePool:
      return "average_pool";
    case LayerKind::kGlobalAveragePool:
      return "global_average_pool";
    case LayerKind::kGlobalMaxPool:
      return "global_max_pool";
    case LayerKind::kAdd:
      return "add";
    case LayerKind::kConcat:
    case LayerKind::kFlatten:
      return "copy";
    case LayerKind::kSoftmax:
      return "softmax";
    case LayerKind::kSigmoid:
      return "sigmoid";
    case LayerKind::kInput:
    case LayerKind::kZeroPad:
    case LayerKind::kDropout:
      break;  // the passes leave none
  }
  return "none";
}

void Execute(const BoundOp& op, const Places& places, int num_images, ThreadPool& threads) {
  const Call call{op, places, num_images};
  switch (op.kind) {
    case LayerKind::kConv2D:
      return Conv2D(op.window, call.x(), op.matrix, call.epilogue(), call.y(), places.scratch, threads);
    case LayerKind::kDense:
      return MatMul(call.x(), op.matrix, call.epilogue(), call.y(), threads);
    case LayerKind::kDepthwiseConv2D:
      return DepthwiseConv2D(op.window, call.x(), op.depthwise.data(), op.relu_input, call.epilogue(), call.y(),
                             threads);
    case LayerKind::kSeparableConv2D:
      return SeparableConv2D(Separable(op), call.x(), op.depthwise.data(), op.matrix, call.epilogue(), call.y(),
                             places.scratch, threads);
    case LayerKind::kBatchNorm:
      return ScaleShift(call.x(), op.scale.data(), op.bias.data(), op.activation, call.y(), threads);
    case LayerKind::kActivation:
      return Activate(call.x(), op.activation, call.y(), threads);
    case LayerKind::kMaxPool:
      return MaxPool(op.window, call.x(), call.y(), threads);
    case LayerKind::kAveragePool:
      return AveragePool(op.window, call.x(), call.y(), threads);
    case LayerKind::kGlobalAveragePool:
      return GlobalAveragePool(call.x(), call.y(), threads);
    case LayerKind::kGlobalMaxPool:
      return GlobalMaxPool(call.x(), call.y(), threads);
    case LayerKind::kAdd:
      return Add(call.x(), call.other(), op.activation, call.y(), threads);
    case LayerKind::kConcat:
      return CopyChannels(call.x(), call.y(), op.first_channel, threads);
    case LayerKind::kFlatten:
      return CopyChannels(call.x(), call.FlatOutput(), 0, threads);
    case LayerKind::kSoftmax:
      return Softmax(call.rows(), op.output.shape.c, call.output_rows());
    case LayerKind::kSigmoid:
      return Sigmoid(call.rows(), call.output_rows());
    case LayerKind::kInput:
    case LayerKind::kZeroPad:
    case LayerKind::kDropout:
      break;  // the passes leave none
  }
}

}  // namespace siskin
