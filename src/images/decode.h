// Bytes of a photo to pixels: JPEG, PNG, WebP. Refuses to be an image library: no animation, no colour management.
#pragma once

#include <string_view>

#include "images/image.h"

namespace siskin {

// Never throws (but std::bad_alloc). Transparent pixels are composed onto white; grey, palette, 16-bit and CMYK become
// RGB. Of a truncated photo at least three quarters of the rows must be there, as the decoder counts them; the missing
// ones are grey. Of a progressive JPEG these rows must have all detail of the brightness, if not to its last bits, and
// the colours' means; rows that have less stay blurred.
DecodedImage DecodeImage(std::string_view bytes, const DecodeOptions& options = {});

// Only the header: format and upright size, or the error.
DecodedImage ProbeImage(std::string_view bytes, const DecodeOptions& options = {});

}  // namespace siskin
