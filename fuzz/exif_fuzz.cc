// images/exif.h
#include "fuzz/target.h"
#include "images/exif.h"

namespace siskin::fuzz {

void Run(std::string_view input) {
  const int orientation = ExifOrientation(input);
  Require(orientation >= 1 && orientation <= 8, "orientations are 1 to 8");
  const Image upright = Upright({3, 2, std::vector<uint8_t>(18)}, orientation);
  Require(upright.width * upright.height == 6 && upright.rgb.size() == 18, "turning keeps the pixels");
}

}  // namespace siskin::fuzz
