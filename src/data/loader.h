// Photos to batches of network input. LoadPhotos decodes on all threads of the pool between two batches of computing,
// rather than beside it: with every core busy either way, threads that compete for cores only slow the matrix product.
// It knows no augmentation: what validates, tests or predicts cannot be augmented by mistake. (Training of a whole
// network, where a step takes long and photos cost more, has PrefetchLoader.)
#pragma once

#include <filesystem>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/threads.h"
#include "images/preprocess.h"

namespace siskin {

struct LoadStatus {
  std::string error;    // empty: the photo's floats are valid; else they are zero
  std::string warning;  // decoded, but damaged

  bool operator==(const LoadStatus&) const = default;
};

// Reads, decodes and preprocesses files[i] (complete paths) into out[i * height * width * 3 ...]. One status per file.
std::vector<LoadStatus> LoadPhotos(std::span<const std::filesystem::path> files, const Preprocessing& preprocessing,
                                   std::span<float> out, ThreadPool& threads);

// The same for photos whose files' bytes are here already.
std::vector<LoadStatus> DecodePhotos(std::span<const std::string_view> photos, const Preprocessing& preprocessing,
                                     std::span<float> out, ThreadPool& threads);

// One photo: reads and decodes `file` and calls fill(image), which fills `out`; or zeroes `out`. `buffer` is scratch.
LoadStatus LoadPhoto(const std::filesystem::path& file, const DecodeOptions& options, std::span<float> out,
                     const std::function<void(const Image&)>& fill, std::string* buffer);

}  // namespace siskin
