// Features as batches for a trainer, brought to mean 0 and deviation 1 if the recipe says so; and the weights of a head
// that was trained on them, for features as they are.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "base/threads.h"
#include "tensor/tensor.h"
#include "train/batch_source.h"
#include "train/features.h"

namespace siskin {

// Shifts and scales that bring every channel to mean 0 and deviation 1 over the training photos.
struct Standardization {
  std::vector<float> mean, scale;  // x becomes (x - mean) * scale
};
// Identity if the recipe does not standardise.
Standardization FitStandardization(const FeatureSet& train, bool standardize, ThreadPool& threads);
// (x - mean) * scale moved into the layer that reads x: LAYER/kernel [inputs, units] and LAYER/bias in `weights`.
void FoldStandardization(const Standardization& standardization, const std::string& layer, TensorMap* weights);

class FeatureSource : public BatchSource {
 public:
  // The feature sets must outlive it; neither may be empty.
  FeatureSource(const FeatureSet& train, const FeatureSet& validation, bool standardize, ThreadPool& threads);

  const Standardization& standardization() const { return standardization_; }

  std::span<const int> training_labels() const override { return train_.labels; }
  std::span<const int> validation_labels() const override { return validation_.labels; }
  std::string NameOf(uint32_t photo) const override;
  void StartEpoch(uint32_t epoch, std::span<const uint32_t> order, int batch_size) override;
  Batch Next() override;
  void ReadValidation(size_t first, std::span<float> inputs) override;

 private:
  void Standardize(std::span<const float> row, std::span<float> to) const;

  const FeatureSet &train_, &validation_;
  ThreadPool& threads_;
  const Standardization standardization_;
  std::vector<uint32_t> order_;
  size_t next_ = 0, batch_size_ = 1;  // photos of the order that were handed out; in a batch
  std::vector<float> batch_;
};

}  // namespace siskin
