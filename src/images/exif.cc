#include "images/exif.h"

#include <cstddef>
#include <cstdint>
#include <utility>

namespace siskin {
namespace {

constexpr uint16_t kOrientationTag = 0x0112;
// TIFF field types. The orientation should be SHORT; phones have written it as LONG, and readers take any integer but
// BYTE (Pillow; exiftool takes that, too).
constexpr uint16_t kShort = 3, kLong = 4, kSignedShort = 8, kSignedLong = 9;

// Numbers of either byte order; 0 beyond the end.
class TiffReader {
 public:
  TiffReader(std::string_view bytes, bool big_endian) : bytes_(bytes), big_endian_(big_endian) {}

  uint16_t U16(size_t pos) const {
    if (pos > bytes_.size() || bytes_.size() - pos < 2) return 0;
    const auto first = static_cast<uint8_t>(bytes_[pos]), second = static_cast<uint8_t>(bytes_[pos + 1]);
    return static_cast<uint16_t>(big_endian_ ? first << 8 | second : second << 8 | first);
  }
  uint32_t U32(size_t pos) const {
    const uint32_t first = U16(pos), second = U16(pos + 2);
    return big_endian_ ? first << 16 | second : second << 16 | first;
  }

 private:
  std::string_view bytes_;
  bool big_endian_;
};

// The value of an entry of the IFD, if it is one integer; else 0. A value of 16 bits comes first in its four bytes.
uint32_t IntegerAt(const TiffReader& reader, size_t entry) {
  switch (reader.U16(entry + 2)) {
    case kShort:
    case kSignedShort:
      return reader.U16(entry + 8);
    case kLong:
    case kSignedLong:
      return reader.U32(entry + 8);
    default:
      return 0;
  }
}

}  // namespace

int ExifOrientation(std::string_view tiff) {
  constexpr std::string_view kPrefix("Exif\0\0", 6);
  if (tiff.starts_with(kPrefix)) tiff.remove_prefix(kPrefix.size());
  if (!tiff.starts_with("II") && !tiff.starts_with("MM")) return 1;
  const TiffReader reader(tiff, tiff[0] == 'M');
  if (reader.U16(2) != 42) return 1;
  const size_t ifd = reader.U32(4);
  const size_t entries = reader.U16(ifd);
  for (size_t i = 0; i < entries; ++i) {
    const size_t entry = ifd + 2 + i * 12;  // 12 bytes: tag, type, count, value
    if (entry >= tiff.size()) break;
    if (reader.U16(entry) != kOrientationTag) continue;
    const uint32_t value = IntegerAt(reader, entry);
    return value >= 1 && value <= 8 ? static_cast<int>(value) : 1;
  }
  return 1;
}

Image Upright(Image image, int orientation) {
  if (orientation <= 1 || orientation > 8) return image;
  const ptrdiff_t w = image.width, h = image.height;
  // Where the upright picture's pixels are in the stored one: pixel (x, y) at origin + x * right + y * down.
  struct Walk {
    ptrdiff_t origin, right, down;
  };
  const Walk walks[] = {
      {w - 1, -1, w},        // 2: mirrored left to right
      {w * h - 1, -1, -w},   // 3: upside down
      {(h - 1) * w, 1, -w},  // 4: mirrored top to bottom
      {0, w, 1},             // 5: transposed
      {(h - 1) * w, -w, 1},  // 6: to be turned a quarter clockwise
      {w * h - 1, -w, -1},   // 7: transposed over the other diagonal
      {w - 1, w, -1},        // 8: to be turned a quarter counter-clockwise
  };
  const Walk& walk = walks[orientation - 2];
  Image upright{image.width, image.height, std::vector<uint8_t>(image.rgb.size())};
  if (orientation >= 5) std::swap(upright.width, upright.height);
  uint8_t* out = upright.rgb.data();
  for (int y = 0; y < upright.height; ++y) {
    const uint8_t* in = image.rgb.data() + (walk.origin + y * walk.down) * 3;
    for (int x = 0; x < upright.width; ++x, in += walk.right * 3, out += 3) {
      out[0] = in[0];
      out[1] = in[1];
      out[2] = in[2];
    }
  }
  return upright;
}

}  // namespace siskin
