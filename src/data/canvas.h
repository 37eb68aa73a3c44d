// A small painter for the demonstration pictures: ellipses, polygons and lines with smooth edges and a little light
// from above. Private to data/; refuses to be a graphics library: no text, no curves, no blending modes.
#pragma once

#include <array>
#include <span>
#include <vector>

#include "base/random.h"
#include "images/image.h"

namespace siskin {

struct Point {
  float x = 0, y = 0;
};

struct Colour {
  float r = 0, g = 0, b = 0;  // 0..1
};

// hue, saturation and value in 0..1; the hue wraps around.
Colour FromHsv(float hue, float saturation, float value);
Colour Mix(Colour a, Colour b, float part_of_b);

// Where the local coordinates of a drawing lie on the canvas: x to the right, y down.
struct Frame {
  Point origin;           // pixels
  float scale = 1;        // pixels per local unit
  float angle = 0;        // radians, clockwise
  bool mirrored = false;  // x to the left
};

class Canvas {
 public:
  Canvas(int width, int height) : width_(width), height_(height), pixels_(static_cast<size_t>(width) * height) {}

  int width() const { return width_; }
  int height() const { return height_; }
  Colour& at(int x, int y) { return pixels_[static_cast<size_t>(y) * width_ + x]; }

  void Ellipse(const Frame& frame, Point centre, float radius_x, float radius_y, float angle, Colour colour);
  void Circle(const Frame& frame, Point centre, float radius, Colour colour) {
    Ellipse(frame, centre, radius, radius, 0, colour);
  }
  void Polygon(const Frame& frame, std::span<const Point> corners, Colour colour);
  void Polygon(const Frame& frame, std::initializer_list<Point> corners, Colour colour) {
    Polygon(frame, std::span(corners.begin(), corners.size()), colour);
  }
  void Line(const Frame& frame, Point from, Point to, float radius, Colour colour);

  // Random brightness of single pixels, as of a sensor.
  void AddGrain(float deviation, Random random);
  Image ToImage() const;

 private:
  // Paints the pixels near `centre` whose signed distance to the shape, distance(point) in local units, is negative.
  template <typename Distance>
  void Paint(const Frame& frame, Point centre, float radius, Colour colour, const Distance& distance);

  int width_, height_;
  std::vector<Colour> pixels_;
};

}  // namespace siskin
