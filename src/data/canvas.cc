#include "data/canvas.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace siskin {
namespace {

Point Rotated(Point p, float angle) {
  const float c = std::cos(angle), s = std::sin(angle);
  return {p.x * c - p.y * s, p.x * s + p.y * c};
}

Point Minus(Point a, Point b) {
  return {a.x - b.x, a.y - b.y};
}

float Dot(Point a, Point b) {
  return a.x * b.x + a.y * b.y;
}

float DistanceToSegment(Point p, Point a, Point b) {
  const Point along = Minus(b, a), to_p = Minus(p, a);
  const float part = std::clamp(Dot(to_p, along) / std::max(Dot(along, along), 1e-9f), 0.0f, 1.0f);
  const Point rest = {to_p.x - along.x * part, to_p.y - along.y * part};
  return std::sqrt(Dot(rest, rest));
}

bool IsInside(Point p, std::span<const Point> corners) {
  bool inside = false;
  for (size_t i = 0, j = corners.size() - 1; i < corners.size(); j = i++) {
    const Point a = corners[i], b = corners[j];
    const bool crosses = (a.y > p.y) != (b.y > p.y);
    if (crosses && p.x < (b.x - a.x) * (p.y - a.y) / (b.y - a.y) + a.x) inside = !inside;
  }
  return inside;
}

uint8_t ToByte(float value) {
  return static_cast<uint8_t>(std::lround(std::clamp(value, 0.0f, 1.0f) * 255));
}

}  // namespace

Colour FromHsv(float hue, float saturation, float value) {
  const auto channel = [&](float shift) {
    const float k = std::fmod(shift + hue * 6 + 6, 6.0f);
    return value - value * saturation * std::clamp(std::min(k, 4 - k), 0.0f, 1.0f);
  };
  return {channel(5), channel(3), channel(1)};
}

Colour Mix(Colour a, Colour b, float part_of_b) {
  const auto mix = [&](float x, float y) { return x + (y - x) * part_of_b; };
  return {mix(a.r, b.r), mix(a.g, b.g), mix(a.b, b.b)};
}

template <typename Distance>
void Canvas::Paint(const Frame& frame, Point centre, float radius, Colour colour, const Distance& distance) {
  const float side = frame.mirrored ? -1.0f : 1.0f;
  const Point middle = Rotated({centre.x * side * frame.scale, centre.y * frame.scale}, frame.angle);
  const float reach = radius * frame.scale + 2;
  const auto first = [](float value) { return std::max(static_cast<int>(std::floor(value)), 0); };
  const int x0 = first(frame.origin.x + middle.x - reach), y0 = first(frame.origin.y + middle.y - reach);
  const int x1 = std::min(static_cast<int>(frame.origin.x + middle.x + reach) + 1, width_);
  const int y1 = std::min(static_cast<int>(frame.origin.y + middle.y + reach) + 1, height_);
  for (int y = y0; y < y1; ++y) {
    for (int x = x0; x < x1; ++x) {
      Point p = Minus({static_cast<float>(x) + 0.5f, static_cast<float>(y) + 0.5f}, frame.origin);
      p = Rotated(p, -frame.angle);
      p = {p.x * side / frame.scale, p.y / frame.scale};
      const float cover = std::clamp(0.5f - distance(p) * frame.scale, 0.0f, 1.0f);
      if (cover == 0) continue;
      const float light = 1 - 0.25f * std::clamp((p.y - centre.y) / radius, -1.0f, 1.0f);
      at(x, y) = Mix(at(x, y), {colour.r * light, colour.g * light, colour.b * light}, cover);
    }
  }
}

void Canvas::Ellipse(const Frame& frame, Point centre, float radius_x, float radius_y, float angle, Colour colour) {
  Paint(frame, centre, std::max(radius_x, radius_y), colour, [&](Point p) {
    const Point q = Rotated(Minus(p, centre), -angle);
    const float k = std::hypot(q.x / radius_x, q.y / radius_y);
    return (k - 1) * std::min(radius_x, radius_y);  // exact for circles, close enough for one pixel of edge
  });
}

void Canvas::Polygon(const Frame& frame, std::span<const Point> corners, Colour colour) {
  Point centre;
  for (const Point& corner : corners) {
    centre.x += corner.x / static_cast<float>(corners.size());
    centre.y += corner.y / static_cast<float>(corners.size());
  }
  float radius = 0;
  for (const Point& corner : corners) radius = std::max(radius, std::hypot(corner.x - centre.x, corner.y - centre.y));
  Paint(frame, centre, radius, colour, [&](Point p) {
    float nearest = std::numeric_limits<float>::max();
    for (size_t i = 0; i < corners.size(); ++i) {
      nearest = std::min(nearest, DistanceToSegment(p, corners[i], corners[(i + 1) % corners.size()]));
    }
    return IsInside(p, corners) ? -nearest : nearest;
  });
}

void Canvas::Line(const Frame& frame, Point from, Point to, float radius, Colour colour) {
  const Point centre = {(from.x + to.x) / 2, (from.y + to.y) / 2};
  const float reach = std::hypot(to.x - from.x, to.y - from.y) / 2 + radius;
  Paint(frame, centre, reach, colour, [&](Point p) { return DistanceToSegment(p, from, to) - radius; });
}

void Canvas::AddGrain(float deviation, Random random) {
  for (Colour& pixel : pixels_) {
    const float grain = deviation * random.Normal();
    pixel = {pixel.r + grain, pixel.g + grain, pixel.b + grain};
  }
}

Image Canvas::ToImage() const {
  Image image{width_, height_, {}};
  image.rgb.reserve(pixels_.size() * 3);
  for (const Colour& pixel : pixels_) {
    for (const float value : {pixel.r, pixel.g, pixel.b}) image.rgb.push_back(ToByte(value));
  }
  return image;
}

}  // namespace siskin
