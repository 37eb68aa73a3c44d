#include "data/loader.h"

#include <algorithm>

#include "base/error.h"
#include "base/files.h"
#include "images/decode.h"

namespace siskin {
namespace {

// Larger than any photo a camera makes (200 megapixels as 16-bit PNG are 1.2 GB at worst, in practice half of that).
constexpr size_t kLargestFile = size_t{1} << 30;

// Photo i by load(i, worker, its part of out).
std::vector<LoadStatus> LoadEach(size_t count, const Preprocessing& preprocessing, std::span<float> out,
                                 ThreadPool& threads,
                                 const std::function<LoadStatus(size_t i, int worker, std::span<float> photo)>& load) {
  const size_t photo_floats = static_cast<size_t>(preprocessing.height) * preprocessing.width * 3;
  if (out.size() != count * photo_floats) {
    Fail(ErrorKind::kInternal, "LoadPhotos: room for {} values, {} photos need {} each", out.size(), count,
         photo_floats);
  }
  std::vector<LoadStatus> statuses(count);
  threads.ParallelFor(
      count, [&](size_t i, int worker) { statuses[i] = load(i, worker, out.subspan(i * photo_floats, photo_floats)); });
  return statuses;
}

// Decodes `bytes` and calls fill(image), which fills `out`; or zeroes `out`.
LoadStatus DecodePhoto(std::string_view bytes, const DecodeOptions& options, std::span<float> out,
                       const std::function<void(const Image&)>& fill) {
  const DecodedImage decoded = DecodeImage(bytes, options);
  if (decoded.error.empty()) {
    fill(decoded.image);
  } else {
    std::ranges::fill(out, 0.0f);
  }
  return {decoded.error, decoded.warning};
}

}  // namespace

LoadStatus LoadPhoto(const std::filesystem::path& file, const DecodeOptions& options, std::span<float> out,
                     const std::function<void(const Image&)>& fill, std::string* buffer) {
  LoadStatus status;
  if (TryReadFile(file, kLargestFile, buffer, &status.error)) return DecodePhoto(*buffer, options, out, fill);
  std::ranges::fill(out, 0.0f);
  return status;
}

std::vector<LoadStatus> LoadPhotos(std::span<const std::filesystem::path> files, const Preprocessing& preprocessing,
                                   std::span<float> out, ThreadPool& threads) {
  std::vector<std::string> buffers(static_cast<size_t>(threads.num_threads()));
  return LoadEach(files.size(), preprocessing, out, threads, [&](size_t i, int worker, std::span<float> photo) {
    const auto fill = [&](const Image& image) { Preprocess(image, preprocessing, photo); };
    return LoadPhoto(files[i], DecodeOptionsFor(preprocessing), photo, fill, &buffers[static_cast<size_t>(worker)]);
  });
}

std::vector<LoadStatus> DecodePhotos(std::span<const std::string_view> photos, const Preprocessing& preprocessing,
                                     std::span<float> out, ThreadPool& threads) {
  return LoadEach(photos.size(), preprocessing, out, threads, [&](size_t i, int, std::span<float> photo) {
    const auto fill = [&](const Image& image) { Preprocess(image, preprocessing, photo); };
    return DecodePhoto(photos[i], DecodeOptionsFor(preprocessing), photo, fill);
  });
}

}  // namespace siskin
