// From a decoded photo to the numbers a network sees: resize, scale, order of channels. One function for training,
// prediction, server and browser; its parameters travel in the model file.
#pragma once

#include <array>
#include <span>
#include <string>
#include <string_view>

#include "base/json_fwd.h"
#include "images/image.h"
#include "kernels/resize/interpolation.h"

namespace siskin {

enum class ResizeMode {
  kSquash,  // the whole photo, proportions not kept (what Keras' generators do)
  kPad,     // the whole photo, proportions kept, grey (127) bars
  kCrop,    // the largest centred part with the right proportions
};

struct Preprocessing {
  int height = 0, width = 0;
  ResizeMode resize = ResizeMode::kSquash;
  Interpolation interpolation = Interpolation::kBilinear;
  // value = byte * scale + shift, by channel in the network's order.
  std::array<float, 3> scale = {1 / 127.5f, 1 / 127.5f, 1 / 127.5f};
  std::array<float, 3> shift = {-1, -1, -1};
  bool bgr = false;  // channels in the order blue, green, red

  bool operator==(const Preprocessing&) const = default;
};

// Scalings by name: "signed" x / 127.5 - 1 (most), "unit" x / 255, "caffe" BGR minus ImageNet's means
// (ResNet50 of 2015). Sets scale, shift, bgr; kUsage for another name.
void SetScaling(std::string_view name, Preprocessing* preprocessing);

Json ToJson(const Preprocessing& preprocessing);
Preprocessing PreprocessingFromJson(const Json& json, std::string_view where);  // kModel with the reason

// Names as options and cards spell them; the parsers fail with kUsage and name what is allowed.
ResizeMode ParseResizeMode(std::string_view name);
Interpolation ParseInterpolation(std::string_view name);
std::string_view Name(ResizeMode mode);
std::string_view Name(Interpolation interpolation);

// The decoding that suits a preprocessing: scaled-down JPEG decoding, but never for nearest (which must pick from the
// full picture, as Pillow does).
DecodeOptions DecodeOptionsFor(const Preprocessing& preprocessing);

// out: [height, width, 3] floats, overwritten.
void Preprocess(const ImageView& image, const Preprocessing& preprocessing, std::span<float> out);

// Its two steps, for callers that work between them. rgb: [height, width, 3], overwritten.
void ResizePhoto(const ImageView& image, const Preprocessing& preprocessing, std::span<uint8_t> rgb);
// In place: red, green, blue from 0 to 255 become what the network sees, to the last bit but one as Preprocess does it.
void ScalePixels(const Preprocessing& preprocessing, std::span<float> pixels);
// The way back: the picture, [height, width], that a network sees as `pixels`.
Image ToImage(std::span<const float> pixels, const Preprocessing& preprocessing);

}  // namespace siskin
