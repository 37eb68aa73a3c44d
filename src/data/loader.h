// Photos to batches of network input. Decoding runs on all threads of the pool between two batches of computing, rather
// than beside it: with every core busy either way, threads that compete for cores only slow the matrix product.
#pragma once

#include <filesystem>
#include <span>
#include <string>
#include <vector>

#include "base/threads.h"
#include "images/preprocess.h"

namespace siskin {

struct LoadStatus {
  std::string error;    // empty: the photo's floats are valid; else they are zero
  std::string warning;  // decoded, but damaged
};

// Reads, decodes and preprocesses files[i] (complete paths) into out[i * height * width * 3 ...]. One status per file.
std::vector<LoadStatus> LoadPhotos(std::span<const std::filesystem::path> files, const Preprocessing& preprocessing,
                                   std::span<float> out, ThreadPool& threads);

}  // namespace siskin
