#include "graph/testing_training_interpreter.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>

#include "base/error.h"

namespace siskin::testing {
namespace {

size_t Count(const FeatureShape& shape, int n) {
  return static_cast<size_t>(n) * static_cast<size_t>(shape.h) * static_cast<size_t>(shape.w) *
         static_cast<size_t>(shape.c);
}

// Of the first channel of a pixel.
size_t At(const FeatureShape& shape, int image, int y, int x) {
  return ((static_cast<size_t>(image) * static_cast<size_t>(shape.h) + static_cast<size_t>(y)) *
              static_cast<size_t>(shape.w) +
          static_cast<size_t>(x)) *
         static_cast<size_t>(shape.c);
}

template <class Visit>
void ForEachPixel(const FeatureShape& shape, int n, const Visit& visit) {
  for (int image = 0; image < n; ++image) {
    for (int y = 0; y < shape.h; ++y) {
      for (int x = 0; x < shape.w; ++x) visit(image, y, x);
    }
  }
}

// Calls visit(tap, pixel) for the places of the window of (oy, ox) that lie inside the image; pixel: as At.
template <class Visit>
void ForEachTap(const WindowParams& window, const FeatureShape& in, int image, int oy, int ox, const Visit& visit) {
  for (int ky = 0; ky < window.kernel_h; ++ky) {
    for (int kx = 0; kx < window.kernel_w; ++kx) {
      const int y = oy * window.stride_h - window.padding.top + ky;
      const int x = ox * window.stride_w - window.padding.left + kx;
      if (y < 0 || y >= in.h || x < 0 || x >= in.w) continue;
      visit(static_cast<size_t>(ky * window.kernel_w + kx), At(in, image, y, x));
    }
  }
}

}  // namespace

TrainingInterpreter::TrainingInterpreter(const Graph& graph, bool batch_statistics)
    : graph_(graph), batch_statistics_(batch_statistics) {
  size_t num_parameters = 0, num_statistics = 0;
  for (const LayerLayout& layer : graph.Layout()) {
    for (const ParameterSpec& spec : layer.parameters) {
      const bool moves = spec.name.find("/moving_") != std::string::npos;
      size_t& offset = moves ? num_statistics : num_parameters;
      (moves ? statistic_names_ : parameter_names_).push_back(spec.name);
      offset_of_[spec.name] = offset;
      offset += static_cast<size_t>(spec.shape.num_elements());
    }
  }
}

std::vector<double> TrainingInterpreter::Forward(std::span<const double> parameters, std::span<double> statistics,
                                                 std::span<const float> input, int n) {
  n_ = n;
  parameters_ = parameters;
  statistics_ = statistics;
  pattern_ = 14695981039346656037u;  // FNV-1a
  margin_ = std::numeric_limits<double>::infinity();
  values_.assign(graph_.layers().size(), {});
  values_[0].assign(input.begin(), input.end());
  for (size_t i = 1; i < values_.size(); ++i) {
    const Layer& layer = graph_.layers()[i];
    values_[i].assign(Count(layer.output, n), 0.0);
    Compute(layer, &values_[i]);
  }
  return values_.back();
}

void TrainingInterpreter::Compute(const Layer& layer, Values* y) {
  const Values& x = InputOf(layer);
  const FeatureShape in = ShapeOf(layer);
  const WindowParams whole{.kernel_h = in.h, .kernel_w = in.w};
  switch (layer.kind) {
    case LayerKind::kConv2D:
      Convolve(layer, x, "kernel", false, in, layer.output, layer.window, y);
      return AddBias(layer, y);
    case LayerKind::kDense:
      Convolve(layer, x, "kernel", false, in, layer.output, WindowParams{}, y);
      return AddBias(layer, y);
    case LayerKind::kDepthwiseConv2D:
      Convolve(layer, x, "depthwise_kernel", true, in, layer.output, layer.window, y);
      return AddBias(layer, y);
    case LayerKind::kSeparableConv2D:
      return Separable(layer, x, y);
    case LayerKind::kBatchNorm:
      return BatchNorm(layer, x, y);
    case LayerKind::kActivation:
      return Activate(layer, x, y);
    case LayerKind::kMaxPool:
      return Pool(layer, layer.window, true, x, y);
    case LayerKind::kAveragePool:
      return Pool(layer, layer.window, false, x, y);
    case LayerKind::kGlobalMaxPool:
      return Pool(layer, whole, true, x, y);
    case LayerKind::kGlobalAveragePool:
      return Pool(layer, whole, false, x, y);
    case LayerKind::kAdd:
      std::ranges::transform(x, InputOf(layer, 1), y->begin(),
                             [&](double a, double b) { return a + static_cast<double>(layer.residual_scale) * b; });
      return;
    case LayerKind::kConcat:
      return Concat(layer, y);
    case LayerKind::kZeroPad:
      return ZeroPad(layer, x, y);
    case LayerKind::kDropout:
      *y = x;
      return;
    default:
      Fail(ErrorKind::kInternal, "{}: no layer of a training", layer.name);
  }
}

void TrainingInterpreter::Convolve(const Layer& layer, const Values& x, const char* role, bool depthwise,
                                   const FeatureShape& in, const FeatureShape& out, const WindowParams& window,
                                   Values* y) const {
  const double* filter = Parameter(layer, role);
  const auto cin = static_cast<size_t>(in.c), cout = static_cast<size_t>(out.c);
  ForEachPixel(out, n_, [&](int image, int oy, int ox) {
    double* to = y->data() + At(out, image, oy, ox);
    ForEachTap(window, in, image, oy, ox, [&](size_t tap, size_t pixel) {
      const double* from = x.data() + pixel;
      if (depthwise) {
        for (size_t c = 0; c < cin; ++c) to[c] += from[c] * filter[tap * cin + c];
        return;
      }
      for (size_t k = 0; k < cin; ++k) {
        const double* row = filter + (tap * cin + k) * cout;
        for (size_t c = 0; c < cout; ++c) to[c] += from[k] * row[c];
      }
    });
  });
}

void TrainingInterpreter::AddBias(const Layer& layer, Values* y) const {
  if (!layer.use_bias) return;
  const double* bias = Parameter(layer, "bias");
  const auto channels = static_cast<size_t>(layer.output.c);
  for (size_t i = 0; i < y->size(); ++i) (*y)[i] += bias[i % channels];
}

void TrainingInterpreter::Separable(const Layer& layer, const Values& x, Values* y) const {
  FeatureShape between = layer.output;
  between.c = ShapeOf(layer).c;
  Values depthwise(Count(between, n_), 0.0);
  Convolve(layer, x, "depthwise_kernel", true, ShapeOf(layer), between, layer.window, &depthwise);
  Convolve(layer, depthwise, "pointwise_kernel", false, between, layer.output, WindowParams{}, y);
  AddBias(layer, y);
}

void TrainingInterpreter::BatchNorm(const Layer& layer, const Values& x, Values* y) {
  const auto channels = static_cast<size_t>(layer.output.c);
  const size_t pixels = x.size() / channels;
  double* moving_mean = statistics_.data() + offset_of_.at(layer.name + "/moving_mean");
  double* moving_variance = statistics_.data() + offset_of_.at(layer.name + "/moving_variance");
  for (size_t c = 0; c < channels; ++c) {
    double mean = moving_mean[c], variance = moving_variance[c];
    if (batch_statistics_) {
      double sum = 0, squares = 0;
      for (size_t p = 0; p < pixels; ++p) sum += x[p * channels + c];
      mean = sum / static_cast<double>(pixels);
      for (size_t p = 0; p < pixels; ++p) squares += (x[p * channels + c] - mean) * (x[p * channels + c] - mean);
      variance = squares / static_cast<double>(pixels);
      const double keep = layer.momentum;
      moving_mean[c] = keep * moving_mean[c] + (1 - keep) * mean;
      moving_variance[c] = keep * moving_variance[c] + (1 - keep) * variance;
    }
    const double gamma = layer.scale ? Parameter(layer, "gamma")[c] : 1.0, beta = Parameter(layer, "beta")[c];
    const double deviation = std::sqrt(variance + static_cast<double>(layer.epsilon));
    for (size_t p = 0; p < pixels; ++p) {
      (*y)[p * channels + c] = gamma * (x[p * channels + c] - mean) / deviation + beta;
    }
  }
}

void TrainingInterpreter::Activate(const Layer& layer, const Values& x, Values* y) {
  const double high = layer.activation == Activation::kRelu6 ? 6.0 : std::numeric_limits<double>::infinity();
  const bool clamps = layer.activation != Activation::kNone;
  for (size_t i = 0; i < x.size(); ++i) {
    (*y)[i] = clamps ? std::clamp(x[i], 0.0, high) : x[i];
    if (!clamps) continue;
    NoteDistance(x[i]);
    NoteDistance(high - x[i]);
    Note(x[i] <= 0 ? 0 : (x[i] >= high ? 2 : 1));
  }
}

void TrainingInterpreter::Pool(const Layer& layer, const WindowParams& window, bool largest, const Values& x,
                               Values* y) {
  const FeatureShape in = ShapeOf(layer), &out = layer.output;
  ForEachPixel(out, n_, [&](int image, int oy, int ox) {
    for (size_t c = 0; c < static_cast<size_t>(out.c); ++c) {
      double sum = 0, best = -std::numeric_limits<double>::infinity(), second = best;
      size_t count = 0, place = 0;
      ForEachTap(window, in, image, oy, ox, [&](size_t tap, size_t pixel) {
        const double value = x[pixel + c];
        sum += value;
        ++count;
        if (value > best) {
          second = best;
          best = value;
          place = tap;
        } else {
          second = std::max(second, value);
        }
      });
      (*y)[At(out, image, oy, ox) + c] = largest ? best : sum / static_cast<double>(count);
      if (!largest) continue;
      if (count > 1) NoteDistance(best - second);
      Note(place);
    }
  });
}

void TrainingInterpreter::Concat(const Layer& layer, Values* y) const {
  size_t first = 0;
  const auto channels = static_cast<size_t>(layer.output.c);
  for (size_t i = 0; i < layer.inputs.size(); ++i) {
    const auto part = static_cast<size_t>(graph_.shape(layer.inputs[i]).c);
    const Values& x = InputOf(layer, i);
    for (size_t j = 0; j < x.size(); ++j) (*y)[j / part * channels + first + j % part] = x[j];
    first += part;
  }
}

void TrainingInterpreter::ZeroPad(const Layer& layer, const Values& x, Values* y) const {
  const FeatureShape in = ShapeOf(layer);
  const Padding& padding = layer.window.padding;
  ForEachPixel(in, n_, [&](int image, int row, int column) {
    std::copy_n(x.data() + At(in, image, row, column), in.c,
                y->data() + At(layer.output, image, row + padding.top, column + padding.left));
  });
}

const TrainingInterpreter::Values& TrainingInterpreter::InputOf(const Layer& layer, size_t i) const {
  return values_[static_cast<size_t>(layer.inputs[i].index)];
}

const double* TrainingInterpreter::Parameter(const Layer& layer, const char* role) const {
  return parameters_.data() + offset_of_.at(layer.name + "/" + role);
}

void TrainingInterpreter::Note(uint64_t side) {
  pattern_ = (pattern_ ^ side) * 1099511628211u;
}

void TrainingInterpreter::NoteDistance(double value) {
  if (value != 0) margin_ = std::min(margin_, std::abs(value));
}

}  // namespace siskin::testing
