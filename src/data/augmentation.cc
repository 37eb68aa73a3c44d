#include "data/augmentation.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>
#include <tuple>
#include <utility>
#include <vector>

#include "base/error.h"
#include "base/json.h"
#include "base/nearest_name.h"

namespace siskin {
namespace {

constexpr AugmentationNumber kNumbers[] = {
    {"rotation", &Augmentation::rotation, 0, 180, "turned by up to so many degrees"},
    {"width-shift", &Augmentation::width_shift, 0, 0.99, "moved sideways by up to this share of the width"},
    {"height-shift", &Augmentation::height_shift, 0, 0.99, "moved up or down by up to this share of the height"},
    {"shear", &Augmentation::shear, 0, 80, "slanted by up to so many degrees"},
    {"zoom", &Augmentation::zoom, 0, 0.99, "height and width each scaled by 1 - N to 1 + N"},
    {"channel-shift", &Augmentation::channel_shift, 0, 255, "lighter or darker by up to this many of 255"},
    {"crop", &Augmentation::crop, 0, 1, "random part of at least this share of the photo, 0: off"},
    {"colour-jitter", &Augmentation::colour_jitter, 0, 1,
     "brightness, contrast and saturation by factors of 1 - N to 1 + N"},
    {"erasing", &Augmentation::erasing, 0, 1, "probability of a rectangle of noise"},
};

constexpr std::array<std::string_view, 4> kFillModes = {"nearest", "constant", "reflect", "wrap"};  // in enum's order

struct Preset {
  const char* name;
  Augmentation augmentation;
};

const std::vector<Preset>& Presets() {
  static const std::vector<Preset> presets = {
      {"none", {}},
      // ImageDataGenerator(shear_range=0.2, zoom_range=0.2, horizontal_flip=True)
      {"article", {.shear = 0.2, .zoom = 0.2, .horizontal_flip = true}},
      // What another photographer would have done a second later: for small changes of a network that knows photos.
      {"light",
       {.rotation = 10,
        .width_shift = 0.05,
        .height_shift = 0.05,
        .zoom = 0.1,
        .horizontal_flip = true,
        .fill_mode = FillMode::kReflect}},
      // Crop and flip are what every ImageNet network was trained with. At least half of the photo instead of their
      // 8 %: they had 90 epochs and more to learn from parts without the object, fine-tuning has a few.
      {"standard", {.horizontal_flip = true, .crop = 0.5, .colour_jitter = 0.2}},
      // For many epochs or few photos. RandAugment as its paper has it for ResNet-50 (2 operations, 9 of 30); every
      // fourth photo loses a part, so that most are still whole.
      {"strong",
       {.horizontal_flip = true,
        .fill_mode = FillMode::kReflect,
        .crop = 0.25,
        .erasing = 0.25,
        .randaugment_ops = 2,
        .randaugment_magnitude = 9}},
  };
  return presets;
}

template <typename T>
std::optional<T> ParseNumber(std::string_view text) {
  T value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

// "a,b" if both are numbers.
template <typename T>
std::optional<std::pair<T, T>> ParsePair(std::string_view text) {
  const size_t comma = text.find(',');
  if (comma == std::string_view::npos) return std::nullopt;
  const std::optional<T> first = ParseNumber<T>(text.substr(0, comma)), second = ParseNumber<T>(text.substr(comma + 1));
  if (!first || !second) return std::nullopt;
  return std::pair(*first, *second);
}

bool BoolMember(const Json& json, const char* key, std::string_view where) {
  const Json& value = Member(json, key, where);
  if (!value.is_boolean()) Fail(ErrorKind::kModel, "{}: \"{}\" is not true or false", where, key);
  return value.get<bool>();
}

double NumberIn(const Json& json, const char* key, double low, double high, std::string_view where) {
  const double value = NumberMember(json, key, where);
  if (!(value >= low && value <= high)) {
    Fail(ErrorKind::kModel, "{}: \"{}\" is {}, expected {} to {}", where, key, value, low, high);
  }
  return value;
}

}  // namespace

bool Augmentation::any() const {
  Augmentation nothing;
  nothing.fill_mode = fill_mode;
  nothing.randaugment_magnitude = randaugment_magnitude;
  return *this != nothing;
}

std::span<const AugmentationNumber> AugmentationNumbers() {
  return kNumbers;
}

std::span<const std::string> AugmentationNames() {
  static const std::vector<std::string> names = [] {
    std::vector<std::string> list;
    for (const Preset& preset : Presets()) list.emplace_back(preset.name);
    return list;
  }();
  return names;
}

Augmentation FindAugmentation(std::string_view name) {
  for (const Preset& preset : Presets()) {
    if (name == preset.name) return preset.augmentation;
  }
  const std::string nearest = NearestName(name, AugmentationNames());
  Fail(ErrorKind::kUsage, "there is no augmentation \"{}\"{}; choose one of {}", Printable(name, 40),
       nearest.empty() ? "" : fmt::format(" (did you mean {}?)", nearest), fmt::join(AugmentationNames(), ", "));
}

std::string NameOf(const Augmentation& augmentation) {
  for (const Preset& preset : Presets()) {
    if (preset.augmentation == augmentation) return preset.name;
  }
  return "custom";
}

std::string_view Name(FillMode mode) {
  return kFillModes[static_cast<size_t>(mode)];
}

FillMode ParseFillMode(std::string_view name) {
  const auto found = std::ranges::find(kFillModes, name);
  if (found == kFillModes.end()) {
    Fail(ErrorKind::kUsage, "fill mode \"{}\" is unknown; use {}", Printable(name, 40), fmt::join(kFillModes, ", "));
  }
  return static_cast<FillMode>(found - kFillModes.begin());
}

std::string BrightnessText(const Augmentation& a) {
  return a.brightness_low == 1 && a.brightness_high == 1 ? "none"
                                                         : fmt::format("{},{}", a.brightness_low, a.brightness_high);
}

void ParseBrightness(std::string_view text, Augmentation* augmentation) {
  const auto range = text == "none" ? std::pair(1.0, 1.0) : ParsePair<double>(text).value_or(std::pair(-1.0, -1.0));
  if (!(range.first >= 0 && range.first <= range.second && range.second <= kMaxBrightness)) {
    Fail(ErrorKind::kUsage,
         "brightness \"{}\" is not a range of factors; use none or LOW,HIGH from 0 to {}, as 0.8,1.2",
         Printable(text, 40), kMaxBrightness);
  }
  std::tie(augmentation->brightness_low, augmentation->brightness_high) = range;
}

std::string RandAugmentText(const Augmentation& a) {
  return a.randaugment_ops == 0 ? "none" : fmt::format("{},{}", a.randaugment_ops, a.randaugment_magnitude);
}

void ParseRandAugment(std::string_view text, Augmentation* augmentation) {
  const auto [ops, magnitude] = text == "none" ? std::pair(0, 0) : ParsePair<int>(text).value_or(std::pair(-1, -1));
  if (ops < 0 || ops > kMaxRandAugmentOps || magnitude < 0 || magnitude > kMaxRandAugmentMagnitude) {
    Fail(ErrorKind::kUsage, "RandAugment \"{}\" is unknown; use none or OPERATIONS,MAGNITUDE up to {},{}, as 2,9",
         Printable(text, 40), kMaxRandAugmentOps, kMaxRandAugmentMagnitude);
  }
  augmentation->randaugment_ops = ops;
  augmentation->randaugment_magnitude = magnitude;
}

Json ToJson(const Augmentation& a) {
  Json json = Json::object();
  for (const AugmentationNumber& number : kNumbers) json[number.name] = a.*number.member;
  json["brightness"] = {a.brightness_low, a.brightness_high};
  json["horizontal-flip"] = a.horizontal_flip;
  json["vertical-flip"] = a.vertical_flip;
  json["fill-mode"] = Name(a.fill_mode);
  json["randaugment"] = {{"operations", a.randaugment_ops}, {"magnitude", a.randaugment_magnitude}};
  return json;
}

Augmentation AugmentationFromJson(const Json& json, std::string_view where) {
  Augmentation a;
  for (const AugmentationNumber& number : kNumbers) {
    a.*number.member = NumberIn(json, number.name, number.low, number.high, where);
  }
  const Json& brightness = Member(json, "brightness", where);
  if (!brightness.is_array() || brightness.size() != 2 || !brightness[0].is_number() || !brightness[1].is_number()) {
    Fail(ErrorKind::kModel, "{}: \"brightness\" is not a list of two numbers", where);
  }
  a.brightness_low = brightness[0].get<double>();
  a.brightness_high = brightness[1].get<double>();
  if (!(a.brightness_low >= 0 && a.brightness_low <= a.brightness_high && a.brightness_high <= kMaxBrightness)) {
    Fail(ErrorKind::kModel, "{}: \"brightness\" is {} to {}, expected a range between 0 and {}", where,
         a.brightness_low, a.brightness_high, kMaxBrightness);
  }
  a.horizontal_flip = BoolMember(json, "horizontal-flip", where);
  a.vertical_flip = BoolMember(json, "vertical-flip", where);
  const std::string fill_mode = StringMember(json, "fill-mode", where);
  const auto found = std::ranges::find(kFillModes, fill_mode);
  if (found == kFillModes.end()) {
    Fail(ErrorKind::kModel, "{}: \"fill-mode\" is \"{}\", expected one of {}", where, Printable(fill_mode),
         fmt::join(kFillModes, ", "));
  }
  a.fill_mode = static_cast<FillMode>(found - kFillModes.begin());
  const Json& randaugment = Member(json, "randaugment", where);
  a.randaugment_ops = static_cast<int>(IntegerMember(randaugment, "operations", where, 0, kMaxRandAugmentOps));
  a.randaugment_magnitude =
      static_cast<int>(IntegerMember(randaugment, "magnitude", where, 0, kMaxRandAugmentMagnitude));
  return a;
}

}  // namespace siskin
