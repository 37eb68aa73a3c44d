// Pixels to the bytes of a JPEG or PNG file.
#pragma once

#include <string>

#include "images/image.h"

namespace siskin {

// A baseline JPEG of the pixels, colours at half resolution; quality 1..100. Empty if libjpeg has no memory for it.
std::string EncodeJpeg(const Image& image, int quality);

// A complete PNG file, 8 bits, RGB. kInternal if the image has no pixels or they do not fit its size.
std::string EncodePng(const Image& image);

}  // namespace siskin
