#include "weights/match/structure.h"

#include <algorithm>
#include <map>
#include <utility>

#include "base/error.h"

namespace siskin {
namespace {

bool IsPool(LayerKind kind) {
  return kind == LayerKind::kMaxPool || kind == LayerKind::kAveragePool;
}

// Layer by layer; padding waits for the window after it.
class GraphReader {
 public:
  explicit GraphReader(const Graph& graph) : graph_(graph) {}

  NetworkSteps Read() {
    for (const Layer& layer : graph_.layers()) values_.push_back(Translate(layer));
    return std::move(result_);
  }

 private:
  // Of a layer: the step that computes it, and the zeros around that.
  struct Value {
    int step = -1;
    Padding zeros = {};
  };

  Value Translate(const Layer& layer) {
    switch (layer.kind) {
      case LayerKind::kZeroPad:
        return {Input(layer).step, layer.window.padding};
      case LayerKind::kDropout:
        return Input(layer);
      case LayerKind::kBatchNorm:
        return Normalise(layer);
      case LayerKind::kSeparableConv2D:
        return Separable(layer);
      case LayerKind::kConv2D:
      case LayerKind::kDense:
        return Append(StepFor(layer), {.layer = &layer, .kernel = "kernel", .bias = layer.use_bias});
      case LayerKind::kDepthwiseConv2D:
        return Append(StepFor(layer), {.layer = &layer, .kernel = "depthwise_kernel", .bias = layer.use_bias});
      case LayerKind::kAdd:
        return Add(layer);
      case LayerKind::kConcat:
        return Concat(layer);
      default:
        return Append(StepFor(layer), {});
    }
  }

  const Value& Input(const Layer& layer, size_t i = 0) const {
    return values_[static_cast<size_t>(layer.inputs[i].index)];
  }
  size_t StepOfInput(const Layer& layer, size_t i) const { return static_cast<size_t>(Input(layer, i).step); }

  Step StepFor(const Layer& layer) const {
    Step step;
    step.kind = layer.kind;
    step.activation = layer.activation;
    step.window = layer.window;
    step.out = layer.output.c;
    for (size_t i = 0; i < layer.inputs.size(); ++i) step.inputs.push_back(Input(layer, i).step);
    if (layer.inputs.empty()) return step;
    step.image = graph_.shape(layer.inputs[0]);
    step.in = step.image.c;
    step.zeros = Input(layer).zeros;
    step.image.h -= step.zeros.top + step.zeros.bottom;
    step.image.w -= step.zeros.left + step.zeros.right;
    return step;
  }

  Value Append(Step step, StepLayers layers) {
    result_.steps.push_back(std::move(step));
    result_.layers.push_back(layers);
    return {static_cast<int>(result_.steps.size()) - 1};
  }

  Value Add(const Layer& layer) {
    StepLayers& residual = result_.layers[StepOfInput(layer, 1)];
    if (residual.layer == nullptr && layer.residual_scale != 1) {
      Fail(ErrorKind::kInternal, "{}: scales what is no convolution", layer.name);
    }
    residual.factor = layer.residual_scale;
    return Append(StepFor(layer), {});
  }

  Value Normalise(const Layer& layer) {
    StepLayers& convolution = result_.layers[StepOfInput(layer, 0)];
    if (convolution.layer == nullptr || convolution.norm != nullptr) {
      Fail(ErrorKind::kInternal, "{}: has no convolution in front", layer.name);
    }
    convolution.norm = &layer;
    return Input(layer);
  }

  Value Separable(const Layer& layer) {
    Step depthwise = StepFor(layer), pointwise;
    depthwise.kind = LayerKind::kDepthwiseConv2D;
    depthwise.out = depthwise.in;
    pointwise.kind = LayerKind::kConv2D;
    pointwise.in = depthwise.in;
    pointwise.out = layer.output.c;
    pointwise.inputs = {Append(std::move(depthwise), {.layer = &layer, .kernel = "depthwise_kernel"}).step};
    return Append(std::move(pointwise), {.layer = &layer, .kernel = "pointwise_kernel", .bias = layer.use_bias});
  }

  Value Concat(const Layer& layer) {
    Step whole = StepFor(layer);
    for (const int input : std::exchange(whole.inputs, {})) AddPart(result_.steps, input, &whole);
    return Append(std::move(whole), {});
  }

  const Graph& graph_;
  NetworkSteps result_;
  std::vector<Value> values_;  // by layer
};

// Gives the same number to the same computation: a step on inputs of the same numbers.
class Numbering {
 public:
  std::vector<int> Of(const std::vector<Step>& steps) {
    std::vector<int> numbers;
    for (const Step& step : steps) {
      std::vector<int> inputs;
      for (const int input : step.inputs) inputs.push_back(numbers[static_cast<size_t>(input)]);
      if (step.kind == LayerKind::kAdd) std::ranges::sort(inputs);
      const auto next = static_cast<int>(known_.size());
      numbers.push_back(known_.try_emplace({Describe(step), std::move(inputs)}, next).first->second);
    }
    return numbers;
  }

 private:
  std::map<std::pair<std::string, std::vector<int>>, int> known_;
};

// A file may end before it: it has no weights, and what is before it says which network this is.
bool MayBeMissing(LayerKind kind) {
  return kind == LayerKind::kSoftmax || kind == LayerKind::kGlobalAveragePool || kind == LayerKind::kGlobalMaxPool;
}

// Walks both graphs from the result to the input, in lock step.
class LockStep {
 public:
  LockStep(const std::vector<Step>& ours, const std::vector<Step>& theirs)
      : ours_(ours), theirs_(theirs), our_numbers_(numbering_.Of(ours)), their_numbers_(numbering_.Of(theirs)) {}

  StepMatch Match() {
    size_t end = ours_.size() - 1;
    while (MayBeMissing(ours_[end].kind)) end = static_cast<size_t>(ours_[end].inputs[0]);
    std::vector<int> ends;
    for (size_t i = 0; i < theirs_.size(); ++i) {
      if (their_numbers_[i] == our_numbers_[end] && !theirs_[i].scaled_on) ends.push_back(static_cast<int>(i));
    }
    if (ends.empty()) return {.theirs = {}, .missing = FirstMissing()};
    if (ends.size() > 1) return {.theirs = {}, .ambiguous = static_cast<int>(end)};
    result_.theirs.assign(ours_.size(), -1);
    Pair(static_cast<int>(end), ends[0]);
    while (!pending_.empty() && result_.ambiguous < 0) {
      const int step = pending_.back();
      pending_.pop_back();
      PairInputs(static_cast<size_t>(step));
    }
    if (result_.ambiguous >= 0) result_.theirs.clear();
    return std::move(result_);
  }

 private:
  int FirstMissing() const {
    size_t i = 0;
    while (i + 1 < ours_.size() && std::ranges::find(their_numbers_, our_numbers_[i]) != their_numbers_.end()) ++i;
    return static_cast<int>(i);
  }

  int OurNumber(int step) const { return our_numbers_[static_cast<size_t>(step)]; }
  int TheirNumber(int step) const { return their_numbers_[static_cast<size_t>(step)]; }

  void Pair(int our, int their) {
    int& paired = result_.theirs[static_cast<size_t>(our)];
    if (paired >= 0 && paired != their) result_.ambiguous = our;
    if (paired < 0) pending_.push_back(our);
    paired = their;
  }

  // Their numbers are the same, so the inputs' are: of a sum perhaps in the other order.
  void PairInputs(size_t step) {
    const std::vector<int>& ours = ours_[step].inputs;
    std::vector<int> theirs = theirs_[static_cast<size_t>(result_.theirs[step])].inputs;
    if (ours_[step].kind == LayerKind::kAdd) {
      if (OurNumber(ours[0]) == OurNumber(ours[1])) result_.ambiguous = static_cast<int>(step);
      if (OurNumber(ours[0]) != TheirNumber(theirs[0])) std::swap(theirs[0], theirs[1]);
    }
    for (size_t i = 0; i < ours.size(); ++i) Pair(ours[i], theirs[i]);
  }

  const std::vector<Step>&ours_, &theirs_;
  Numbering numbering_;
  std::vector<int> our_numbers_, their_numbers_;
  std::vector<int> pending_;  // our steps, paired, whose inputs are not yet
  StepMatch result_;
};

// Padding in front and behind, along one axis: zeros that a layer of its own adds, and the window's.
struct AxisPadding {
  int zeros_front, zeros_behind, front, behind;
  bool SameSums(const AxisPadding& other) const {
    return zeros_front + front == other.zeros_front + other.front &&
           zeros_behind + behind == other.zeros_behind + other.behind;
  }
  bool operator==(const AxisPadding&) const = default;
};

AxisPadding PaddingOf(const Step& step, const FeatureShape& image, bool rows) {
  const Padding& zeros = step.zeros;
  const WindowParams& w = step.window;
  const Padding own = step.same ? SamePadding(image.h + zeros.top + zeros.bottom, image.w + zeros.left + zeros.right,
                                              w.kernel_h, w.kernel_w, w.stride_h, w.stride_w)
                                : w.padding;
  return rows ? AxisPadding{zeros.top, zeros.bottom, own.top, own.bottom}
              : AxisPadding{zeros.left, zeros.right, own.left, own.right};
}

}  // namespace

std::string Describe(const Step& step) {
  const WindowParams& w = step.window;
  std::string window = fmt::format("{}x{}", w.kernel_h, w.kernel_w), stride = fmt::format("stride {}", w.stride_h);
  if (w.stride_w != w.stride_h) stride += fmt::format("x{}", w.stride_w);
  switch (step.kind) {
    case LayerKind::kInput:
      return "input";
    case LayerKind::kConv2D:
      return fmt::format("{} convolution, {}, {} to {} channels", window, stride, step.in, step.out);
    case LayerKind::kDepthwiseConv2D:
      return fmt::format("{} depthwise convolution, {}, {} channels", window, stride, step.out);
    case LayerKind::kDense:
      return fmt::format("matrix, {} to {}", step.in, step.out);
    case LayerKind::kActivation:
      return step.activation == Activation::kRelu6 ? "ReLU6" : "ReLU";
    case LayerKind::kMaxPool:
      return fmt::format("{} maximum, {}", window, stride);
    case LayerKind::kAveragePool:
      return fmt::format("{} average, {}", window, stride);
    case LayerKind::kGlobalAveragePool:
      return "global average";
    case LayerKind::kGlobalMaxPool:
      return "global maximum";
    case LayerKind::kAdd:
      return "sum";
    case LayerKind::kConcat:
      return "concatenation";
    case LayerKind::kSoftmax:
      return "softmax";
    case LayerKind::kSigmoid:
      return "sigmoid";
    default:
      Fail(ErrorKind::kInternal, "this kind of layer is no step of a network");
  }
}

std::string NetworkSteps::NameOf(int step) const {
  int at = step;  // the first with weights on the way to the input
  while (layers[static_cast<size_t>(at)].layer == nullptr && !steps[static_cast<size_t>(at)].inputs.empty()) {
    at = steps[static_cast<size_t>(at)].inputs[0];
  }
  const std::string what = Describe(steps[static_cast<size_t>(step)]);
  const Layer* layer = layers[static_cast<size_t>(at)].layer;
  if (layer == nullptr) return "the " + what;
  return at == step ? fmt::format("{} ({})", layer->name, what) : fmt::format("the {} after {}", what, layer->name);
}

void AddPart(const std::vector<Step>& steps, int input, Step* concatenation) {
  const Step& part = steps[static_cast<size_t>(input)];
  if (part.kind == LayerKind::kConcat) {
    concatenation->inputs.insert(concatenation->inputs.end(), part.inputs.begin(), part.inputs.end());
  } else {
    concatenation->inputs.push_back(input);
  }
}

NetworkSteps StepsOf(const Graph& graph) {
  return GraphReader(graph).Read();
}

StepMatch MatchSteps(const std::vector<Step>& ours, const std::vector<Step>& theirs) {
  return LockStep(ours, theirs).Match();
}

bool PadAlike(const std::vector<Step>& ours, const std::vector<Step>& theirs, size_t our_step, size_t their_step,
              bool rows) {
  const Step& step = ours[our_step];
  const bool convolution = step.kind == LayerKind::kConv2D || step.kind == LayerKind::kDepthwiseConv2D;
  if (!convolution && !IsPool(step.kind)) return true;
  const AxisPadding our = PaddingOf(step, step.image, rows), their = PaddingOf(theirs[their_step], step.image, rows);
  const bool not_negative = ours[static_cast<size_t>(step.inputs[0])].kind == LayerKind::kActivation;
  return convolution || (step.kind == LayerKind::kMaxPool && not_negative) ? our.SameSums(their) : our == their;
}

}  // namespace siskin
