#include "train/photo_source.h"

#include <utility>

#include "base/error.h"
#include "data/loader.h"

namespace siskin {

PhotoSource::PhotoSource(LabelledPhotos train, LabelledPhotos validation, const Preprocessing& preprocessing,
                         const Augmentation& augmentation, uint64_t seed, ThreadPool& threads)
    : train_(std::move(train)),
      validation_(std::move(validation)),
      preprocessing_(preprocessing),
      threads_(threads),
      loader_(train_.files, preprocessing, augmentation, seed) {}

std::string PhotoSource::NameOf(uint32_t photo) const {
  return Printable(train_.files[photo].native());
}

void PhotoSource::StartEpoch(uint32_t epoch, std::span<const uint32_t> order, int batch_size) {
  waited_ += loader_.seconds_waited();  // which begins anew
  loader_.Start(epoch, {order.begin(), order.end()}, batch_size);
}

BatchSource::Batch PhotoSource::Next() {
  siskin::Batch& batch = loader_.Next();
  for (size_t i = 0; i < batch.statuses.size(); ++i) {
    if (batch.statuses[i].error.empty()) continue;
    Fail(ErrorKind::kData, "{}: could be read before, and now it cannot: {}", NameOf(batch.photos[i]),
         batch.statuses[i].error);
  }
  return {batch.pixels, batch.photos};
}

void PhotoSource::ReadValidation(size_t first, std::span<float> inputs) {
  const size_t floats = static_cast<size_t>(preprocessing_.height) * static_cast<size_t>(preprocessing_.width) * 3;
  LoadPhotos(std::span(validation_.files).subspan(first, inputs.size() / floats), preprocessing_, inputs, threads_);
}

}  // namespace siskin
