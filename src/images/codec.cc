#include "images/codec.h"

#include <algorithm>
#include <span>

#include "base/error.h"

namespace siskin {

void ReportMissingRows(const RowsThere& rows, std::string_view reason, DecodedImage* result) {
  std::string text = fmt::format("truncated: only the first {} of {} rows are {}", rows.complete, rows.all,
                                 rows.visible > rows.complete ? "complete" : "there");
  if (!reason.empty()) text += fmt::format(" ({})", reason);
  // Less than three quarters of a photo may well lack what it was taken for.
  (rows.complete < rows.all - rows.all / 4 ? result->error : result->warning) = text;
  const auto rgb = std::span(result->image.rgb);
  constexpr uint8_t kGrey = 128;  // what a JPEG without coefficients is
  const size_t missing = static_cast<size_t>(int64_t{rows.all - rows.visible} * result->image.height / rows.all);
  std::ranges::fill(rgb.last(missing * static_cast<size_t>(result->image.width) * 3), kGrey);
}

void ComposeOnWhite(std::span<const uint8_t> rgba, uint8_t* rgb) {
  for (size_t i = 0; i + 3 < rgba.size(); i += 4, rgb += 3) {
    const unsigned alpha = rgba[i + 3];
    for (size_t c = 0; c < 3; ++c) {
      rgb[c] = static_cast<uint8_t>((rgba[i + c] * alpha + 255 * (255 - alpha) + 127) / 255);
    }
  }
}

}  // namespace siskin
