#include "kernels/reference/reference.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace siskin::reference {
namespace {

// NaN stays NaN: every comparison with it is false.
double Activated(double x, Activation activation) {
  switch (activation) {
    case Activation::kNone:
      return x;
    case Activation::kRelu:
      return x < 0 ? 0 : x;
    case Activation::kRelu6:
      return x < 0 ? 0 : (x > 6 ? 6 : x);
  }
  return x;
}

bool Passes(double y, Activation activation) {
  return activation == Activation::kNone || (y > 0 && (activation == Activation::kRelu || y < 6));
}

double Max(double a, double b) {
  return (std::isnan(a) || a > b) ? a : b;
}

double Finish(double sum, const Epilogue& epilogue, int image, int y, int x, int channel) {
  if (epilogue.bias != nullptr) sum += epilogue.bias[channel];
  if (epilogue.residual.data != nullptr) sum += epilogue.residual.pixel(image, y, x)[channel];
  return Activated(sum, epilogue.activation);
}

// y(image, oy, ox, channel) = value(image, oy, ox, channel) for every element.
template <typename Value>
void ForEachElement(View y, const Value& value) {
  for (int image = 0; image < y.n; ++image) {
    for (int oy = 0; oy < y.h; ++oy) {
      for (int ox = 0; ox < y.w; ++ox) {
        for (int c = 0; c < y.c; ++c) y.pixel(image, oy, ox)[c] = static_cast<float>(value(image, oy, ox, c));
      }
    }
  }
}

template <typename Visit>
void ForEachPixel(ConstView y, const Visit& visit) {
  for (int image = 0; image < y.n; ++image) {
    for (int oy = 0; oy < y.h; ++oy) {
      for (int ox = 0; ox < y.w; ++ox) visit(image, oy, ox);
    }
  }
}

// sums: [N, H, W, C] of y
void CopySums(const std::vector<double>& sums, View y) {
  ForEachElement(y, [&](int image, int oy, int ox, int c) {
    return sums[((static_cast<size_t>(image) * y.h + oy) * y.w + ox) * y.c + c];
  });
}

// Calls visit(ky, kx, iy, ix) for the taps of the window at (oy, ox) that lie inside the image.
template <typename Visit>
void ForEachTap(const WindowParams& params, ConstView x, int oy, int ox, const Visit& visit) {
  for (int ky = 0; ky < params.kernel_h; ++ky) {
    for (int kx = 0; kx < params.kernel_w; ++kx) {
      const int iy = oy * params.stride_h - params.padding.top + ky;
      const int ix = ox * params.stride_w - params.padding.left + kx;
      if (iy >= 0 && iy < x.h && ix >= 0 && ix < x.w) visit(ky, kx, iy, ix);
    }
  }
}

WindowParams WholeImage(ConstView x) {
  return {.kernel_h = x.h, .kernel_w = x.w, .padding = {}};
}

}  // namespace

void MatMul(ConstView x, const float* b, const Epilogue& epilogue, View y) {
  ForEachElement(y, [&](int image, int oy, int ox, int c) {
    double sum = 0;
    for (int k = 0; k < x.c; ++k) {
      sum += static_cast<double>(x.pixel(image, oy, ox)[k]) * b[static_cast<size_t>(k) * y.c + c];
    }
    return Finish(sum, epilogue, image, oy, ox, c);
  });
}

void Conv2D(const WindowParams& params, ConstView x, const float* filter, const Epilogue& epilogue, View y) {
  ForEachElement(y, [&](int image, int oy, int ox, int c) {
    double sum = 0;
    ForEachTap(params, x, oy, ox, [&](int ky, int kx, int iy, int ix) {
      const float* taps = filter + (static_cast<size_t>(ky) * params.kernel_w + kx) * x.c * y.c;
      for (int k = 0; k < x.c; ++k) {
        sum += static_cast<double>(x.pixel(image, iy, ix)[k]) * taps[static_cast<size_t>(k) * y.c + c];
      }
    });
    return Finish(sum, epilogue, image, oy, ox, c);
  });
}

void DepthwiseConv2D(const WindowParams& params, ConstView x, const float* filter, bool relu_input,
                     const Epilogue& epilogue, View y) {
  ForEachElement(y, [&](int image, int oy, int ox, int c) {
    double sum = 0;
    ForEachTap(params, x, oy, ox, [&](int ky, int kx, int iy, int ix) {
      const double value = x.pixel(image, iy, ix)[c];
      sum += Activated(value, relu_input ? Activation::kRelu : Activation::kNone) *
             filter[(static_cast<size_t>(ky) * params.kernel_w + kx) * x.c + c];
    });
    return Finish(sum, epilogue, image, oy, ox, c);
  });
}

void MaxPool(const WindowParams& params, ConstView x, View y) {
  ForEachElement(y, [&](int image, int oy, int ox, int c) {
    double largest = -std::numeric_limits<double>::infinity();
    ForEachTap(params, x, oy, ox, [&](int, int, int iy, int ix) { largest = Max(largest, x.pixel(image, iy, ix)[c]); });
    return largest;
  });
}

void AveragePool(const WindowParams& params, ConstView x, View y) {
  ForEachElement(y, [&](int image, int oy, int ox, int c) {
    double sum = 0;
    int count = 0;
    ForEachTap(params, x, oy, ox, [&](int, int, int iy, int ix) {
      sum += x.pixel(image, iy, ix)[c];
      ++count;
    });
    return sum / count;
  });
}

void GlobalAveragePool(ConstView x, View y) {
  AveragePool(WholeImage(x), x, y);
}

void GlobalMaxPool(ConstView x, View y) {
  MaxPool(WholeImage(x), x, y);
}

void BatchNorm(const BatchNormWeights& weights, ConstView x, Activation activation, View y) {
  ForEachElement(y, [&](int image, int oy, int ox, int c) {
    const double deviation = std::sqrt(static_cast<double>(weights.variance[c]) + weights.epsilon);
    const double gamma = weights.gamma != nullptr ? weights.gamma[c] : 1.0;
    const double centred = static_cast<double>(x.pixel(image, oy, ox)[c]) - weights.mean[c];
    return Activated(gamma * centred / deviation + weights.beta[c], activation);
  });
}

void Activate(ConstView x, Activation activation, View y) {
  ForEachElement(y, [&](int image, int oy, int ox, int c) { return Activated(x.pixel(image, oy, ox)[c], activation); });
}

void Add(ConstView a, ConstView b, Activation activation, View y) {
  ForEachElement(y, [&](int image, int oy, int ox, int c) {
    return Activated(static_cast<double>(a.pixel(image, oy, ox)[c]) + b.pixel(image, oy, ox)[c], activation);
  });
}

void CopyChannels(ConstView x, View y, int offset) {
  const View part = {y.data + offset, y.n, y.h, y.w, x.c, y.stride, false};
  Activate(x, Activation::kNone, part);
}

void Softmax(const float* logits, int rows, int classes, float* probabilities) {
  for (int row = 0; row < rows; ++row, logits += classes, probabilities += classes) {
    const double largest = *std::max_element(logits, logits + classes);
    double sum = 0;
    for (int i = 0; i < classes; ++i) sum += std::exp(logits[i] - largest);
    for (int i = 0; i < classes; ++i) probabilities[i] = static_cast<float>(std::exp(logits[i] - largest) / sum);
  }
}

void Sigmoid(const float* logits, int count, float* probabilities) {
  for (int i = 0; i < count; ++i) {
    probabilities[i] = static_cast<float>(1.0 / (1.0 + std::exp(-static_cast<double>(logits[i]))));
  }
}

void MatMulWeightGradient(ConstView x, ConstView dy, float* dw) {
  Conv2DWeightGradient(WindowParams{}, x, dy, dw);
}

void Conv2DWeightGradient(const WindowParams& params, ConstView x, ConstView dy, float* dw) {
  std::vector<double> sums(static_cast<size_t>(params.kernel_h) * params.kernel_w * x.c * dy.c);
  ForEachPixel(dy, [&](int image, int oy, int ox) {
    const float* slope = dy.pixel(image, oy, ox);
    ForEachTap(params, x, oy, ox, [&](int ky, int kx, int iy, int ix) {
      double* tap = sums.data() + (static_cast<size_t>(ky) * params.kernel_w + kx) * x.c * dy.c;
      for (int k = 0; k < x.c; ++k) {
        const double value = x.pixel(image, iy, ix)[k];
        for (int c = 0; c < dy.c; ++c) tap[static_cast<size_t>(k) * dy.c + c] += value * slope[c];
      }
    });
  });
  std::copy(sums.begin(), sums.end(), dw);
}

void Conv2DInputGradient(const WindowParams& params, ConstView dy, const float* filter, View dx) {
  std::vector<double> sums(dx.num_pixels() * dx.c);
  ForEachPixel(dy, [&](int image, int oy, int ox) {
    const float* slope = dy.pixel(image, oy, ox);
    ForEachTap(params, dx, oy, ox, [&](int ky, int kx, int iy, int ix) {
      const float* tap = filter + (static_cast<size_t>(ky) * params.kernel_w + kx) * dx.c * dy.c;
      double* sum = sums.data() + ((static_cast<size_t>(image) * dx.h + iy) * dx.w + ix) * dx.c;
      for (int k = 0; k < dx.c; ++k) {
        for (int c = 0; c < dy.c; ++c) sum[k] += static_cast<double>(slope[c]) * tap[static_cast<size_t>(k) * dy.c + c];
      }
    });
  });
  CopySums(sums, dx);
}

void DepthwiseFilterGradient(const WindowParams& params, ConstView x, bool relu_input, ConstView dy, float* dfilter) {
  std::vector<double> sums(static_cast<size_t>(params.kernel_h) * params.kernel_w * x.c);
  ForEachPixel(dy, [&](int image, int oy, int ox) {
    ForEachTap(params, x, oy, ox, [&](int ky, int kx, int iy, int ix) {
      for (int c = 0; c < x.c; ++c) {
        const double value = Activated(x.pixel(image, iy, ix)[c], relu_input ? Activation::kRelu : Activation::kNone);
        sums[(static_cast<size_t>(ky) * params.kernel_w + kx) * x.c + c] += value * dy.pixel(image, oy, ox)[c];
      }
    });
  });
  std::copy(sums.begin(), sums.end(), dfilter);
}

void DepthwiseInputGradient(const WindowParams& params, ConstView dy, const float* filter, View dx) {
  std::vector<double> sums(dx.num_pixels() * dx.c);
  ForEachPixel(dy, [&](int image, int oy, int ox) {
    ForEachTap(params, dx, oy, ox, [&](int ky, int kx, int iy, int ix) {
      double* sum = sums.data() + ((static_cast<size_t>(image) * dx.h + iy) * dx.w + ix) * dx.c;
      const float* tap = filter + (static_cast<size_t>(ky) * params.kernel_w + kx) * dx.c;
      for (int c = 0; c < dx.c; ++c) sum[c] += static_cast<double>(dy.pixel(image, oy, ox)[c]) * tap[c];
    });
  });
  CopySums(sums, dx);
}

void MaxPoolInputGradient(const WindowParams& params, ConstView x, ConstView dy, View dx) {
  std::vector<double> sums(dx.num_pixels() * dx.c);
  ForEachPixel(dy, [&](int image, int oy, int ox) {
    for (int c = 0; c < dy.c; ++c) {
      double largest = -std::numeric_limits<double>::infinity();
      double* winner = nullptr;
      ForEachTap(params, x, oy, ox, [&](int, int, int iy, int ix) {
        const double value = x.pixel(image, iy, ix)[c];
        if (winner != nullptr && !(value > largest)) return;
        largest = value;
        winner = &sums[((static_cast<size_t>(image) * x.h + iy) * x.w + ix) * x.c + c];
      });
      if (winner != nullptr) *winner += dy.pixel(image, oy, ox)[c];
    }
  });
  CopySums(sums, dx);
}

void AveragePoolInputGradient(const WindowParams& params, ConstView dy, View dx) {
  std::vector<double> sums(dx.num_pixels() * dx.c);
  ForEachPixel(dy, [&](int image, int oy, int ox) {
    int count = 0;
    ForEachTap(params, dx, oy, ox, [&](int, int, int, int) { ++count; });
    ForEachTap(params, dx, oy, ox, [&](int, int, int iy, int ix) {
      double* sum = sums.data() + ((static_cast<size_t>(image) * dx.h + iy) * dx.w + ix) * dx.c;
      for (int c = 0; c < dx.c; ++c) sum[c] += static_cast<double>(dy.pixel(image, oy, ox)[c]) / count;
    });
  });
  CopySums(sums, dx);
}

void ActivationInputGradient(ConstView x, Activation activation, ConstView dy, ConstView base, View dx) {
  ForEachElement(dx, [&](int image, int oy, int ox, int c) {
    const double passed = Passes(x.pixel(image, oy, ox)[c], activation) ? dy.pixel(image, oy, ox)[c] : 0.0;
    return base.data != nullptr ? base.pixel(image, oy, ox)[c] + passed : passed;
  });
}

void ChannelSums(ConstView x, float* sums) {
  for (int c = 0; c < x.c; ++c) {
    double sum = 0;
    ForEachPixel(x, [&](int image, int y, int column) { sum += x.pixel(image, y, column)[c]; });
    sums[c] = static_cast<float>(sum);
  }
}

void ChannelMoments(ConstView x, float* mean, float* variance) {
  const auto pixels = static_cast<double>(x.num_pixels());
  for (int c = 0; c < x.c; ++c) {
    double sum = 0, squares = 0;
    ForEachPixel(x, [&](int image, int y, int column) { sum += x.pixel(image, y, column)[c]; });
    ForEachPixel(x, [&](int image, int y, int column) {
      const double deviation = x.pixel(image, y, column)[c] - sum / pixels;
      squares += deviation * deviation;
    });
    mean[c] = static_cast<float>(sum / pixels);
    variance[c] = static_cast<float>(squares / pixels);
  }
}

void NormalizationSums(const Normalization& norm, const NormStatistics& statistics, ConstView dy, ConstView x,
                       float* dbeta, float* dgamma) {
  for (int c = 0; c < x.c; ++c) {
    double sum = 0, with_x = 0;
    ForEachPixel(x, [&](int image, int row, int column) {
      const double value = x.pixel(image, row, column)[c];
      if (!Passes(norm.scale[c] * value + norm.shift[c], norm.activation)) return;
      sum += dy.pixel(image, row, column)[c];
      with_x += dy.pixel(image, row, column)[c] * (value - statistics.mean[c]);
    });
    dbeta[c] = static_cast<float>(sum);
    dgamma[c] =
        static_cast<float>(with_x / std::sqrt(static_cast<double>(statistics.variance[c]) + statistics.epsilon));
  }
}

void NormalizationInputGradient(const Normalization& norm, ConstView dy, ConstView x, const float* a, const float* b,
                                const float* c, View dx) {
  ForEachElement(dx, [&](int image, int row, int column, int i) {
    const double value = x.pixel(image, row, column)[i];
    const bool passes = Passes(norm.scale[i] * value + norm.shift[i], norm.activation);
    const double passed = passes ? static_cast<double>(a[i]) * dy.pixel(image, row, column)[i] : 0.0;
    return b != nullptr ? passed + b[i] * value + c[i] : passed;
  });
}

void ScaleShiftAdd(ConstView x, const float* scale, const float* shift, ConstView residual, View y) {
  ForEachElement(y, [&](int image, int row, int column, int c) {
    const double value = x.pixel(image, row, column)[c];
    return scale[c] * value + shift[c] + residual.pixel(image, row, column)[c];
  });
}

}  // namespace siskin::reference
