#include "data/colour_ops.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <vector>

namespace siskin {
namespace {

float Clip(float value) {
  return std::clamp(value, 0.0f, 255.0f);
}

// ITU-R 601, as Pillow's conversion to "L".
float Grey(const float* pixel) {
  return 0.299f * pixel[0] + 0.587f * pixel[1] + 0.114f * pixel[2];
}

float Mixture(float from, float to, float factor) {
  return Clip(from + (to - from) * factor);
}

}  // namespace

void ShiftChannels(std::span<float> rgb, float amount) {
  const auto [low, high] = std::ranges::minmax(rgb);
  for (float& value : rgb) value = std::clamp(value + amount, low, high);
}

void Brightness(std::span<float> rgb, float factor) {
  for (float& value : rgb) value = Clip(value * factor);
}

void Contrast(std::span<float> rgb, float factor) {
  double sum = 0;
  for (size_t i = 0; i < rgb.size(); i += 3) sum += Grey(&rgb[i]);
  const float mean = static_cast<float>(sum / (static_cast<double>(rgb.size()) / 3));
  for (float& value : rgb) value = Mixture(mean, value, factor);
}

void Saturation(std::span<float> rgb, float factor) {
  for (size_t i = 0; i < rgb.size(); i += 3) {
    const float grey = Grey(&rgb[i]);
    for (size_t channel = 0; channel < 3; ++channel) rgb[i + channel] = Mixture(grey, rgb[i + channel], factor);
  }
}

void Sharpness(std::span<float> rgb, int height, int width, float factor) {
  constexpr float kCentre = 5 / 13.0f, kAround = 1 / 13.0f;  // Pillow's ImageFilter.SMOOTH
  const std::vector<float> before(rgb.begin(), rgb.end());
  const size_t row = static_cast<size_t>(width) * 3;
  for (size_t y = 1; y + 1 < static_cast<size_t>(height); ++y) {
    for (size_t i = y * row + 3; i + 3 < (y + 1) * row; ++i) {
      const float* p = before.data() + i;
      const float* above = p - row;
      const float* below = p + row;
      const float around = above[-3] + above[0] + above[3] + p[-3] + p[3] + below[-3] + below[0] + below[3];
      rgb[i] = Mixture(kCentre * p[0] + kAround * around, p[0], factor);
    }
  }
}

void AutoContrast(std::span<float> rgb) {
  for (size_t channel = 0; channel < 3; ++channel) {
    float low = 255, high = 0;
    for (size_t i = channel; i < rgb.size(); i += 3) {
      low = std::min(low, rgb[i]);
      high = std::max(high, rgb[i]);
    }
    if (high <= low) continue;
    const float scale = 255 / (high - low);
    for (size_t i = channel; i < rgb.size(); i += 3) rgb[i] = Clip((rgb[i] - low) * scale);
  }
}

void Equalize(std::span<float> rgb) {
  const auto bin = [](float value) { return static_cast<size_t>(Clip(value) + 0.5f); };
  for (size_t channel = 0; channel < 3; ++channel) {
    std::array<int, 256> histogram{};
    for (size_t i = channel; i < rgb.size(); i += 3) ++histogram[bin(rgb[i])];
    // As ImageOps.equalize: the pixels of the lightest value there is do not count, and a step that would be 0 changes
    // nothing.
    const auto last = std::find_if(histogram.rbegin(), histogram.rend(), [](int count) { return count > 0; });
    const int pixels = static_cast<int>(rgb.size() / 3);
    const int step = last == histogram.rend() ? 0 : (pixels - *last) / 255;
    if (step == 0) continue;
    std::array<float, 256> table{};
    int sum = step / 2;
    for (size_t value = 0; value < table.size(); ++value) {
      table[value] = static_cast<float>(std::min(sum / step, 255));
      sum += histogram[value];
    }
    for (size_t i = channel; i < rgb.size(); i += 3) rgb[i] = table[bin(rgb[i])];
  }
}

void Solarize(std::span<float> rgb, float threshold) {
  for (float& value : rgb) value = value < threshold ? value : 255 - value;
}

void Posterize(std::span<float> rgb, int bits) {
  const float step = static_cast<float>(1 << (8 - bits));
  for (float& value : rgb) value = std::floor(value / step) * step;
}

}  // namespace siskin
