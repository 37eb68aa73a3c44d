// Where a trainer's photos come from: rows of features (feature_source.h) or pixels (photo_source.h). Photos for
// training come in batches, in the order that the trainer gives them; those for validation as they stand.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

namespace siskin {

class BatchSource {
 public:
  struct Batch {
    std::span<float> inputs;           // [n, height, width, channels]; the holder of the batch may change them
    std::span<const uint32_t> photos;  // [n], numbers of training photos
  };

  virtual ~BatchSource() = default;

  // The classes of all photos.
  virtual std::span<const int> training_labels() const = 0;
  virtual std::span<const int> validation_labels() const = 0;
  // What a person knows a training photo by.
  virtual std::string NameOf(uint32_t photo) const = 0;

  // Begins with an epoch: training photos `order` in batches of batch_size, the last one smaller if need be. What is
  // left of an earlier epoch is dropped.
  virtual void StartEpoch(uint32_t epoch, std::span<const uint32_t> order, int batch_size) = 0;
  // The next batch, valid until the next call of this or StartEpoch. kData if a photo of it cannot be read.
  virtual Batch Next() = 0;
  // How long all calls of Next have waited for photos that were not ready, in seconds.
  virtual double seconds_waited() const { return 0; }

  // Validation photos from number `first` on, as many as fit into `inputs`.
  virtual void ReadValidation(size_t first, std::span<float> inputs) = 0;
};

}  // namespace siskin
