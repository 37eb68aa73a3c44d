#include "data/loader.h"

#include <algorithm>

#include "base/error.h"
#include "base/files.h"
#include "images/decode.h"

namespace siskin {
namespace {

// Larger than any photo a camera makes (200 megapixels as 16-bit PNG are 1.2 GB at worst, in practice half of that).
constexpr size_t kLargestFile = size_t{1} << 30;

}  // namespace

LoadStatus LoadPhoto(const std::filesystem::path& file, const DecodeOptions& options, std::span<float> out,
                     const std::function<void(const Image&)>& fill, std::string* buffer) {
  LoadStatus status;
  if (TryReadFile(file, kLargestFile, buffer, &status.error)) {
    const DecodedImage decoded = DecodeImage(*buffer, options);
    status = {decoded.error, decoded.warning};
    if (status.error.empty()) fill(decoded.image);
  }
  if (!status.error.empty()) std::ranges::fill(out, 0.0f);
  return status;
}

std::vector<LoadStatus> LoadPhotos(std::span<const std::filesystem::path> files, const Preprocessing& preprocessing,
                                   std::span<float> out, ThreadPool& threads) {
  const size_t photo_floats = static_cast<size_t>(preprocessing.height) * preprocessing.width * 3;
  if (out.size() != files.size() * photo_floats) {
    Fail(ErrorKind::kInternal, "LoadPhotos: room for {} values, {} photos need {} each", out.size(), files.size(),
         photo_floats);
  }
  std::vector<LoadStatus> statuses(files.size());
  std::vector<std::string> buffers(static_cast<size_t>(threads.num_threads()));
  threads.ParallelFor(files.size(), [&](size_t i, int worker) {
    const std::span<float> photo = out.subspan(i * photo_floats, photo_floats);
    const auto fill = [&](const Image& image) { Preprocess(image, preprocessing, photo); };
    statuses[i] =
        LoadPhoto(files[i], DecodeOptionsFor(preprocessing), photo, fill, &buffers[static_cast<size_t>(worker)]);
  });
  return statuses;
}

}  // namespace siskin
