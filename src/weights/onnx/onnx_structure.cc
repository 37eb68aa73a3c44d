#include "weights/onnx/onnx_structure.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <functional>
#include <utility>
#include <vector>

#include "base/error.h"
#include "weights/match/batch_norm.h"
#include "weights/match/channels_first.h"
#include "weights/match/structure.h"
#include "weights/onnx/onnx_file.h"
#include "weights/onnx/onnx_steps.h"

namespace siskin {
namespace {

constexpr int kPaddingPeriod = 32;  // pixels: our networks halve the image five times

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
  Tensor Read(const OnnxTensor* tensor) const {
    return ReadOnnxTensor(tensor->name, *tensor, kMaxOnnxKernelBytes, where_);
  }

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
    const OnnxAffine& affine = theirs.affines[0];
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
    for (const OnnxAffine& affine : theirs.affines) Apply(affine, &scale, &shift);
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

  void Apply(const OnnxAffine& affine, std::vector<double>* scale, std::vector<double>* shift) const {
    const std::string_view op = affine.node->op;
    const size_t channels = scale->size();
    std::array<std::vector<double>, 4> operands;
    for (size_t i = 0; i < operands.size(); ++i) {
      if (affine.operands[i] != nullptr) operands[i] = ReadChannels(affine.operands[i], channels);
    }
    const double epsilon = affine.is_norm() ? EpsilonOf(affine) : 0;
    for (size_t c = 0; c < channels; ++c) {
      const double operand = operands[0][c];
      double factor = 1, offset = 0;
      if (op == "Add") {
        offset = operand;
      } else if (op == "Sub") {
        offset = -operand;
      } else if (op == "Mul") {
        factor = operand;
      } else if (op == "Div") {
        factor = 1 / operand;
      } else {  // BatchNormalization
        factor = operand / std::sqrt(operands[3][c] + epsilon);
        offset = operands[1][c] - operands[2][c] * factor;
      }
      (*scale)[c] *= factor;
      (*shift)[c] = (*shift)[c] * factor + offset;
    }
  }

  static float EpsilonOf(const OnnxAffine& norm) { return norm.node->Float("epsilon", 1e-5f); }

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
        "made with Keras or TensorFlow, its outputs are the same at such sizes only",
        padded_for.h, padded_for.w, asked.h, asked.w);
  }
  if (scales_pixels) {
    note += "; what it does to the pixels before the network is left out: Siskin scales them as the network wants";
  }
  return note.empty() ? "" : note.substr(2);
}

}  // namespace

TensorMap TakeByStructure(std::string_view bytes, std::string_view where, const GraphBuilder& build,
                          std::string* note) {
  const OnnxFile file = ParseOnnx(bytes, where);
  const OnnxSteps theirs = StepsOfOnnx(file, where);
  const Graph graph = build(0);
  const NetworkSteps ours = StepsOf(graph);
  const StepMatch match = MatchSteps(ours.steps, theirs.steps);
  if (match.missing >= 0) {
    Fail(ErrorKind::kModel,
         "{}: is not the network asked for: it lacks {}, or has other layers before it; is this "
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
