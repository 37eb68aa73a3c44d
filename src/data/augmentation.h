// Which random changes the photos of training go through, as data: parameters, their limits, named presets, JSON.
// Refuses to draw or to apply anything (augment.h does).
// The first parameters, up to the fill mode, are those of Keras' ImageDataGenerator and mean what they meant in
// Keras-Preprocessing 1.1. Of two oddities neither is followed: its warps turned about a point one pixel beside the
// centre, and Keras 3, which mended that, turned the axes round (its height shift moves photos sideways).
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "base/json_fwd.h"

namespace siskin {

// What lies beyond the edge of a photo, on the example a b c d: as scipy.ndimage's modes.
enum class FillMode {
  kNearest,   // a a a | a b c d | d d d
  kConstant,  // 0 0 0 | a b c d | 0 0 0
  kReflect,   // c b a | a b c d | d c b
  kWrap,      // b c d | a b c d | a b c, where d of one copy lies upon a of the next
};

struct Augmentation {
  double rotation = 0;       // degrees, to either side
  double width_shift = 0;    // share of the width, to either side
  double height_shift = 0;   // share of the height
  double shear = 0;          // degrees (so 0.2, which many recipes have, does next to nothing)
  double zoom = 0;           // scale of height and width, each by itself, from 1 - zoom to 1 + zoom; above 1 is smaller
  double channel_shift = 0;  // the same for red, green and blue; of 255
  double brightness_low = 1, brightness_high = 1;  // factor
  bool horizontal_flip = false, vertical_flip = false;
  FillMode fill_mode = FillMode::kNearest;
  // Random resized crop (Szegedy et al. 2014, "Going deeper with convolutions"): a part of at least this share of the
  // photo's area instead of the photo. 0: off.
  double crop = 0;
  double colour_jitter = 0;  // brightness, contrast and saturation by factors from 1 - x to 1 + x, in random order
  double erasing = 0;        // probability of a noisy rectangle (Zhong et al. 2017, "Random erasing")
  // RandAugment (Cubuk et al. 2019): so many operations of 14, each at this strength (0 to 30).
  int randaugment_ops = 0, randaugment_magnitude = 0;

  bool any() const;  // whether any photo may be changed; the fill mode alone changes none
  bool operator==(const Augmentation&) const = default;
};

inline constexpr int kMaxRandAugmentOps = 14, kMaxRandAugmentMagnitude = 30;

// The parameters that are one number: one table for limits, options and JSON.
struct AugmentationNumber {
  const char* name;  // as options and JSON spell it: "width-shift"
  double Augmentation::* member;
  double low, high;
  const char* help;
};
std::span<const AugmentationNumber> AugmentationNumbers();

inline constexpr double kMaxBrightness = 10;

// "none", "article", "light", "standard", "strong".
std::span<const std::string> AugmentationNames();
Augmentation FindAugmentation(std::string_view name);  // kUsage naming the nearest if there is none of that name
std::string NameOf(const Augmentation& augmentation);  // the preset that is equal, else "custom"

std::string_view Name(FillMode mode);
FillMode ParseFillMode(std::string_view name);  // kUsage with what is allowed

// "0.8,1.2"; "none" for 1,1. The parser: kUsage unless 0 <= low <= high <= kMaxBrightness.
std::string BrightnessText(const Augmentation& augmentation);
void ParseBrightness(std::string_view text, Augmentation* augmentation);
// "2,9" (operations, magnitude); "none" for no operations. kUsage beyond the limits above.
std::string RandAugmentText(const Augmentation& augmentation);
void ParseRandAugment(std::string_view text, Augmentation* augmentation);

Json ToJson(const Augmentation& augmentation);
// kModel with the reason: a member is missing, of the wrong type or beyond its limits.
Augmentation AugmentationFromJson(const Json& json, std::string_view where);

}  // namespace siskin
