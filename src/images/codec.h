// What each file format gives to DecodeImage; private to images/. A codec knows its format only: limits on size, EXIF
// orientation and the choice of the codec are in image.cc.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "images/image.h"

namespace siskin {

// What a file says before any pixel is decoded. Sizes are as stored, before the EXIF orientation.
struct PhotoHeader {
  std::string error;  // not empty: nothing else is valid
  int width = 0, height = 0;
  int orientation = 1;  // EXIF, 1..8
  // What decoding would take: the size of the decoded picture (smaller than width x height if a JPEG is scaled down)
  // and the bytes of memory for it and beside it.
  int decoded_width = 0, decoded_height = 0;
  int64_t memory_bytes = 0;
  // The file is so small that, at the best compression the format knows, less than half of the pixels can be there.
  bool too_small = false;
};

struct Codec {
  const char* format;
  bool (*matches)(std::string_view bytes);
  PhotoHeader (*read_header)(std::string_view bytes, int min_side);
  // Fills image, warning and error of `result`; image.rgb has been allocated for the decoded size and is zero.
  void (*decode)(std::string_view bytes, const PhotoHeader& header, DecodedImage* result);
};

extern const Codec kJpegCodec, kPngCodec, kWebPCodec;

// How many of a photo's rows could be decoded, counted from the top and at its full height.
struct RowsThere {
  int complete = 0;  // as they should be
  int visible = 0;   // these, and further ones that lack detail
  int all = 0;
};

// Sets the warning or error of a photo of which not all rows are complete, and paints those grey that are not even
// visible. `reason` follows the sentence; may be empty.
void ReportMissingRows(const RowsThere& rows, std::string_view reason, DecodedImage* result);

// rgba: pixels with alpha; rgb: the same number of pixels, composed onto white.
void ComposeOnWhite(std::span<const uint8_t> rgba, uint8_t* rgb);

}  // namespace siskin
