// The one EXIF tag that changes what a photo shows: orientation. Refuses to be an EXIF library: it reads the first IFD
// of the TIFF structure (TIFF 6.0, EXIF 2.32 section 4.6.4) and nothing else.
#pragma once

#include <string_view>

#include "images/image.h"

namespace siskin {

// tiff: from the byte order mark ("II" or "MM") on; a leading "Exif\0\0" is skipped. 1 (upright) if there is no valid
// orientation: a photo is never refused because of its EXIF data.
int ExifOrientation(std::string_view tiff);

// Turns and mirrors the pixels so that a photo stored with this orientation (1..8) stands upright.
Image Upright(Image image, int orientation);

}  // namespace siskin
