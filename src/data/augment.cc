#include "data/augment.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "base/error.h"
#include "data/colour_ops.h"

namespace siskin {
namespace {

// [low, high) on a logarithmic scale: 1 / 2 as often as 2.
float LogUniform(Random& random, float low, float high) {
  return std::exp(random.Uniform(std::log(low), std::log(high)));
}

// A box of `area` somewhere in the unit square, `proportion` as wide as high unless it would not fit.
RelativeBox RandomBox(Random& random, float area, float proportion) {
  RelativeBox box;
  box.width = std::clamp(std::sqrt(area * proportion), area, 1.0f);
  box.height = area / box.width;
  box.x = random.Uniform() * (1 - box.width);
  box.y = random.Uniform() * (1 - box.height);
  return box;
}

// ImageDataGenerator's apply_affine_transform, then its flips.
Affine DrawKerasWarp(const Augmentation& a, int height, int width, Random& random) {
  const auto symmetric = [&](double range) { return range * random.Uniform(-1, 1); };
  const double rotation = symmetric(a.rotation);
  const double rows = symmetric(a.height_shift) * height;
  const double columns = symmetric(a.width_shift) * width;
  const double shear = symmetric(a.shear);
  const double row_zoom = 1 + symmetric(a.zoom);
  const double column_zoom = 1 + symmetric(a.zoom);
  const bool horizontal = random.Uniform() < 0.5f, vertical = random.Uniform() < 0.5f;
  return Rotation(rotation) * Shift(rows, columns) * KerasShear(shear) * Zoom(row_zoom, column_zoom) *
         Flip(a.horizontal_flip && horizontal, a.vertical_flip && vertical);
}

// The share of the area is at least a.crop; the proportions are the photo's, times 3/4 to 4/3 as in the paper. (There
// they are the crop's own; but a network whose photos are squashed to squares would then never see in training the
// deformation that it sees in a test.)
RelativeBox DrawCrop(const Augmentation& a, Random& random) {
  const float area = random.Uniform(static_cast<float>(a.crop), 1);
  const RelativeBox box = RandomBox(random, area, LogUniform(random, 3 / 4.0f, 4 / 3.0f));
  return a.crop > 0 ? box : RelativeBox();
}

void DrawColourJitter(const Augmentation& a, Random& random, std::vector<ColourStep>* steps) {
  const auto factor = [&] { return static_cast<float>(1 + a.colour_jitter * random.Uniform(-1, 1)); };
  ColourStep jitter[] = {
      {ColourOp::kBrightness, factor()}, {ColourOp::kContrast, factor()}, {ColourOp::kSaturation, factor()}};
  const auto below = [&](int bound) { return static_cast<int>(random.Uniform() * static_cast<float>(bound)); };
  std::swap(jitter[2], jitter[below(3)]);
  std::swap(jitter[1], jitter[below(2)]);
  if (a.colour_jitter > 0) steps->insert(steps->end(), std::begin(jitter), std::end(jitter));
}

// The paper's: 2 % to a third of the area, between 0.3 and 1 / 0.3 times as wide as high.
RelativeBox DrawErased(const Augmentation& a, Random& random) {
  const bool erase = random.Uniform() < static_cast<float>(a.erasing);
  const float area = random.Uniform(0.02f, 1 / 3.0f);
  const RelativeBox box = RandomBox(random, area, LogUniform(random, 0.3f, 1 / 0.3f));
  return erase ? box : DrawnAugmentation().erased;
}

// One of RandAugment's operations. strength: 0 .. 1, of ranges that are the paper's (with the limits that the
// authors' code has, and torchvision's RandAugment after it); sign: 1 or -1, for those that go both ways.
void AddRandAugmentOp(int op, double strength, double sign, int height, int width, DrawnAugmentation* drawn) {
  constexpr double kDegrees = 30, kShear = 0.3, kShift = 150 / 331.0, kFactor = 0.9;
  const double signed_strength = sign * strength;
  const auto move = [&](const Affine& affine) { drawn->warp = drawn->warp * affine; };
  const auto colour = [&](ColourOp colour_op, double amount = 0) {
    drawn->colours.push_back({colour_op, static_cast<float>(amount)});
  };
  switch (op) {
    case 0:
      return move(Rotation(kDegrees * signed_strength));
    case 1:
      return move(Affine{.b = kShear * signed_strength});
    case 2:
      return move(Affine{.c = kShear * signed_strength});
    case 3:
      return move(Shift(kShift * signed_strength * height, 0));
    case 4:
      return move(Shift(0, kShift * signed_strength * width));
    case 5:
      return colour(ColourOp::kBrightness, 1 + kFactor * signed_strength);
    case 6:
      return colour(ColourOp::kContrast, 1 + kFactor * signed_strength);
    case 7:
      return colour(ColourOp::kSaturation, 1 + kFactor * signed_strength);
    case 8:
      return colour(ColourOp::kSharpness, 1 + kFactor * signed_strength);
    case 9:
      return colour(ColourOp::kAutoContrast);
    case 10:
      return colour(ColourOp::kEqualize);
    case 11:
      return colour(ColourOp::kSolarize, 255 * (1 - strength));
    case 12:
      return colour(ColourOp::kPosterize, 8 - std::round(4 * strength));
    default:
      return;  // the fourteenth leaves the photo as it is
  }
}

void DrawRandAugment(const Augmentation& a, int height, int width, Random& random, DrawnAugmentation* drawn) {
  constexpr int kNumOps = 14;
  const double strength = a.randaugment_magnitude / static_cast<double>(kMaxRandAugmentMagnitude);
  for (int i = 0; i < kMaxRandAugmentOps; ++i) {
    const int op = static_cast<int>(random.Uniform() * kNumOps);
    const double sign = random.Uniform() < 0.5f ? -1 : 1;
    if (i < a.randaugment_ops) AddRandAugmentOp(op, strength, sign, height, width, drawn);
  }
}

void Apply(const ColourStep& step, int height, int width, std::span<float> rgb) {
  switch (step.op) {
    case ColourOp::kShiftChannels:
      return ShiftChannels(rgb, step.amount);
    case ColourOp::kBrightness:
      return Brightness(rgb, step.amount);
    case ColourOp::kContrast:
      return Contrast(rgb, step.amount);
    case ColourOp::kSaturation:
      return Saturation(rgb, step.amount);
    case ColourOp::kSharpness:
      return Sharpness(rgb, height, width, step.amount);
    case ColourOp::kAutoContrast:
      return AutoContrast(rgb);
    case ColourOp::kEqualize:
      return Equalize(rgb);
    case ColourOp::kSolarize:
      return Solarize(rgb, step.amount);
    case ColourOp::kPosterize:
      return Posterize(rgb, static_cast<int>(step.amount));
  }
}

struct PixelBox {
  int x, y, width, height;
};

// At least one pixel, inside.
PixelBox ToPixels(const RelativeBox& box, int width, int height) {
  const auto side = [](float share, int size) {
    return std::clamp(static_cast<int>(std::lround(share * static_cast<float>(size))), 1, size);
  };
  const auto start = [](float share, int length, int size) {
    return std::min(static_cast<int>(std::lround(share * static_cast<float>(size))), size - length);
  };
  const int w = side(box.width, width), h = side(box.height, height);
  return {start(box.x, w, width), start(box.y, h, height), w, h};
}

void Erase(const PixelBox& box, int width, Random noise, std::span<float> rgb) {
  for (int y = box.y; y < box.y + box.height; ++y) {
    float* pixel = &rgb[(static_cast<size_t>(y) * width + box.x) * 3];
    for (int x = 0; x < box.width; ++x, pixel += 3) {
      const uint32_t word = noise.Next();
      for (int channel = 0; channel < 3; ++channel) pixel[channel] = static_cast<float>(word >> (8 * channel) & 0xFF);
    }
  }
}

void ResizeCropped(const Image& image, const RelativeBox& crop, const Preprocessing& p, std::span<uint8_t> rgb) {
  if (crop == RelativeBox()) return ResizePhoto(image, p, rgb);
  const PixelBox box = ToPixels(crop, image.width, image.height);
  ResizePhoto(ImageView(image).Part(box.x, box.y, box.width, box.height), p, rgb);
}

}  // namespace

bool DrawnAugmentation::changes_nothing() const {
  return crop == RelativeBox() && warp == Affine() && colours.empty() && erased.width == 0;
}

DrawnAugmentation DrawAugmentation(const Augmentation& a, int height, int width, uint64_t seed, uint32_t epoch,
                                   uint32_t photo) {
  Random random(seed, RandomPurpose::kAugment, epoch, photo);
  DrawnAugmentation drawn;
  drawn.fill_mode = a.fill_mode;
  drawn.warp = DrawKerasWarp(a, height, width, random);
  const double channel_shift = a.channel_shift * random.Uniform(-1, 1);
  if (channel_shift != 0) drawn.colours.push_back({ColourOp::kShiftChannels, static_cast<float>(channel_shift)});
  const double brightness = a.brightness_low + (a.brightness_high - a.brightness_low) * random.Uniform();
  if (brightness != 1) drawn.colours.push_back({ColourOp::kBrightness, static_cast<float>(brightness)});
  drawn.crop = DrawCrop(a, random);
  DrawColourJitter(a, random, &drawn.colours);
  drawn.erased = DrawErased(a, random);
  DrawRandAugment(a, height, width, random, &drawn);
  drawn.noise = random;
  return drawn;
}

DecodeOptions DecodeOptionsFor(const Preprocessing& preprocessing, const DrawnAugmentation& drawn) {
  DecodeOptions options = DecodeOptionsFor(preprocessing);
  const float side = std::min(drawn.crop.width, drawn.crop.height);
  options.min_side = static_cast<int>(std::lround(static_cast<float>(options.min_side) / side));
  return options;
}

void PreprocessAugmented(const Image& image, const Preprocessing& p, const DrawnAugmentation& drawn,
                         std::span<float> out) {
  if (drawn.changes_nothing()) return Preprocess(image, p, out);
  std::vector<uint8_t> rgb(static_cast<size_t>(p.height) * p.width * 3);
  if (out.size() != rgb.size()) {
    Fail(ErrorKind::kInternal, "PreprocessAugmented: room for {} values, {} needed", out.size(), rgb.size());
  }
  ResizeCropped(image, drawn.crop, p, rgb);
  if (drawn.warp == Affine()) {
    std::ranges::copy(rgb, out.begin());
  } else {
    Warp(rgb, p.height, p.width, drawn.warp, drawn.fill_mode, out);
  }
  for (const ColourStep& step : drawn.colours) Apply(step, p.height, p.width, out);
  if (drawn.erased.width > 0) Erase(ToPixels(drawn.erased, p.width, p.height), p.width, drawn.noise, out);
  ScalePixels(p, out);
}

}  // namespace siskin
