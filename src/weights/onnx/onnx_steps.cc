#include "weights/onnx/onnx_steps.h"

#include <algorithm>
#include <map>
#include <optional>
#include <utility>

#include "base/error.h"

namespace siskin {
namespace {

constexpr size_t kMaxSteps = 100'000;  // InceptionResNetV2 has 700
constexpr size_t kMaxParts = 64;       // of a concatenation, flattened; Inception's have 6
constexpr size_t kMaxAffines = 8;      // after a convolution: tf2onnx leaves a product and a sum
constexpr int64_t kMaxWindow = 1000;   // pixels of a kernel, stride or padding

// -1 if the shape is none or beyond reason.
int64_t NumElements(const OnnxTensor& tensor) {
  const Shape shape(tensor.dims);
  return FitsIn(shape, sizeof(float), kMaxOnnxKernelBytes) ? shape.num_elements() : -1;
}

// Of kernels, strides and paddings: `count` numbers from `low` on. An empty list is `count` times `otherwise`.
bool AreReasonable(std::vector<int64_t>* numbers, size_t count, int64_t low, int64_t otherwise) {
  if (numbers->empty()) numbers->assign(count, otherwise);
  return numbers->size() == count &&
         std::ranges::all_of(*numbers, [&](int64_t n) { return n >= low && n <= kMaxWindow; });
}

// [top, left, bottom, right]
Padding PaddingFrom(const int64_t* begin, const int64_t* end) {
  return {.top = static_cast<int>(begin[0]),
          .bottom = static_cast<int>(end[0]),
          .left = static_cast<int>(begin[1]),
          .right = static_cast<int>(end[1])};
}

// A node that is no step has no value, and nothing has that is computed from it.
class NodeReader {
 public:
  NodeReader(const OnnxFile& file, std::string_view where) : file_(file), where_(where) {}

  OnnxSteps Read() {
    Append({}, {});
    for (const std::string_view input : file_.inputs) {
      if (!file_.initializers.contains(input)) values_.emplace(input, Value{});
    }
    for (const OnnxNode& node : file_.nodes) {
      if (steps_.size() > kMaxSteps) FailOnnx(where_, fmt::format("it has more than {} layers", kMaxSteps));
      const std::optional<Value> value = Translate(node);
      if (value && !node.output.empty()) values_.emplace(node.output, *value);
    }
    return {std::move(steps_), std::move(weights_), scales_pixels_};
  }

 private:
  static constexpr int kInput = 0, kBehindChannels = 2;
  struct Value {
    int step = kInput;
    Padding zeros = {};            // around it
    int behind = kBehindChannels;  // dimensions after the channels: height and width
  };
  using MaybeValue = std::optional<Value>;

  MaybeValue Translate(const OnnxNode& node) {
    const std::string_view op = node.op;
    if (op == "Conv") return Convolution(node);
    if (op == "MatMul") return Matrix(node, false);
    if (op == "Gemm") return Gemm(node);
    if (op == "BatchNormalization") return Normalisation(node);
    if (op == "Add" || op == "Mul" || op == "Sub" || op == "Div") return Arithmetic(node);
    if (op == "Relu") return Activate(node, Activation::kRelu);
    if (op == "Clip") return Clip(node);
    if (op == "MaxPool") return Pool(node, LayerKind::kMaxPool);
    if (op == "AveragePool") return Pool(node, LayerKind::kAveragePool);
    if (op == "GlobalAveragePool") return GlobalPool(node, LayerKind::kGlobalAveragePool, kBehindChannels);
    if (op == "GlobalMaxPool") return GlobalPool(node, LayerKind::kGlobalMaxPool, kBehindChannels);
    if (op == "ReduceMean") return Mean(node);
    if (op == "Concat") return Concat(node);
    if (op == "Pad") return Pad(node);
    if (op == "Transpose") return Transpose(node);
    if (op == "Gather") return OfPixels(node);
    if (op == "Identity" || op == "Dropout" || op == "Cast" || op == "Reshape") return Input(node, 0);
    if (op == "Flatten" || op == "Squeeze") return Reshaped(node, 0);
    if (op == "Unsqueeze") return Reshaped(node, kBehindChannels);
    return {};
  }

  MaybeValue Input(const OnnxNode& node, size_t i) const {
    const auto found = i < node.inputs.size() ? values_.find(node.inputs[i]) : values_.end();
    return found == values_.end() ? MaybeValue() : found->second;
  }
  // Without zeros around it: for all that is no window.
  MaybeValue Unpadded(const OnnxNode& node, size_t i) const {
    const MaybeValue value = Input(node, i);
    return value && value->zeros == Padding() ? value : MaybeValue();
  }
  // Null if the input is no weight.
  const OnnxTensor* Constant(const OnnxNode& node, size_t i) const {
    if (!Has(node, i)) return nullptr;
    const auto found = file_.initializers.find(node.inputs[i]);
    return found == file_.initializers.end() ? nullptr : &found->second;
  }
  bool Has(const OnnxNode& node, size_t i) const { return i < node.inputs.size() && !node.inputs[i].empty(); }

  Value Append(Step step, OnnxWeights its_weights, int behind = kBehindChannels) {
    steps_.push_back(std::move(step));
    weights_.push_back(std::move(its_weights));
    return {.step = static_cast<int>(steps_.size()) - 1, .behind = behind};
  }

  // Kernel, stride and padding, as all windows have them.
  static bool ReadWindow(const OnnxNode& node, std::vector<int64_t> kernel, Step* step) {
    std::vector<int64_t> strides = node.Ints("strides"), dilations = node.Ints("dilations"), pads = node.Ints("pads");
    if (!AreReasonable(&kernel, 2, 1, 0) || !AreReasonable(&strides, 2, 1, 1) || !AreReasonable(&pads, 4, 0, 0) ||
        !AreReasonable(&dilations, 2, 1, 1) || dilations != std::vector<int64_t>{1, 1}) {
      return false;
    }
    step->window = {.kernel_h = static_cast<int>(kernel[0]),
                    .kernel_w = static_cast<int>(kernel[1]),
                    .stride_h = static_cast<int>(strides[0]),
                    .stride_w = static_cast<int>(strides[1])};
    const std::string_view automatic = node.Text("auto_pad");
    step->same = automatic == "SAME_UPPER";
    if (automatic.empty() || automatic == "NOTSET") step->window.padding = PaddingFrom(&pads[0], &pads[2]);
    return step->same || automatic.empty() || automatic == "NOTSET" || automatic == "VALID";
  }

  MaybeValue Convolution(const OnnxNode& node) {
    const MaybeValue x = Input(node, 0);
    const OnnxTensor* kernel = Constant(node, 1);
    const OnnxTensor* bias = Constant(node, 2);
    if (!x || x->behind != kBehindChannels || kernel == nullptr || kernel->dims.size() != 4) return {};
    const std::vector<int64_t>& dims = kernel->dims;
    Step step;
    std::vector<int64_t> given = node.Ints("kernel_shape");
    const std::vector<int64_t> taps(dims.begin() + 2, dims.end());
    if (NumElements(*kernel) <= 0 || (!given.empty() && given != taps) || !ReadWindow(node, taps, &step)) return {};
    if (Has(node, 2) && (bias == nullptr || NumElements(*bias) != dims[0])) return {};
    const int64_t groups = node.Int("group", 1);
    const bool depthwise = groups == dims[0] && dims[1] == 1;
    if (groups != 1 && !depthwise) return {};
    step.kind = depthwise ? LayerKind::kDepthwiseConv2D : LayerKind::kConv2D;
    step.in = depthwise ? dims[0] : dims[1];
    step.out = dims[0];
    step.inputs = {x->step};
    step.zeros = x->zeros;
    return Append(std::move(step), {.kernel = kernel, .bias = bias});
  }

  MaybeValue Matrix(const OnnxNode& node, bool transposed) {
    const MaybeValue x = Unpadded(node, 0);
    const OnnxTensor* kernel = Constant(node, 1);
    if (!x || kernel == nullptr || kernel->dims.size() != 2 || NumElements(*kernel) <= 0) return {};
    Step step;
    step.kind = LayerKind::kDense;
    step.in = kernel->dims[transposed ? 1 : 0];
    step.out = kernel->dims[transposed ? 0 : 1];
    step.inputs = {x->step};
    return Append(std::move(step), {.kernel = kernel, .channels_first = transposed}, 0);
  }

  MaybeValue Gemm(const OnnxNode& node) {
    if (node.Int("transA", 0) != 0 || node.Float("alpha", 1) != 1 || node.Float("beta", 1) != 1) return {};
    const OnnxTensor* bias = Constant(node, 2);
    const MaybeValue product = Matrix(node, node.Int("transB", 0) != 0);
    if (!product || !Has(node, 2)) return product;
    if (bias == nullptr || NumElements(*bias) != StepAt(*product).out) return {};
    weights_.back().bias = bias;
    return product;
  }

  Step& StepAt(const Value& value) { return steps_[static_cast<size_t>(value.step)]; }

  // The step `x` with one thing more after it: a new one, because others may read it without.
  MaybeValue Extended(const Value& x, const OnnxAffine& affine) {
    const OnnxWeights& before = weights_[static_cast<size_t>(x.step)];
    if (before.kernel == nullptr || before.affines.size() == kMaxAffines) return {};
    StepAt(x).scaled_on = true;
    Step step = StepAt(x);
    step.scaled_on = false;
    OnnxWeights extended = before;
    extended.affines.push_back(affine);
    return Append(std::move(step), std::move(extended), x.behind);
  }

  MaybeValue Normalisation(const OnnxNode& node) {
    const MaybeValue x = Unpadded(node, 0);
    if (!x || x->behind != kBehindChannels) return {};
    OnnxAffine affine{&node};
    for (size_t i = 0; i < affine.operands.size(); ++i) {
      affine.operands[i] = Constant(node, i + 1);
      if (affine.operands[i] == nullptr || NumElements(*affine.operands[i]) != StepAt(*x).out) return {};
    }
    return Extended(*x, affine);
  }

  // A sum of two values, or a value with a constant.
  MaybeValue Arithmetic(const OnnxNode& node) {
    if (node.inputs.size() != 2) return {};
    const bool either_way = node.op == "Add" || node.op == "Mul";
    const size_t side = either_way && Constant(node, 0) != nullptr ? 0 : 1;
    const OnnxTensor* constant = Constant(node, side);
    const MaybeValue x = Unpadded(node, 1 - side);
    if (!x) return {};
    if (constant == nullptr) return node.op == "Add" ? Sum(*x, Unpadded(node, side)) : MaybeValue();
    if (x->step == kInput) return OfPixels(node, 1 - side);
    if (!IsPerChannel(*constant, StepAt(*x).out, x->behind)) return {};
    return Extended(*x, {&node, {constant}});
  }

  MaybeValue Sum(const Value& a, const MaybeValue& b) {
    if (!b || b->behind != a.behind) return {};
    Step step;
    step.kind = LayerKind::kAdd;
    step.inputs = {a.step, b->step};
    return Append(std::move(step), {}, a.behind);
  }

  // One number, or one for each channel.
  static bool IsPerChannel(const OnnxTensor& constant, int64_t channels, int behind) {
    const int64_t count = NumElements(constant);
    if (count == 1) return true;
    const size_t rank = constant.dims.size(), place = static_cast<size_t>(behind) + 1;
    return count == channels && rank >= place && constant.dims[rank - place] == channels;
  }

  MaybeValue Activate(const OnnxNode& node, Activation activation) {
    const MaybeValue x = Unpadded(node, 0);
    if (!x) return {};
    Step step;
    step.kind = LayerKind::kActivation;
    step.activation = activation;
    step.inputs = {x->step};
    return Append(std::move(step), {}, x->behind);
  }

  MaybeValue Clip(const OnnxNode& node) {
    const auto limit = [&](size_t i, std::string_view name) {
      const OnnxTensor* constant = Constant(node, i);
      if (constant == nullptr || NumElements(*constant) != 1) return node.Float(name, -1);
      return ReadOnnxTensor(node.inputs[i], *constant, sizeof(float), where_).values<float>()[0];
    };
    return Input(node, 0) && limit(1, "min") == 0 && limit(2, "max") == 6 ? Activate(node, Activation::kRelu6)
                                                                          : MaybeValue();
  }

  MaybeValue Pool(const OnnxNode& node, LayerKind kind) {
    const MaybeValue x = Input(node, 0);
    Step step;
    if (!x || x->behind != kBehindChannels || !ReadWindow(node, node.Ints("kernel_shape"), &step)) return {};
    if (node.Int("ceil_mode", 0) != 0) return {};
    step.kind = kind;
    step.zeros = x->zeros;
    step.inputs = {x->step};
    if (kind == LayerKind::kAveragePool && node.Int("count_include_pad", 0) != 0) {
      if (step.same || step.zeros != Padding()) return {};
      std::swap(step.zeros, step.window.padding);
    }
    return Append(std::move(step), {});
  }

  MaybeValue GlobalPool(const OnnxNode& node, LayerKind kind, int behind) {
    const MaybeValue x = Unpadded(node, 0);
    if (!x || x->behind != behind) return {};
    Step step;
    step.kind = kind;
    step.inputs = {x->step};
    return Append(std::move(step), {}, behind);
  }

  // Over height and width, wherever they are.
  MaybeValue Mean(const OnnxNode& node) {
    std::vector<int64_t> axes = node.Ints("axes");
    if (const OnnxTensor* constant = Constant(node, 1)) axes = ReadOnnxIntegers(*constant);
    for (int64_t& axis : axes) axis += axis < 0 ? 4 : 0;
    std::ranges::sort(axes);
    const bool first = axes == std::vector<int64_t>{1, 2};
    if (!first && axes != std::vector<int64_t>{2, 3}) return {};
    MaybeValue mean = GlobalPool(node, LayerKind::kGlobalAveragePool, first ? 0 : kBehindChannels);
    if (mean && node.Int("keepdims", 1) == 0) mean->behind = 0;
    return mean;
  }

  MaybeValue Concat(const OnnxNode& node) {
    Step step;
    step.kind = LayerKind::kConcat;
    int behind = kBehindChannels;
    for (size_t i = 0; i < node.inputs.size(); ++i) {
      const MaybeValue x = Unpadded(node, i);
      if (!x || (i > 0 && x->behind != behind)) return {};
      behind = x->behind;
      AddPart(steps_, x->step, &step);
    }
    const int64_t axis = node.Int("axis", 0);
    if (step.inputs.size() > kMaxParts) return {};
    if (axis != 3 - behind && axis != -1 - behind) return {};
    return Append(std::move(step), {}, behind);
  }

  // Of height and width, with zeros; the numbers are all those in front, then all those behind.
  MaybeValue Pad(const OnnxNode& node) {
    MaybeValue x = Input(node, 0);
    std::vector<int64_t> pads = node.Ints("pads");
    if (const OnnxTensor* constant = Constant(node, 1)) pads = ReadOnnxIntegers(*constant);
    const OnnxTensor* number = Constant(node, 2);
    const std::string_view mode = node.Text("mode");
    if (!x || x->behind != kBehindChannels || pads.size() != 8 || !AreReasonable(&pads, 8, 0, 0)) return {};
    if ((!mode.empty() && mode != "constant") || node.Float("value", 0) != 0 || Has(node, 3)) return {};
    if (Has(node, 2) && (number == nullptr || NumElements(*number) != 1 || !IsZero(node.inputs[2], *number))) return {};
    if (pads[0] + pads[1] + pads[4] + pads[5] != 0 || x->zeros != Padding()) return {};
    x->zeros = PaddingFrom(&pads[2], &pads[6]);
    return x;
  }

  bool IsZero(std::string_view name, const OnnxTensor& tensor) const {
    return ReadOnnxTensor(name, tensor, sizeof(float), where_).values<float>()[0] == 0;
  }

  // Channels to the end and back. What is done to the input's axes, the first convolution has undone.
  MaybeValue Transpose(const OnnxNode& node) const {
    MaybeValue x = Input(node, 0);
    const std::vector<int64_t> order = node.Ints("perm");
    const bool to_end = order == std::vector<int64_t>{0, 2, 3, 1}, to_front = order == std::vector<int64_t>{0, 3, 1, 2};
    if (!x || (!to_end && !to_front)) return {};
    if (x->step == kInput) return x->zeros == Padding() ? x : MaybeValue();
    if (x->behind != (to_end ? kBehindChannels : 0) || x->zeros != Padding()) return {};
    x->behind = to_end ? 0 : kBehindChannels;
    return x;
  }

  // Scaling the pixels and reordering their channels is no part of the network.
  MaybeValue OfPixels(const OnnxNode& node, size_t i = 0) {
    const MaybeValue x = Unpadded(node, i);
    if (!x || x->step != kInput) return {};
    scales_pixels_ = true;
    return x;
  }

  MaybeValue Reshaped(const OnnxNode& node, int behind) const {
    MaybeValue x = Unpadded(node, 0);
    if (x) x->behind = behind;
    return x;
  }

  const OnnxFile& file_;
  std::string_view where_;
  std::vector<Step> steps_;
  std::vector<OnnxWeights> weights_;
  bool scales_pixels_ = false;
  std::map<std::string_view, Value> values_;  // by the name of a node's output
};

}  // namespace

OnnxSteps StepsOfOnnx(const OnnxFile& file, std::string_view where) {
  return NodeReader(file, where).Read();
}

}  // namespace siskin
