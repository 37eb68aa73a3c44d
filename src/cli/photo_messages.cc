#include "cli/photo_messages.h"

#include <algorithm>

#include "base/error.h"
#include "cli/text.h"

namespace siskin::cli {

void WarnAboutPhotos(std::span<const SkippedFile> photos, std::string_view what, Session& session) {
  if (photos.empty()) return;
  constexpr size_t kShown = 5;
  const size_t shown = session.verbose() ? photos.size() : std::min(photos.size(), kShown);
  Console& console = session.console();
  console.Warning(fmt::format("{} {}:", Plural(photos.size(), "photo"), what));
  for (const SkippedFile& photo : photos.first(shown)) {
    console.Line(fmt::format("  {}: {}", Printable(photo.path), photo.reason));
  }
  if (shown < photos.size()) console.Line(fmt::format("  and {} more (-v names them all)", photos.size() - shown));
}

}  // namespace siskin::cli
