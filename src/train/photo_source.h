// Photos as batches for a trainer: augmented for training, plain for validation.
#pragma once

#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <vector>

#include "base/threads.h"
#include "data/augmentation.h"
#include "data/prefetch_loader.h"
#include "images/preprocess.h"
#include "train/batch_source.h"

namespace siskin {

// Photos by their complete paths, with their classes. Every one must be readable.
struct LabelledPhotos {
  std::vector<std::filesystem::path> files;
  std::vector<int> labels;
};

class PhotoSource : public BatchSource {
 public:
  PhotoSource(LabelledPhotos train, LabelledPhotos validation, const Preprocessing& preprocessing,
              const Augmentation& augmentation, uint64_t seed, ThreadPool& threads);

  std::span<const int> training_labels() const override { return train_.labels; }
  std::span<const int> validation_labels() const override { return validation_.labels; }
  std::string NameOf(uint32_t photo) const override;
  void StartEpoch(uint32_t epoch, std::span<const uint32_t> order, int batch_size) override;
  Batch Next() override;
  double seconds_waited() const override { return waited_ + loader_.seconds_waited(); }
  void ReadValidation(size_t first, std::span<float> inputs) override;

 private:
  const LabelledPhotos train_, validation_;
  const Preprocessing preprocessing_;
  ThreadPool& threads_;
  PrefetchLoader loader_;
  double waited_ = 0;  // in the epochs before
};

}  // namespace siskin
