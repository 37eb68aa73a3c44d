#include "api/pixels.h"

#include "base/error.h"

namespace siskin {

void RequirePicture(const ImageView& pixels) {
  const int64_t most = DecodeOptions().max_pixels;
  if (pixels.rgb == nullptr) Fail(ErrorKind::kUsage, "rgb is NULL");
  if (pixels.width <= 0 || pixels.height <= 0 || pixels.width > most / pixels.height) {
    Fail(ErrorKind::kUsage, "{} x {} pixels: the photo has none, or more than {}", pixels.width, pixels.height, most);
  }
  if (pixels.row_bytes < static_cast<size_t>(pixels.width) * 3) {
    Fail(ErrorKind::kUsage, "row_bytes, {}, is less than 3 * width", pixels.row_bytes);
  }
}

}  // namespace siskin
