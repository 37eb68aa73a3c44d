#include "weights/onnx_structure.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <functional>
#include <map>
#include <optional>
#include <utility>
#include <vector>

#include "base/error.h"
#include "weights/batch_norm.h"
#include "weights/channels_first.h"
#include "weights/onnx_file.h"
#include "weights/structure.h"

namespace siskin {
namespace {

constexpr size_t kMaxSteps = 100'000;  // InceptionResNetV2 has 700
constexpr size_t kMaxParts = 64;       // of a concatenation, flattened; Inception's have 6
constexpr size_t kMaxAffines = 8;      // behind a convolution: tf2onnx leaves a product and a sum
constexpr int64_t kMaxWindow = 1000;   // pixels of a kernel, stride or padding
constexpr uint64_t kMaxKernelBytes = uint64_t{1} << 30;
constexpr int kPaddingPeriod = 32;  // pixels: our networks halve the image five times

// What scales and shifts the channels behind a convolution or matrix: BatchNormalization with gamma, beta, mean and
// variance, or Mul, Div, Add, Sub with one operand.
struct Affine {
  const OnnxNode* node = nullptr;
  std::array<const OnnxTensor*, 4> operands = {};
  bool is_norm() const { return node->op == "BatchNormalization"; }
};

// The weights of one step.
struct OnnxWeights {
  const OnnxTensor* kernel = nullptr;
  const OnnxTensor* bias = nullptr;  // null: none
  bool channels_first = true;        // the kernel is [out, in, ...]
  std::vector<Affine> affines = {};
};

// -1 if the shape is none or beyond reason.
int64_t NumElements(const OnnxTensor& tensor) {
  const Shape shape(tensor.dims);
  return FitsIn(shape, sizeof(float), kMaxKernelBytes) ? shape.num_elements() : -1;
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

// Translates the nodes that our networks consist of, one after the other: a node that reads what comes later, or is of
// another kind, has no value, and nothing has that is computed from it.
class OnnxSteps {
 public:
  OnnxSteps(const OnnxFile& file, std::string_view where) : file_(file), where_(where) {
    Append({}, {});
    for (const std::string_view input : file.inputs) {
      if (!file.initializers.contains(input)) values_.emplace(input, Value{});
    }
    for (const OnnxNode& node : file.nodes) {
      if (steps.size() > kMaxSteps) FailOnnx(where, fmt::format("it has more than {} layers", kMaxSteps));
      const std::optional<Value> value = Translate(node);
      if (value && !node.output.empty()) values_.emplace(node.output, *value);
    }
  }

  std::vector<Step> steps;           // the first is the input, whatever has been done to its pixels
  std::vector<OnnxWeights> weights;  // by step
  bool scales_pixels = false;

 private:
  static constexpr int kInput = 0, kBehindChannels = 2;
  struct Value {
    int step = kInput;
    Padding zeros = {};            // around it
    int behind = kBehindChannels;  // dimensions behind the channels: height and width
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
    steps.push_back(std::move(step));
    weights.push_back(std::move(its_weights));
    return {.step = static_cast<int>(steps.size()) - 1, .behind = behind};
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
    weights.back().bias = bias;
    return product;
  }

  Step& StepAt(const Value& value) { return steps[static_cast<size_t>(value.step)]; }

  // The step `x` with one thing more behind it: a new one, because others may read it without.
  MaybeValue Extended(const Value& x, const Affine& affine) {
    const OnnxWeights& before = weights[static_cast<size_t>(x.step)];
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
    Affine affine{&node};
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

  // A concatenation of concatenations is one.
  MaybeValue Concat(const OnnxNode& node) {
    Step step;
    step.kind = LayerKind::kConcat;
    int behind = kBehindChannels;
    for (size_t i = 0; i < node.inputs.size(); ++i) {
      const MaybeValue x = Unpadded(node, i);
      if (!x || (i > 0 && x->behind != behind)) return {};
      behind = x->behind;
      const Step& part = StepAt(*x);
      if (part.kind == LayerKind::kConcat) {
        step.inputs.insert(step.inputs.end(), part.inputs.begin(), part.inputs.end());
      } else {
        step.inputs.push_back(x->step);
      }
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
    scales_pixels = true;
    return x;
  }

  MaybeValue Reshaped(const OnnxNode& node, int behind) const {
    MaybeValue x = Unpadded(node, 0);
    if (x) x->behind = behind;
    return x;
  }

  const OnnxFile& file_;
  std::string_view where_;
  std::map<std::string_view, Value> values_;
};

// Writes the weights of matched steps under our names.
class WeightTaker {
 public:
  explicit WeightTaker(std::string_view where) : where_(where) {}

  void Take(const Step& step, const StepLayers& ours, const OnnxWeights& theirs) {
    Tensor kernel = Read(theirs.kernel);
    if (theirs.channels_first) kernel = FromChannelsFirst(std::move(kernel));
    const bool norm_left = theirs.affines.size() == 1 && theirs.affines[0].is_norm();
    if (ours.norm != nullptr && norm_left && ours.factor == 1) {
      TakeNorm(ours, theirs, &kernel);
    } else {
      Fold(ours, theirs, static_cast<size_t>(step.out), &kernel);
    }
    tensors.emplace(ours.layer->name + "/" + ours.kernel, std::move(kernel));
  }

  TensorMap tensors;
  size_t num_folded = 0;  // batch normalisations

 private:
  Tensor Read(const OnnxTensor* tensor) const { return ReadOnnxTensor(tensor->name, *tensor, kMaxKernelBytes, where_); }

  // One number for each channel, in double precision.
  std::vector<double> ReadChannels(const OnnxTensor* tensor, size_t channels) const {
    const Tensor read = Read(tensor);
    const std::span<const float> values = read.values<float>();
    std::vector<double> numbers(values.begin(), values.end());
    if (numbers.size() == 1) numbers.resize(channels, numbers[0]);
    return numbers;
  }

  void Put(const std::string& layer, const char* role, std::span<const float> values) {
    tensors.emplace(layer + "/" + role, Tensor::FromFloats({static_cast<int64_t>(values.size())}, values));
  }

  // The normalisation as it is, with our epsilon; a gamma that ours has not goes into the kernel, a bias that ours has
  // not into the mean.
  void TakeNorm(const StepLayers& ours, const OnnxWeights& theirs, Tensor* kernel) {
    const Affine& affine = theirs.affines[0];
    Tensor gamma = Read(affine.operands[0]), mean = Read(affine.operands[2]);
    const Tensor beta = Read(affine.operands[1]), variance = Read(affine.operands[3]);
    ChangeEpsilon(EpsilonOf(affine), ours.norm->epsilon, variance, &gamma);
    const std::span<float> means = mean.values<float>();
    const Tensor bias = theirs.bias == nullptr ? Tensor(mean.shape()) : Read(theirs.bias);
    if (ours.bias) {
      Put(ours.layer->name, "bias", bias.values<float>());
    } else {
      std::ranges::transform(means, bias.values<float>(), means.begin(), std::minus<>());
    }
    if (ours.norm->scale) {
      Put(ours.norm->name, "gamma", gamma.values<float>());
    } else {
      FoldGamma(gamma, kernel, &mean);
    }
    Put(ours.norm->name, "beta", beta.values<float>());
    Put(ours.norm->name, "moving_mean", means);
    Put(ours.norm->name, "moving_variance", variance.values<float>());
  }

  // All that scales goes into the kernel, all that shifts becomes beta or bias: in double precision, rounded once.
  void Fold(const StepLayers& ours, const OnnxWeights& theirs, size_t channels, Tensor* kernel) {
    std::vector<double> scale(channels, 1), shift(channels, 0);
    if (theirs.bias != nullptr) shift = ReadChannels(theirs.bias, channels);
    for (const Affine& affine : theirs.affines) Apply(affine, &scale, &shift);
    const std::span<float> values = kernel->values<float>();
    for (size_t i = 0; i < values.size(); ++i) {
      values[i] = static_cast<float>(values[i] * (scale[i % channels] / ours.factor));
    }
    std::vector<float> rest;
    for (const double value : shift) rest.push_back(static_cast<float>(value / ours.factor));
    if (ours.norm != nullptr) {
      PutIdentity(*ours.norm, rest);
      std::ranges::fill(rest, 0.0f);
      ++num_folded;
    }
    if (ours.bias) {
      Put(ours.layer->name, "bias", rest);
    } else if (std::ranges::any_of(rest, [](float value) { return value != 0; })) {
      Fail(ErrorKind::kModel, "{}: has a bias in {}, which has none in the network asked for", where_,
           ours.layer->name);
    }
  }

  void Apply(const Affine& affine, std::vector<double>* scale, std::vector<double>* shift) const {
    const std::string_view op = affine.node->op;
    const size_t channels = scale->size();
    std::array<std::vector<double>, 4> operands;
    for (size_t i = 0; i < operands.size(); ++i) {
      if (affine.operands[i] != nullptr) operands[i] = ReadChannels(affine.operands[i], channels);
    }
    for (size_t c = 0; c < channels; ++c) {
      const double operand = operands[0][c];
      const bool sum = op == "Add" || op == "Sub";
      double factor = sum           ? 1
                      : op == "Div" ? 1 / operand
                                    : operand,
             offset = op == "Add"   ? operand
                      : op == "Sub" ? -operand
                                    : 0;
      if (affine.is_norm()) {
        factor = operand / std::sqrt(operands[3][c] + double{EpsilonOf(affine)});
        offset = operands[1][c] - operands[2][c] * factor;
      }
      (*scale)[c] *= factor;
      (*shift)[c] = (*shift)[c] * factor + offset;
    }
  }

  static float EpsilonOf(const Affine& norm) { return norm.node->Float("epsilon", 1e-5f); }

  // x + beta. In double precision, the root of variance and epsilon is 1 to half an ulp of a float's product with it,
  // so that folding it changes no bit of the kernel.
  void PutIdentity(const Layer& norm, std::span<const float> beta) {
    if (norm.scale) Put(norm.name, "gamma", std::vector<float>(beta.size(), 1.0f));
    Put(norm.name, "beta", beta);
    Put(norm.name, "moving_mean", std::vector<float>(beta.size(), 0.0f));
    Put(norm.name, "moving_variance", std::vector<float>(beta.size(), 1 - norm.epsilon));
  }

  std::string_view where_;
};

bool AllPadAlike(const std::vector<Step>& ours, const std::vector<Step>& theirs, const StepMatch& match, bool rows) {
  for (size_t i = 0; i < ours.size(); ++i) {
    if (match.theirs[i] >= 0 && !PadAlike(ours, theirs, i, static_cast<size_t>(match.theirs[i]), rows)) return false;
  }
  return true;
}

// An image size at which our network pads as the file does, the one asked for if possible; kModel if there is none.
FeatureShape SizeOfPaddings(const std::vector<Step>& theirs, const StepMatch& match, const GraphBuilder& build,
                            std::string_view where) {
  FeatureShape found;
  for (int more = 0; more < kPaddingPeriod && (found.h == 0 || found.w == 0); ++more) {
    const Graph graph = build(more);
    const std::vector<Step> ours = StepsOf(graph).steps;
    const FeatureShape& size = graph.layers().front().output;
    if (found.h == 0 && AllPadAlike(ours, theirs, match, /*rows=*/true)) found.h = size.h;
    if (found.w == 0 && AllPadAlike(ours, theirs, match, /*rows=*/false)) found.w = size.w;
  }
  if (found.h == 0 || found.w == 0) {
    Fail(ErrorKind::kModel,
         "{}: has the layers of the network asked for, but pads images and activations otherwise, whatever their size; "
         "it computes something else",
         where);
  }
  return found;
}

// What the user has to know; empty: nothing.
std::string NoteOf(bool folded, bool scales_pixels, const FeatureShape& asked, const FeatureShape& padded_for) {
  std::string note;
  if (folded) {
    note +=
        "; batch normalisation was folded into its convolutions: outputs are the same and fine-tuning works, but with "
        "--train-bn it starts from statistics that are not those of the data";
  }
  if (padded_for.h != asked.h || padded_for.w != asked.w) {
    note += fmt::format(
        "; it pads as this network does for images of {}x{}, or a multiple of 32 more, not of {}x{}: unless it was "
        "made "
        "with Keras or TensorFlow, its outputs are the same at such sizes only",
        padded_for.h, padded_for.w, asked.h, asked.w);
  }
  if (scales_pixels) {
    note += "; what it does to the pixels in front of the network is left out: Siskin scales them as the network wants";
  }
  return note.empty() ? "" : note.substr(2);
}

}  // namespace

TensorMap TakeByStructure(std::string_view bytes, std::string_view where, const GraphBuilder& build,
                          std::string* note) {
  const OnnxFile file = ParseOnnx(bytes, where);
  const OnnxSteps theirs(file, where);
  const Graph graph = build(0);
  const NetworkSteps ours = StepsOf(graph);
  const StepMatch match = MatchSteps(ours.steps, theirs.steps);
  if (match.missing >= 0) {
    Fail(ErrorKind::kModel,
         "{}: is not the network asked for: it lacks {}, or has other layers in front of it; is this "
         "another network's file, or one with other strides?",
         where, ours.NameOf(match.missing));
  }
  if (match.ambiguous >= 0) {
    Fail(ErrorKind::kModel, "{}: has the network in it twice, or parts of it: {}; which one is meant cannot be known",
         where, ours.NameOf(match.ambiguous));
  }
  const FeatureShape size = graph.layers().front().output, pads = SizeOfPaddings(theirs.steps, match, build, where);
  WeightTaker taker(where);
  for (size_t i = 0; i < ours.steps.size(); ++i) {
    if (ours.layers[i].layer == nullptr) continue;
    taker.Take(ours.steps[i], ours.layers[i], theirs.weights[static_cast<size_t>(match.theirs[i])]);
  }
  *note = NoteOf(taker.num_folded > 0, theirs.scales_pixels, size, pads);
  if (!note->empty()) *note = fmt::format("{}: {}", where, *note);
  return std::move(taker.tensors);
}

}  // namespace siskin
