// A small JPEG of a photo, to be shown beside many others. Refuses to be the way of a photo into a network: that is
// preprocess.h.
#pragma once

#include <string>
#include <string_view>

namespace siskin {

// `bytes`: a photo as DecodeImage takes it. The whole photo, proportions kept, at most `longest_side` pixels (> 0) wide
// and high; never enlarged. Empty if it cannot be decoded.
std::string JpegThumbnail(std::string_view bytes, int longest_side);

}  // namespace siskin
