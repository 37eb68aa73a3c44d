#include "data/demo_scenes.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>

#include "base/random.h"
#include "data/canvas.h"

namespace siskin {
namespace {

constexpr float kPi = std::numbers::pi_v<float>;
constexpr Colour kBlack = {0.06f, 0.06f, 0.07f}, kWhite = {0.95f, 0.95f, 0.93f};

// Something being drawn: where, with which colours and chances.
struct Drawing {
  Canvas& canvas;
  Random& random;
  Frame frame;  // one local unit is half the size of the thing
  Colour main, second, dark;

  float Between(float low, float high) { return random.Uniform(low, high); }
  void Ellipse(Point centre, float rx, float ry, float angle, Colour colour) {
    canvas.Ellipse(frame, centre, rx, ry, angle, colour);
  }
  void Circle(Point centre, float radius, Colour colour) { canvas.Circle(frame, centre, radius, colour); }
  void Polygon(std::initializer_list<Point> corners, Colour colour) { canvas.Polygon(frame, corners, colour); }
  void Line(Point from, Point to, float radius, Colour colour) { canvas.Line(frame, from, to, radius, colour); }
  void Eye(Point centre, float radius) {
    Circle(centre, radius, kBlack);
    Circle({centre.x + radius * 0.3f, centre.y - radius * 0.3f}, radius * 0.35f, kWhite);
  }
};

Colour AnyColour(Random& random) {
  return FromHsv(random.Uniform(), random.Uniform(0.15f, 0.85f), random.Uniform(0.35f, 0.95f));
}

// ---- Birds, seen from the side, looking to the right -----------------------------------------------------------

struct BirdShape {
  float plump, head, beak, tail, lean;
};

// flap -1: the wing is down, 1: up; sweep: how far back its tip lies.
void DrawBirdWing(Drawing& d, float flap, float sweep, Colour colour) {
  d.Polygon({{0.28f, -0.06f},
             {0.10f - sweep * 0.5f, -0.75f * flap},
             {-0.28f - sweep, -1.15f * flap},
             {-0.40f - sweep * 0.9f, -0.80f * flap},  // the ends of two groups of feathers
             {-0.36f - sweep * 0.6f, -0.70f * flap},
             {-0.50f - sweep * 0.5f, -0.42f * flap},
             {-0.42f, 0.06f}},
            colour);
}

void DrawBird(Drawing& d) {
  const BirdShape s = {d.Between(0.32f, 0.44f), d.Between(0.20f, 0.29f), d.Between(0.18f, 0.42f),
                       d.Between(0.35f, 0.75f), d.Between(0.1f, 0.55f)};
  const bool flies = d.random.Below(3) == 0;
  const float flap = d.random.Below(2) == 0 ? d.Between(0.6f, 1) : d.Between(-0.9f, -0.5f);
  const Colour wing = Mix(d.main, d.dark, d.Between(0.3f, 0.7f));
  const Colour beak = FromHsv(d.Between(0.05f, 0.14f), d.Between(0.1f, 0.95f), d.Between(0.3f, 0.95f));
  const Point head = {0.50f, -0.18f - s.lean * 0.35f};

  if (flies) DrawBirdWing(d, flap, 0.05f, Mix(wing, d.dark, 0.4f));
  d.Polygon({{-0.40f, 0.0f},
             {-0.55f - s.tail, 0.08f + s.lean * 0.4f},
             {-0.50f - s.tail, 0.22f + s.lean * 0.4f},
             {-0.35f, 0.24f}},
            wing);
  if (!flies) {
    for (const float x : {-0.02f, 0.16f}) {
      d.Line({x, s.plump * 0.7f}, {x + 0.03f, 0.72f}, 0.025f, Mix(beak, d.dark, 0.5f));
      d.Line({x - 0.05f, 0.72f}, {x + 0.13f, 0.72f}, 0.025f, Mix(beak, d.dark, 0.5f));
    }
  }
  d.Ellipse({0, 0.04f}, 0.62f, s.plump, -s.lean, d.main);
  d.Ellipse({0.36f, -0.10f - s.lean * 0.15f}, 0.26f, s.head + 0.02f, 0.8f, d.main);  // the neck
  d.Ellipse({0.14f, 0.13f}, 0.42f, s.plump * 0.68f, -s.lean, d.second);
  d.Polygon({{head.x + s.head * 0.75f, head.y - s.head * 0.42f},
             {head.x + s.head + s.beak, head.y + 0.06f},
             {head.x + s.head * 0.75f, head.y + s.head * 0.50f}},
            beak);
  d.Circle(head, s.head, d.random.Below(3) == 0 ? d.second : d.main);
  d.Eye({head.x + s.head * 0.35f, head.y - s.head * 0.15f}, 0.055f);
  if (flies) {
    DrawBirdWing(d, flap, 0.25f, wing);
  } else {
    d.Ellipse({-0.16f, 0.03f}, 0.44f, s.plump * 0.52f, 0.2f - s.lean * 0.5f, wing);
    d.Polygon({{-0.30f, -0.08f}, {-0.80f, 0.16f + s.lean * 0.3f}, {-0.25f, 0.20f}}, wing);
  }
}

// ---- Things that are no birds ----------------------------------------------------------------------------------

void DrawFish(Drawing& d) {
  const float slim = d.Between(0.3f, 0.5f);
  d.Polygon({{-0.5f, 0}, {-1.0f, -0.4f}, {-0.85f, 0}, {-1.0f, 0.4f}}, Mix(d.main, d.dark, 0.4f));
  d.Polygon({{-0.2f, -slim * 0.8f}, {0.05f, -slim - 0.3f}, {0.35f, -slim * 0.8f}}, Mix(d.main, d.dark, 0.4f));
  d.Ellipse({0.1f, 0}, 0.72f, slim, 0, d.main);
  for (const float x : {-0.25f, 0.0f, 0.25f}) d.Ellipse({x, 0}, 0.06f, slim * 0.8f, 0, d.second);
  d.Eye({0.58f, -0.08f}, 0.07f);
}

void DrawButterfly(Drawing& d) {
  for (const float side : {-1.0f, 1.0f}) {
    d.Ellipse({side * 0.45f, -0.35f}, 0.5f, 0.32f, side * -0.7f, d.main);
    d.Ellipse({side * 0.36f, 0.35f}, 0.38f, 0.26f, side * 0.7f, d.main);
    d.Circle({side * 0.52f, -0.4f}, 0.14f, d.second);
    d.Circle({side * 0.40f, 0.38f}, 0.10f, d.second);
    d.Line({0, -0.5f}, {side * 0.25f, -0.9f}, 0.02f, kBlack);
  }
  d.Ellipse({0, 0}, 0.08f, 0.55f, 0, d.dark);
}

void DrawPlane(Drawing& d) {
  d.Polygon({{0.1f, 0}, {-0.45f, -0.75f}, {-0.25f, -0.75f}, {0.4f, 0}}, Mix(d.main, d.dark, 0.5f));
  d.Polygon({{-0.75f, 0}, {-1.0f, -0.45f}, {-0.8f, -0.45f}, {-0.45f, 0}}, d.second);
  d.Line({-0.85f, 0}, {0.8f, 0}, 0.15f, d.main);
  for (int i = 0; i < 6; ++i) d.Circle({-0.45f + 0.2f * static_cast<float>(i), -0.04f}, 0.045f, d.dark);
  d.Polygon({{0.1f, 0.05f}, {-0.5f, 0.75f}, {-0.25f, 0.75f}, {0.45f, 0.05f}}, Mix(d.main, d.dark, 0.25f));
}

void DrawKite(Drawing& d) {
  d.Polygon({{0, -0.9f}, {0.55f, -0.2f}, {0, 0.5f}, {-0.55f, -0.2f}}, d.main);
  d.Polygon({{0, -0.9f}, {0.55f, -0.2f}, {0, -0.2f}}, d.second);
  d.Polygon({{0, 0.5f}, {-0.55f, -0.2f}, {0, -0.2f}}, d.second);
  Point from = {0, 0.5f};
  for (int i = 1; i <= 5; ++i) {
    const Point to = {0.14f * std::sin(static_cast<float>(i) * 1.6f), 0.5f + 0.11f * static_cast<float>(i)};
    d.Line(from, to, 0.02f, d.dark);
    d.Circle(to, 0.05f, d.main);
    from = to;
  }
}

void DrawBalloon(Drawing& d) {
  d.Line({-0.3f, 0.2f}, {-0.14f, 0.75f}, 0.015f, d.dark);
  d.Line({0.3f, 0.2f}, {0.14f, 0.75f}, 0.015f, d.dark);
  d.Ellipse({0, -0.25f}, 0.62f, 0.68f, 0, d.main);
  d.Ellipse({0, -0.25f}, 0.36f, 0.68f, 0, d.second);
  d.Ellipse({0, -0.25f}, 0.13f, 0.68f, 0, d.main);
  d.Polygon({{-0.16f, 0.72f}, {0.16f, 0.72f}, {0.13f, 0.95f}, {-0.13f, 0.95f}}, d.dark);
}

void DrawFlower(Drawing& d) {
  d.Line({0, 0}, {0.1f, 1.0f}, 0.04f, {0.25f, 0.5f, 0.2f});
  d.Ellipse({0.3f, 0.7f}, 0.28f, 0.1f, -0.5f, {0.3f, 0.55f, 0.25f});
  const int petals = 5 + static_cast<int>(d.random.Below(4));
  for (int i = 0; i < petals; ++i) {
    const float angle = 2 * kPi * static_cast<float>(i) / static_cast<float>(petals);
    d.Ellipse({0.4f * std::cos(angle), -0.2f + 0.4f * std::sin(angle)}, 0.32f, 0.17f, angle, d.main);
  }
  d.Circle({0, -0.2f}, 0.2f, d.second);
}

void DrawHouse(Drawing& d) {
  d.Polygon({{-0.65f, -0.1f}, {0.65f, -0.1f}, {0.65f, 0.8f}, {-0.65f, 0.8f}}, d.main);
  d.Polygon({{-0.8f, -0.1f}, {0, -0.8f}, {0.8f, -0.1f}}, d.dark);
  d.Polygon({{-0.12f, 0.8f}, {-0.12f, 0.3f}, {0.18f, 0.3f}, {0.18f, 0.8f}}, d.second);
  for (const float x : {-0.42f, 0.42f}) {
    d.Polygon({{x - 0.13f, 0.08f}, {x + 0.13f, 0.08f}, {x + 0.13f, 0.34f}, {x - 0.13f, 0.34f}},
              Mix(kWhite, d.second, 0.3f));
  }
}

void DrawCar(Drawing& d) {
  d.Polygon({{-0.55f, -0.05f}, {-0.35f, -0.45f}, {0.3f, -0.45f}, {0.55f, -0.05f}}, d.main);
  d.Polygon({{-0.42f, -0.08f}, {-0.29f, -0.36f}, {-0.03f, -0.36f}, {-0.03f, -0.08f}}, Mix(kWhite, d.second, 0.4f));
  d.Polygon({{0.05f, -0.08f}, {0.05f, -0.36f}, {0.25f, -0.36f}, {0.40f, -0.08f}}, Mix(kWhite, d.second, 0.4f));
  d.Line({-0.75f, 0.12f}, {0.75f, 0.12f}, 0.2f, d.main);
  for (const float x : {-0.48f, 0.48f}) {
    d.Circle({x, 0.33f}, 0.22f, kBlack);
    d.Circle({x, 0.33f}, 0.1f, d.second);
  }
}

void DrawTree(Drawing& d) {
  d.Polygon({{-0.1f, 0.95f}, {-0.06f, 0}, {0.06f, 0}, {0.12f, 0.95f}}, d.dark);
  for (int i = 0; i < 9; ++i) {
    const Point centre = {d.Between(-0.45f, 0.45f), d.Between(-0.65f, 0.1f)};
    d.Circle(centre, d.Between(0.22f, 0.36f), Mix(d.main, d.second, d.Between(0, 0.4f)));
  }
}

constexpr void (*kOtherThings[])(Drawing&) = {DrawFish,   DrawButterfly, DrawPlane, DrawKite, DrawBalloon,
                                              DrawFlower, DrawHouse,     DrawCar,   DrawTree};

// ---- Backgrounds -----------------------------------------------------------------------------------------------

// A sum of plane waves: soft, endless, different each time.
class Texture {
 public:
  Texture(Random& random, float longest_wave) {
    for (Wave& wave : waves_) {
      const float length = longest_wave * random.Uniform(0.15f, 1), angle = random.Uniform(0, 2 * kPi);
      wave = {2 * kPi / length * std::cos(angle), 2 * kPi / length * std::sin(angle), random.Uniform(0, 2 * kPi)};
    }
  }
  float At(int x, int y) const {  // -1..1
    float sum = 0;
    for (const Wave& w : waves_) sum += std::sin(w.x * static_cast<float>(x) + w.y * static_cast<float>(y) + w.phase);
    return sum / static_cast<float>(waves_.size());
  }

 private:
  struct Wave {
    float x, y, phase;
  };
  std::array<Wave, 6> waves_;
};

// Above the horizon one colour fading into another, below it a third with a texture.
void PaintLandscape(Canvas& canvas, Random& random) {
  const Colour top = Mix(FromHsv(random.Uniform(0.5f, 0.65f), random.Uniform(0.1f, 0.6f), random.Uniform(0.5f, 1)),
                         AnyColour(random), random.Uniform(0, 0.5f));
  const Colour bottom = Mix(top, kWhite, random.Uniform(0.2f, 0.8f));
  const Colour ground =
      Mix(FromHsv(random.Uniform(0.08f, 0.4f), random.Uniform(0.2f, 0.6f), random.Uniform(0.25f, 0.7f)),
          AnyColour(random), random.Uniform(0, 0.4f));
  const float horizon = random.Uniform(0.45f, 1.4f), slope = random.Uniform(-0.15f, 0.15f);
  const Texture texture(random, random.Uniform(20, 90));
  for (int y = 0; y < canvas.height(); ++y) {
    for (int x = 0; x < canvas.width(); ++x) {
      const float u = static_cast<float>(x) / static_cast<float>(canvas.width());
      const float v = static_cast<float>(y) / static_cast<float>(canvas.height());
      const float wave = texture.At(x, y), edge = horizon + slope * u + 0.03f * wave;
      canvas.at(x, y) = v < edge ? Mix(top, bottom, std::clamp(v / edge, 0.0f, 1.0f) * (0.8f + 0.2f * wave))
                                 : Mix(ground, kBlack, 0.15f + 0.25f * wave * (v - edge + 0.4f));
    }
  }
}

// Leaves, stones or bokeh: many blobs of related colours.
void PaintBlobs(Canvas& canvas, Random& random) {
  const Colour base = AnyColour(random), other = AnyColour(random);
  for (int y = 0; y < canvas.height(); ++y) {
    for (int x = 0; x < canvas.width(); ++x) canvas.at(x, y) = Mix(base, kBlack, 0.3f);
  }
  const float largest = random.Uniform(8, 30);
  for (uint32_t i = 40 + random.Below(120); i > 0; --i) {
    const Point centre = {random.Uniform(0, static_cast<float>(canvas.width())),
                          random.Uniform(0, static_cast<float>(canvas.height()))};
    const float radius = largest * random.Uniform(0.4f, 1);
    canvas.Ellipse({}, centre, radius, radius * random.Uniform(0.35f, 1), random.Uniform(0, kPi),
                   Mix(Mix(base, other, random.Uniform(0, 0.5f)), kBlack, random.Uniform(0, 0.45f)));
  }
}

// A wall, cloth or water: waves of two colours.
void PaintWaves(Canvas& canvas, Random& random) {
  const Colour a = AnyColour(random), b = Mix(a, AnyColour(random), random.Uniform(0.2f, 0.7f));
  const Texture texture(random, random.Uniform(15, 150));
  for (int y = 0; y < canvas.height(); ++y) {
    for (int x = 0; x < canvas.width(); ++x) canvas.at(x, y) = Mix(a, b, 0.5f + 0.5f * texture.At(x, y));
  }
}

// A branch across the picture, straight grass, or nothing; before birds and other things alike.
void AddTwigs(Canvas& canvas, Random& random, float thing_bottom) {
  const Colour wood = FromHsv(random.Uniform(0.05f, 0.3f), random.Uniform(0.2f, 0.6f), random.Uniform(0.15f, 0.5f));
  const auto width = static_cast<float>(canvas.width()), height = static_cast<float>(canvas.height());
  const uint32_t kind = random.Below(3);
  if (kind == 0) {
    const float tilt = random.Uniform(-0.12f, 0.12f) * width;
    canvas.Line({}, {-5, thing_bottom + tilt}, {width + 5, thing_bottom - tilt}, random.Uniform(2, 5), wood);
    for (uint32_t i = random.Below(6); i > 0; --i) {
      const Point leaf = {random.Uniform(0, width), thing_bottom + random.Uniform(-12, 12)};
      canvas.Ellipse({}, leaf, random.Uniform(6, 14), random.Uniform(3, 6), random.Uniform(0, kPi),
                     Mix(wood, AnyColour(random), 0.5f));
    }
  } else if (kind == 1) {
    for (uint32_t i = 4 + random.Below(12); i > 0; --i) {
      const float x = random.Uniform(0, width), length = random.Uniform(0.08f, 0.3f) * height;
      canvas.Line({}, {x, height + 2}, {x + random.Uniform(-12, 12), height - length}, random.Uniform(0.8f, 2), wood);
    }
  }
}

}  // namespace

Image DrawScene(uint64_t seed, bool is_bird, uint32_t number) {
  Random random(seed, RandomPurpose::kDemoData, number, is_bird ? 1 : 0);
  Canvas canvas(160 + static_cast<int>(random.Below(41)), 160 + static_cast<int>(random.Below(41)));
  constexpr void (*kBackgrounds[])(Canvas&, Random&) = {PaintLandscape, PaintLandscape, PaintBlobs, PaintWaves};
  kBackgrounds[random.Below(std::size(kBackgrounds))](canvas, random);

  const auto width = static_cast<float>(canvas.width()), height = static_cast<float>(canvas.height());
  Frame frame;
  frame.scale = std::min(width, height) * random.Uniform(0.24f, 0.42f);
  frame.origin = {width * random.Uniform(0.38f, 0.62f), height * random.Uniform(0.40f, 0.60f)};
  frame.angle = random.Uniform(-0.35f, 0.35f);
  frame.mirrored = random.Below(2) == 0;
  AddTwigs(canvas, random, frame.origin.y + 0.72f * frame.scale);
  const Colour main = AnyColour(random), second = AnyColour(random);
  Drawing drawing{canvas, random, frame, main, second, Mix(main, kBlack, random.Uniform(0.5f, 0.9f))};
  is_bird ? DrawBird(drawing) : kOtherThings[random.Below(std::size(kOtherThings))](drawing);
  canvas.AddGrain(random.Uniform(0.005f, 0.035f), Random(seed, RandomPurpose::kDemoData, number, is_bird ? 3 : 2));
  return canvas.ToImage();
}

}  // namespace siskin
