#include "images/preprocess.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <optional>
#include <vector>

#include "base/error.h"
#include "base/json.h"
#include "kernels/elementwise/elementwise.h"
#include "kernels/resize/resize.h"

namespace siskin {
namespace {

// Names in the order of the enumerations.
constexpr std::array<std::string_view, 3> kResizeModes = {"squash", "pad", "crop"};
constexpr std::array<std::string_view, 3> kInterpolations = {"nearest", "bilinear", "area"};

using Names = std::array<std::string_view, 3>;

template <typename Enum>
std::optional<Enum> FindName(std::string_view name, const Names& names) {
  const auto found = std::ranges::find(names, name);
  if (found == names.end()) return std::nullopt;
  return static_cast<Enum>(found - names.begin());
}

// From the command line.
template <typename Enum>
Enum ParseName(std::string_view name, const Names& names, const char* what) {
  const std::optional<Enum> value = FindName<Enum>(name, names);
  if (!value) Fail(ErrorKind::kUsage, "{} \"{}\" is unknown; use {}", what, Printable(name), fmt::join(names, ", "));
  return *value;
}

// From a model file.
template <typename Enum>
Enum EnumMember(const Json& json, const char* key, const Names& names, std::string_view where) {
  const std::string name = StringMember(json, key, where);
  const std::optional<Enum> value = FindName<Enum>(name, names);
  if (!value) {
    Fail(ErrorKind::kModel, "{}: \"{}\" is \"{}\", expected one of {}; was the file written by a newer version?", where,
         key, Printable(name), fmt::join(names, ", "));
  }
  return *value;
}

// value * numerator / denominator, rounded, at least 1.
int Scaled(int value, int numerator, int denominator) {
  const int64_t product = int64_t{value} * numerator;
  return static_cast<int>(std::max<int64_t>((product + denominator / 2) / denominator, 1));
}

// All of `image` in all of the rows at `out`.
void ResizeInto(const ImageView& image, Interpolation interpolation, const ByteRows<uint8_t>& out) {
  if (image.width == out.width && image.height == out.height) {
    for (int y = 0; y < out.height; ++y) {
      std::copy_n(image.row(y), static_cast<size_t>(out.width) * 3, out.data + static_cast<size_t>(y) * out.row_bytes);
    }
  } else {
    Resize({image.rgb, image.width, image.height, image.row_bytes}, 3, interpolation, out);
  }
}

void Squash(const ImageView& image, const Preprocessing& p, uint8_t* out) {
  ResizeInto(image, p.interpolation, {out, p.width, p.height, static_cast<size_t>(p.width) * 3});
}

// As ImageOps.pad of Pillow: the photo as large as fits, in the middle.
void Pad(const ImageView& image, const Preprocessing& p, uint8_t* out) {
  const bool full_width = int64_t{image.width} * p.height >= int64_t{image.height} * p.width;
  const int width = full_width ? p.width : std::min(Scaled(image.width, p.height, image.height), p.width);
  const int height = full_width ? std::min(Scaled(image.height, p.width, image.width), p.height) : p.height;
  constexpr uint8_t kGrey = 127;  // nearly 0 after the usual scaling to [-1, 1]
  const size_t row_bytes = static_cast<size_t>(p.width) * 3;
  std::fill_n(out, row_bytes * p.height, kGrey);
  out += static_cast<size_t>((p.height - height) / 2) * row_bytes + static_cast<size_t>((p.width - width) / 2) * 3;
  ResizeInto(image, p.interpolation, {out, width, height, row_bytes});
}

void Crop(const ImageView& image, const Preprocessing& p, uint8_t* out) {
  const bool full_height = int64_t{image.width} * p.height >= int64_t{image.height} * p.width;
  const int width = full_height ? std::min(Scaled(image.height, p.width, p.height), image.width) : image.width;
  const int height = full_height ? image.height : std::min(Scaled(image.width, p.height, p.width), image.height);
  Squash(image.Part((image.width - width) / 2, (image.height - height) / 2, width, height), p, out);
}

void CheckRoom(size_t room, const Preprocessing& p) {
  if (room == static_cast<size_t>(p.width) * p.height * 3) return;
  Fail(ErrorKind::kInternal, "Preprocess: {} values, {} x {} x 3 needed", room, p.height, p.width);
}

std::array<float, 3> ThreeFloats(const Json& json, const char* key, std::string_view where) {
  const Json& values = Member(json, key, where);
  std::array<float, 3> out{};
  if (!values.is_array() || values.size() != out.size()) {
    Fail(ErrorKind::kModel, "{}: \"{}\" is not a list of three numbers", where, key);
  }
  for (size_t i = 0; i < out.size(); ++i) {
    if (!values[i].is_number() || !std::isfinite(values[i].get<float>())) {
      Fail(ErrorKind::kModel, "{}: \"{}\" is not a list of three numbers", where, key);
    }
    out[i] = values[i].get<float>();
  }
  return out;
}

}  // namespace

void SetScaling(std::string_view name, Preprocessing* preprocessing) {
  Preprocessing& p = *preprocessing;
  p.bgr = name == "caffe";
  if (name == "signed") {
    p.scale.fill(1 / 127.5f);
    p.shift.fill(-1);
  } else if (name == "unit") {
    p.scale.fill(1 / 255.0f);
    p.shift.fill(0);
  } else if (name == "caffe") {
    p.scale.fill(1);
    p.shift = {-103.939f, -116.779f, -123.68f};  // ImageNet's mean blue, green, red
  } else {
    Fail(ErrorKind::kUsage, "scaling \"{}\" is unknown; use signed, unit or caffe", Printable(name));
  }
}

Json ToJson(const Preprocessing& p) {
  return {{"height", p.height},
          {"width", p.width},
          {"resize", Name(p.resize)},
          {"interpolation", Name(p.interpolation)},
          {"scale", p.scale},
          {"shift", p.shift},
          {"channels", p.bgr ? "bgr" : "rgb"}};
}

Preprocessing PreprocessingFromJson(const Json& json, std::string_view where) {
  constexpr int kLargestSide = 1 << 14;  // far above every network, far below an overflow of anything
  Preprocessing p;
  p.height = static_cast<int>(IntegerMember(json, "height", where, 1, kLargestSide));
  p.width = static_cast<int>(IntegerMember(json, "width", where, 1, kLargestSide));
  p.resize = EnumMember<ResizeMode>(json, "resize", kResizeModes, where);
  p.interpolation = EnumMember<Interpolation>(json, "interpolation", kInterpolations, where);
  p.scale = ThreeFloats(json, "scale", where);
  p.shift = ThreeFloats(json, "shift", where);
  const std::string channels = StringMember(json, "channels", where);
  if (channels != "rgb" && channels != "bgr") {
    Fail(ErrorKind::kModel, "{}: \"channels\" is \"{}\", expected rgb or bgr", where, Printable(channels));
  }
  p.bgr = channels == "bgr";
  return p;
}

ResizeMode ParseResizeMode(std::string_view name) {
  return ParseName<ResizeMode>(name, kResizeModes, "resize mode");
}
Interpolation ParseInterpolation(std::string_view name) {
  return ParseName<Interpolation>(name, kInterpolations, "interpolation");
}
std::string_view Name(ResizeMode mode) {
  return kResizeModes[static_cast<size_t>(mode)];
}
std::string_view Name(Interpolation interpolation) {
  return kInterpolations[static_cast<size_t>(interpolation)];
}

DecodeOptions DecodeOptionsFor(const Preprocessing& p) {
  DecodeOptions options;
  // Twice the size needed leaves at least half of the shrinking to the resize filter, which does it better than the
  // DCT; Pillow's thumbnails keep the same distance (reducing_gap).
  if (p.interpolation != Interpolation::kNearest) options.min_side = 2 * std::max(p.height, p.width);
  return options;
}

void ResizePhoto(const ImageView& image, const Preprocessing& p, std::span<uint8_t> rgb) {
  CheckRoom(rgb.size(), p);
  switch (p.resize) {
    case ResizeMode::kSquash:
      return Squash(image, p, rgb.data());
    case ResizeMode::kPad:
      return Pad(image, p, rgb.data());
    case ResizeMode::kCrop:
      return Crop(image, p, rgb.data());
  }
}

void Preprocess(const ImageView& image, const Preprocessing& p, std::span<float> out) {
  CheckRoom(out.size(), p);
  std::vector<uint8_t> bytes(out.size());
  ResizePhoto(image, p, bytes);
  if (p.bgr) {
    for (size_t i = 0; i < bytes.size(); i += 3) std::swap(bytes[i], bytes[i + 2]);
  }
  ScaleBytes(bytes, 3, p.scale.data(), p.shift.data(), out);
}

void ScalePixels(const Preprocessing& p, std::span<float> pixels) {
  CheckRoom(pixels.size(), p);
  for (size_t i = 0; i < pixels.size(); i += 3) {
    if (p.bgr) std::swap(pixels[i], pixels[i + 2]);
    for (size_t channel = 0; channel < 3; ++channel) {
      pixels[i + channel] = pixels[i + channel] * p.scale[channel] + p.shift[channel];
    }
  }
}

Image ToImage(std::span<const float> pixels, const Preprocessing& p) {
  CheckRoom(pixels.size(), p);
  Image image{p.width, p.height, std::vector<uint8_t>(pixels.size())};
  for (size_t i = 0; i < pixels.size(); ++i) {
    const size_t channel = i % 3;
    const float value = (pixels[i] - p.shift[channel]) / p.scale[channel];
    image.rgb[i - channel + (p.bgr ? 2 - channel : channel)] =
        static_cast<uint8_t>(std::lround(std::clamp(value, 0.0f, 255.0f)));
  }
  return image;
}

}  // namespace siskin
