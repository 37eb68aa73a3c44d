#include "data/demo.h"

#include <algorithm>
#include <array>
#include <string>
#include <system_error>
#include <vector>

#include "base/error.h"
#include "base/files.h"
#include "base/random.h"
#include "data/demo_scenes.h"
#include "images/encode.h"

namespace siskin {
namespace fs = std::filesystem;
namespace {

// Class 1 holds the birds.
constexpr std::array kClassNames = {"other", "bird"};

std::string MakePhoto(uint64_t seed, bool is_bird, uint32_t number) {
  // Its own stream of random numbers, so that the scenes do not depend on the encoder.
  Random random(seed, RandomPurpose::kDemoData, number, is_bird ? 5 : 4);
  const int quality = 80 + static_cast<int>(random.Below(15));
  return EncodeJpeg(DrawScene(seed, is_bird, number), quality);
}

// The pictures can be drawn again at any time: nobody waits 10 ms for each to reach the disk.
class UnflushedOps : public FileOps {
 public:
  int Fsync(int /*fd*/) override { return 0; }
};

void CheckFolder(const fs::path& folder) {
  std::error_code error;
  const bool exists = fs::exists(folder, error);
  if (exists && (!fs::is_directory(folder, error) || !fs::is_empty(folder, error) || error)) {
    Fail(ErrorKind::kUsage, "{}: exists already and is not an empty folder; name a new one",
         Printable(folder.native()));
  }
}

}  // namespace

void WriteDemoData(const fs::path& folder, int photos_per_class, uint64_t seed, const RunContext& context) {
  if (photos_per_class < 1) {
    Fail(ErrorKind::kUsage, "{} photos per class were asked for; at least 1 is needed", photos_per_class);
  }
  CheckFolder(folder);
  for (const char* name : kClassNames) MakeFolder(folder / name);

  const size_t count = static_cast<size_t>(photos_per_class) * kClassNames.size();
  context.progress.Begin("draw", "photos", count);
  // Drawn by all threads, written by this one: a full disk is an exception, which must not leave a worker.
  constexpr size_t kChunk = 64;  // 1 MB of photos
  UnflushedOps ops;
  std::vector<std::string> photos(kChunk);
  for (size_t begin = 0; begin < count; begin += kChunk) {
    if (context.stopped()) Fail(ErrorKind::kInterrupted, "drawing was interrupted after {} photos", begin);
    const size_t chunk = std::min(kChunk, count - begin);
    context.threads.ParallelFor(chunk, [&](size_t i, int) {
      photos[i] = MakePhoto(seed, (begin + i) % 2 == 1, static_cast<uint32_t>((begin + i) / 2));
    });
    for (size_t i = 0; i < chunk; ++i) {
      if (photos[i].empty()) Fail(ErrorKind::kInternal, "libjpeg could not encode a picture; is the memory full?");
      const size_t number = (begin + i) / 2 + 1;
      WriteFileAtomic(folder / kClassNames[(begin + i) % 2] / fmt::format("{:03}.jpg", number), photos[i], ops);
    }
    context.progress.Advance(chunk);
  }
  context.progress.Finish();
}

}  // namespace siskin
