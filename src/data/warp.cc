#include "data/warp.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "base/error.h"

namespace siskin {
namespace {

constexpr double kOutside = -1;

// A coordinate anywhere to one in [0, size - 1] with the same value there, or kOutside; as scipy's map_coordinate in
// ni_interpolation.c.
double MapCoordinate(double x, int size, FillMode fill) {
  const double last = size - 1;
  if (x >= 0 && x <= last) return x;
  switch (fill) {
    case FillMode::kNearest:
      break;
    case FillMode::kConstant:
      return kOutside;
    case FillMode::kReflect: {
      const double period = 2.0 * size;
      x += 0.5;  // pixel i covers i .. i + 1; the mirrors stand at 0 and at size
      x -= period * std::floor(x / period);
      x = std::min(x, period - x) - 0.5;
      break;
    }
    case FillMode::kWrap:
      if (size > 1) x = x < 0 ? x + last * (std::trunc(-x / last) + 1) : x - last * std::trunc(x / last);
      break;
  }
  return std::clamp(x, 0.0, last);
}

struct Tap {
  int near, far;  // the two pixels a coordinate lies between, the same at the end
  float far_weight;
};

Tap TapAt(double x, int size) {
  const int near = static_cast<int>(x);
  return {near, std::min(near + 1, size - 1), static_cast<float>(x - near)};
}

double Radians(double degrees) {
  return degrees * std::numbers::pi / 180;
}

}  // namespace

Affine operator*(const Affine& left, const Affine& right) {
  return {.a = left.a * right.a + left.b * right.c,
          .b = left.a * right.b + left.b * right.d,
          .c = left.c * right.a + left.d * right.c,
          .d = left.c * right.b + left.d * right.d,
          .row_shift = left.a * right.row_shift + left.b * right.column_shift + left.row_shift,
          .column_shift = left.c * right.row_shift + left.d * right.column_shift + left.column_shift};
}

Affine Rotation(double degrees) {
  const double sine = std::sin(Radians(degrees)), cosine = std::cos(Radians(degrees));
  return {.a = cosine, .b = -sine, .c = sine, .d = cosine};
}

Affine Shift(double rows, double columns) {
  return {.row_shift = rows, .column_shift = columns};
}

Affine KerasShear(double degrees) {
  return {.b = -std::sin(Radians(degrees)), .d = std::cos(Radians(degrees))};
}

Affine Zoom(double rows, double columns) {
  return {.a = rows, .d = columns};
}

Affine Flip(bool horizontal, bool vertical) {
  return Zoom(vertical ? -1 : 1, horizontal ? -1 : 1);
}

void Warp(std::span<const uint8_t> rgb, int height, int width, const Affine& affine, FillMode fill,
          std::span<float> out) {
  const size_t size = static_cast<size_t>(height) * width * 3;
  if (rgb.size() != size || out.size() != size) {
    Fail(ErrorKind::kInternal, "Warp: {} and {} values, {} x {} x 3 needed", rgb.size(), out.size(), height, width);
  }
  const double centre_row = (height - 1) / 2.0, centre_column = (width - 1) / 2.0;
  const double row_offset = affine.row_shift - affine.b * centre_column + centre_row;
  const double column_offset = affine.column_shift - affine.d * centre_column + centre_column;
  const size_t row_bytes = static_cast<size_t>(width) * 3;
  float* to = out.data();
  for (int y = 0; y < height; ++y) {
    const double row_start = affine.a * (y - centre_row) + row_offset;
    const double column_start = affine.c * (y - centre_row) + column_offset;
    for (int x = 0; x < width; ++x, to += 3) {
      const double row = MapCoordinate(row_start + affine.b * x, height, fill);
      const double column = MapCoordinate(column_start + affine.d * x, width, fill);
      if (row == kOutside || column == kOutside) {
        std::fill_n(to, 3, 0.0f);
        continue;
      }
      const Tap v = TapAt(row, height), h = TapAt(column, width);
      const uint8_t* top = rgb.data() + static_cast<size_t>(v.near) * row_bytes;
      const uint8_t* bottom = rgb.data() + static_cast<size_t>(v.far) * row_bytes;
      const size_t left = static_cast<size_t>(h.near) * 3, right = static_cast<size_t>(h.far) * 3;
      for (size_t channel = 0; channel < 3; ++channel) {
        const float a = top[left + channel], b = top[right + channel];
        const float c = bottom[left + channel], d = bottom[right + channel];
        const float upper = a + (b - a) * h.far_weight, lower = c + (d - c) * h.far_weight;
        to[channel] = upper + (lower - upper) * v.far_weight;
      }
    }
  }
}

}  // namespace siskin
