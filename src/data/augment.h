// Random changes of the photos of training: a pure function of (seed, epoch, photo), so that neither threads nor
// interruptions change what a network sees. Validation and test photos never come here: they are loaded by LoadPhotos,
// which knows no augmentation.
//
// In this order: crop of the decoded photo; resizing (Preprocessing); one warp for everything that moves pixels, Keras'
// parameters and RandAugment's; Keras' channel shift and brightness; colour jitter; RandAugment's colours; erasing;
// scaling (Preprocessing).
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "base/random.h"
#include "data/augmentation.h"
#include "data/warp.h"
#include "images/image.h"
#include "images/preprocess.h"

namespace siskin {

// In shares of width and height.
struct RelativeBox {
  float x = 0, y = 0, width = 1, height = 1;

  bool operator==(const RelativeBox&) const = default;
};

enum class ColourOp {
  kShiftChannels,
  kBrightness,
  kContrast,
  kSaturation,
  kSharpness,
  kAutoContrast,
  kEqualize,
  kSolarize,
  kPosterize,
};

struct ColourStep {
  ColourOp op;
  float amount = 0;  // the second argument in colour_ops.h, if there is one

  bool operator==(const ColourStep&) const = default;
};

// What chance decided for one photo in one epoch. Independent of the photo's size.
struct DrawnAugmentation {
  RelativeBox crop;
  Affine warp;  // of the resized photo
  FillMode fill_mode = FillMode::kNearest;
  std::vector<ColourStep> colours;
  RelativeBox erased = {.width = 0, .height = 0};  // of width 0: nothing
  Random noise{0, RandomPurpose::kAugment};        // what fills the erased part

  bool changes_nothing() const;
};

// For a network's input of height x width. Every parameter has its own random numbers: turning one on or off does not
// change what the others do.
DrawnAugmentation DrawAugmentation(const Augmentation& augmentation, int height, int width, uint64_t seed,
                                   uint32_t epoch, uint32_t photo);

// The decoding for it: a photo of which only a part will be used keeps more of its pixels.
DecodeOptions DecodeOptionsFor(const Preprocessing& preprocessing, const DrawnAugmentation& drawn);

// As Preprocess, and bit for bit the same if `drawn` changes nothing. out: [height, width, 3] floats, overwritten.
void PreprocessAugmented(const Image& image, const Preprocessing& preprocessing, const DrawnAugmentation& drawn,
                         std::span<float> out);

}  // namespace siskin
