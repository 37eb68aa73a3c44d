// The check of pixels that come from outside, for both APIs.
#pragma once

#include "images/image.h"

namespace siskin {

// kUsage with the reason if there cannot be such a picture, or it has more pixels than a photo may have.
void RequirePicture(const ImageView& pixels);

}  // namespace siskin
