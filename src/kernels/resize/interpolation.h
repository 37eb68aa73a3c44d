// How pixels are resized: what a model file says, and resize.h does.
#pragma once

namespace siskin {

enum class Interpolation {
  kNearest,   // the pixel under the centre of the output pixel
  kBilinear,  // triangle filter, support widened when shrinking
  kArea,      // box filter, support widened when shrinking
};

}  // namespace siskin
