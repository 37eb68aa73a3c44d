// Training batches, read, decoded and augmented by threads of their own while the network computes. What comes out
// depends on seed, epoch and order only, not on the number of threads or on time. For training only: validation and
// test photos come from LoadPhotos.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <vector>

#include "data/augmentation.h"
#include "data/loader.h"
#include "images/preprocess.h"

namespace siskin {

struct Batch {
  std::vector<float> pixels;         // [photos, height, width, 3]
  std::vector<uint32_t> photos;      // indices into the list of files
  std::vector<LoadStatus> statuses;  // of each photo; with an error its pixels are zero
};

struct PrefetchOptions {
  int num_threads = 1;    // at low priority; one prepares 1,000 photos of 200 px a second, training takes some tens
  int batches_ahead = 2;  // memory: so many batches and one more, which the caller has
};

class PrefetchLoader {
 public:
  // Photo i is files[i], a complete path; i is also what its augmentation depends on.
  PrefetchLoader(std::vector<std::filesystem::path> files, const Preprocessing& preprocessing,
                 const Augmentation& augmentation, uint64_t seed, const PrefetchOptions& options = {});
  // Waits for the photos being decoded at this moment, not for the rest of the epoch.
  ~PrefetchLoader();
  PrefetchLoader(const PrefetchLoader&) = delete;
  PrefetchLoader& operator=(const PrefetchLoader&) = delete;

  // Begins with an epoch: photos `order` (indices, repetitions allowed) in batches of batch_size, the last one smaller
  // if need be. What is left of an earlier epoch is dropped. kInternal if an index or the size makes no sense.
  void Start(uint32_t epoch, std::vector<uint32_t> order, int batch_size);

  // The next batch of the epoch, valid until the next call of Next or Start; the caller may change it. Empty after the
  // last one.
  Batch& Next();

  // How long Next has waited for photos since Start: 0 if they were always there in time.
  double seconds_waited() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace siskin
