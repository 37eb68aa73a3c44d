#include "graph/passes.h"

#include <algorithm>
#include <memory>
#include <set>
#include <utility>

#include "graph/layer_rows.h"

namespace siskin {
namespace {

Op& OpAt(Program& program, int index) {
  return program.ops[static_cast<size_t>(index)];
}

bool HasRawOutput(const Op& op) {
  return op.activation == Activation::kNone && op.residual == kNoValue;
}

// The op that computes `value` if nobody but one reader needs it, else -1.
int SoleProducer(const Program& program, ValueId value) {
  return NumUses(program, value) == 1 ? ProducerOf(program, value) : -1;
}

bool Is1x1(const Op& op) {
  return op.kind == LayerKind::kConv2D && op.window == WindowParams{};
}

void DropOps(Program& program, LayerKind kind, bool (*is_identity)(const Op&)) {
  for (const Op& op : program.ops) {
    if (op.kind == kind && is_identity(op)) ReplaceUses(program, op.output, op.inputs[0]);
  }
}

}  // namespace

void RemoveDeadOps(Program& program) {
  std::set<ValueId> needed = {program.output};
  for (auto op = program.ops.rbegin(); op != program.ops.rend(); ++op) {
    if (!needed.contains(op->output)) continue;
    needed.insert(op->inputs.begin(), op->inputs.end());
    needed.insert(op->residual);
  }
  std::erase_if(program.ops, [&](const Op& op) { return !needed.contains(op.output); });
}

void RemoveIdentities(Program& program) {
  DropOps(program, LayerKind::kDropout, [](const Op&) { return true; });
  DropOps(program, LayerKind::kActivation, [](const Op& op) { return op.activation == Activation::kNone; });
  RemoveDeadOps(program);
}

namespace {

bool IsClamped(const Program& program, ValueId value) {
  const int producer = ProducerOf(program, value);
  return producer >= 0 && program.ops[static_cast<size_t>(producer)].activation != Activation::kNone;
}

// Every window of the pool still touches the image when the padding joins its own.
bool PadsLessThanAWindow(const Padding& padding, const WindowParams& pool) {
  return std::max(padding.top + pool.padding.top, padding.bottom + pool.padding.bottom) < pool.kernel_h &&
         std::max(padding.left + pool.padding.left, padding.right + pool.padding.right) < pool.kernel_w;
}

bool TakesPadding(const Program& program, const Op& pad, const Op& reader) {
  if (RowOf(reader.kind).takes_padding) return true;
  return reader.kind == LayerKind::kMaxPool && IsClamped(program, pad.inputs[0]) &&
         PadsLessThanAWindow(pad.window.padding, reader.window);
}

Filter Ones(int channels) {
  Tensor ones(Shape{channels});
  std::ranges::fill(ones.values<float>(), 1.0f);
  return Filter(std::make_shared<const Tensor>(std::move(ones)));
}

}  // namespace

void MergeZeroPadding(Program& program) {
  for (Op& pad : program.ops) {
    if (pad.kind != LayerKind::kZeroPad) continue;
    for (Op& reader : program.ops) {
      if (reader.inputs[0] != pad.output || !TakesPadding(program, pad, reader)) continue;
      reader.inputs[0] = pad.inputs[0];
      reader.window.padding.top += pad.window.padding.top;
      reader.window.padding.bottom += pad.window.padding.bottom;
      reader.window.padding.left += pad.window.padding.left;
      reader.window.padding.right += pad.window.padding.right;
      reader.fused.push_back(pad.name);
    }
    pad.kind = LayerKind::kDepthwiseConv2D;
    pad.depthwise = Ones(program.values[static_cast<size_t>(pad.output)].shape.c);
  }
  RemoveDeadOps(program);
}

void FlattenConcat(Program& program) {
  for (int i = 0; i < static_cast<int>(program.ops.size()); ++i) {
    if (OpAt(program, i).kind != LayerKind::kConcat) continue;
    for (size_t part = 0; part < OpAt(program, i).inputs.size();) {
      const int inner = SoleProducer(program, OpAt(program, i).inputs[part]);
      if (inner < 0 || OpAt(program, inner).kind != LayerKind::kConcat) {
        ++part;
        continue;
      }
      Op& whole = OpAt(program, i);
      const Op& parts = OpAt(program, inner);
      whole.fused.push_back(parts.name);
      whole.fused.insert(whole.fused.end(), parts.fused.begin(), parts.fused.end());
      whole.inputs.erase(whole.inputs.begin() + static_cast<ptrdiff_t>(part));
      whole.inputs.insert(whole.inputs.begin() + static_cast<ptrdiff_t>(part), parts.inputs.begin(),
                          parts.inputs.end());
      program.ops.erase(program.ops.begin() + inner);
      --i;
    }
  }
}

namespace {

void FoldInto(Op& op, const std::vector<double>& scale, const std::vector<double>& shift) {
  const size_t channels = scale.size();
  (op.kind == LayerKind::kDepthwiseConv2D ? op.depthwise : op.matrix).Scale(scale);
  op.bias.resize(channels, 0.0f);
  for (size_t c = 0; c < channels; ++c) op.bias[c] = static_cast<float>(op.bias[c] * scale[c] + shift[c]);
}

}  // namespace

void FoldBatchNorm(Program& program) {
  for (int i = 0; i < static_cast<int>(program.ops.size()); ++i) {
    if (OpAt(program, i).kind != LayerKind::kBatchNorm) continue;
    const int producer = SoleProducer(program, OpAt(program, i).inputs[0]);
    if (producer < 0) continue;
    if (!RowOf(OpAt(program, producer).kind).has_epilogue || !HasRawOutput(OpAt(program, producer))) continue;
    const std::vector<double> scale = std::move(OpAt(program, i).scale), shift = std::move(OpAt(program, i).shift);
    FoldInto(Absorb(program, producer, i), scale, shift);
    --i;
  }
}

namespace {

// The op to which the addition `add` can become the epilogue, and which of the inputs it computes; {-1, 0} if none.
std::pair<int, size_t> LaterAddend(const Program& program, const Op& add) {
  std::pair<int, size_t> later = {-1, 0};
  for (size_t side = 0; side < 2; ++side) {
    const int producer = SoleProducer(program, add.inputs[side]);
    if (producer < 0) continue;
    const Op& op = program.ops[static_cast<size_t>(producer)];
    if (RowOf(op.kind).has_epilogue && HasRawOutput(op) && producer > later.first) later = {producer, side};
  }
  return later;
}

}  // namespace

void FuseAdd(Program& program) {
  for (int i = 0; i < static_cast<int>(program.ops.size()); ++i) {
    if (OpAt(program, i).kind != LayerKind::kAdd) continue;
    const auto [producer, side] = LaterAddend(program, OpAt(program, i));
    if (producer < 0) continue;
    const ValueId other = OpAt(program, i).inputs[1 - side];
    Absorb(program, producer, i).residual = other;
    --i;
  }
}

namespace {

bool TakesActivation(const Op& op) {
  const bool kind = RowOf(op.kind).has_epilogue || op.kind == LayerKind::kBatchNorm || op.kind == LayerKind::kAdd;
  return kind && op.activation == Activation::kNone;
}

// Puts the ReLU of op `i` into everyone who reads it, if all of them can.
void FuseIntoReaders(Program& program, int i) {
  const Op relu = OpAt(program, i);
  if (relu.activation != Activation::kRelu) return;
  const auto reads = [&](const Op& op) {
    return op.residual == relu.output || std::find(op.inputs.begin(), op.inputs.end(), relu.output) != op.inputs.end();
  };
  for (const Op& op : program.ops) {
    const bool takes = (op.kind == LayerKind::kDepthwiseConv2D || op.kind == LayerKind::kSeparableConv2D) &&
                       op.residual != relu.output;
    if (reads(op) && !takes) return;
  }
  for (Op& op : program.ops) {
    if (!reads(op)) continue;
    op.inputs[0] = relu.inputs[0];
    op.relu_input = true;
    op.fused.push_back(relu.name);
  }
}

}  // namespace

void FuseActivation(Program& program) {
  for (int i = 0; i < static_cast<int>(program.ops.size()); ++i) {
    if (OpAt(program, i).kind != LayerKind::kActivation) continue;
    const int producer = SoleProducer(program, OpAt(program, i).inputs[0]);
    if (producer >= 0 && TakesActivation(OpAt(program, producer))) {
      const Activation activation = OpAt(program, i).activation;
      Absorb(program, producer, i).activation = activation;
      --i;
    } else {
      FuseIntoReaders(program, i);
    }
  }
  RemoveDeadOps(program);
}

void FuseSeparable(Program& program) {
  for (int i = 0; i < static_cast<int>(program.ops.size()); ++i) {
    if (!Is1x1(OpAt(program, i))) continue;
    const int producer = SoleProducer(program, OpAt(program, i).inputs[0]);
    if (producer < 0 || OpAt(program, producer).kind != LayerKind::kDepthwiseConv2D) continue;
    if (OpAt(program, producer).residual != kNoValue) continue;
    Op pointwise = OpAt(program, i);
    Op& op = Absorb(program, producer, i);
    op.kind = LayerKind::kSeparableConv2D;
    op.between_bias = std::exchange(op.bias, std::move(pointwise.bias));
    op.between = std::exchange(op.activation, pointwise.activation);
    op.matrix = std::move(pointwise.matrix);
    op.columns = pointwise.columns;
    op.residual = pointwise.residual;
    op.multiply_adds += pointwise.multiply_adds;
    --i;
  }
}

void CopyUntouchedInput(Program& program) {
  if (program.output != program.input) return;
  Op copy;
  copy.kind = LayerKind::kActivation;
  copy.name = "copy";
  copy.inputs = {program.input};
  copy.output = program.output = static_cast<ValueId>(program.values.size());
  program.values.push_back(program.values[static_cast<size_t>(program.input)]);
  program.ops.push_back(copy);
}

void Optimize(Program& program) {
  RemoveDeadOps(program);
  RemoveIdentities(program);
  MergeZeroPadding(program);
  FlattenConcat(program);
  FoldBatchNorm(program);
  FuseAdd(program);
  FuseActivation(program);
  FuseSeparable(program);
  CopyUntouchedInput(program);
}

}  // namespace siskin
