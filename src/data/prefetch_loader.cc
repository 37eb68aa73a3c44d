#include "data/prefetch_loader.h"

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <optional>
#include <thread>
#include <utility>

#include "base/error.h"
#include "base/threads.h"
#include "data/augment.h"

namespace siskin {
namespace {

struct Slot {
  Batch batch;
  size_t missing = 0;  // photos not loaded yet
};

}  // namespace

// The photos of an epoch have positions 0, 1, ...; batch b lies in slot b % slots. A thread takes the next position as
// soon as the slot of its batch is free, and fills its part of it without holding the mutex: nobody else touches that
// part until `missing` says that the batch is complete.
struct PrefetchLoader::State {
  // Constant after the construction.
  std::vector<std::filesystem::path> files;
  Preprocessing preprocessing;
  Augmentation augmentation;
  uint64_t seed = 0;
  size_t photo_floats = 0;

  std::mutex mutex;
  std::condition_variable work_there, photo_done;
  // Guarded by the mutex; epoch, order and batch_size change only while `loading` is 0.
  bool stop = false;
  uint32_t epoch = 0;
  std::vector<uint32_t> order;
  size_t batch_size = 1;
  size_t next_position = 0;  // to load
  size_t loading = 0;        // photos being loaded now
  size_t next_batch = 0;     // to hand out
  size_t batches_free = 0;   // batches before this one have or had a slot
  std::vector<Slot> slots;
  Batch nothing;
  double seconds_waited = 0;

  std::vector<std::thread> threads;  // last: they use all of the above

  size_t num_batches() const { return (order.size() + batch_size - 1) / batch_size; }
  size_t PhotosIn(size_t batch) const { return std::min(batch_size, order.size() - batch * batch_size); }

  // Lets the batch be loaded into its slot, whose content is gone.
  void OpenSlot(size_t batch) {
    Slot& slot = slots[batch % slots.size()];
    slot.missing = PhotosIn(batch);
    const auto first = order.begin() + static_cast<std::ptrdiff_t>(batch * batch_size);
    slot.batch.photos.assign(first, first + static_cast<std::ptrdiff_t>(slot.missing));
    slot.batch.statuses.assign(slot.missing, {});
    slot.batch.pixels.resize(slot.missing * photo_floats);
  }

  void OpenFreeSlots() {
    for (; batches_free < std::min(next_batch + slots.size(), num_batches()); ++batches_free) OpenSlot(batches_free);
    work_there.notify_all();
  }

  // The position after the last one that may be loaded now.
  size_t PositionsFree() const { return std::min(batches_free * batch_size, order.size()); }

  LoadStatus Load(uint32_t photo, uint32_t in_epoch, std::span<float> out, std::string* buffer) const {
    const DrawnAugmentation drawn =
        DrawAugmentation(augmentation, preprocessing.height, preprocessing.width, seed, in_epoch, photo);
    const auto fill = [&](const Image& image) { PreprocessAugmented(image, preprocessing, drawn, out); };
    return LoadPhoto(files[photo], DecodeOptionsFor(preprocessing, drawn), out, fill, buffer);
  }

  void WorkerLoop() {
    LowerThreadPriority();
    const ScopedFlushDenormals flush;
    std::string buffer;
    std::unique_lock lock(mutex);
    while (true) {
      work_there.wait(lock, [&] { return stop || next_position < PositionsFree(); });
      if (stop) return;
      const size_t position = next_position++;
      Slot& slot = slots[position / batch_size % slots.size()];
      const size_t at = position % batch_size;
      const std::span<float> out = std::span(slot.batch.pixels).subspan(at * photo_floats, photo_floats);
      const uint32_t photo = slot.batch.photos[at], in_epoch = epoch;
      ++loading;
      lock.unlock();
      LoadStatus status = Load(photo, in_epoch, out, &buffer);
      lock.lock();
      slot.batch.statuses[at] = std::move(status);
      --slot.missing;
      --loading;
      if (slot.missing == 0 || loading == 0) photo_done.notify_all();
    }
  }
};

PrefetchLoader::PrefetchLoader(std::vector<std::filesystem::path> files, const Preprocessing& preprocessing,
                               const Augmentation& augmentation, uint64_t seed, const PrefetchOptions& options)
    : state_(std::make_unique<State>()) {
  if (options.num_threads < 1 || options.batches_ahead < 1) {
    Fail(ErrorKind::kInternal, "PrefetchLoader: {} threads, {} batches ahead; at least 1 is needed",
         options.num_threads, options.batches_ahead);
  }
  State& s = *state_;
  s.files = std::move(files);
  s.preprocessing = preprocessing;
  s.augmentation = augmentation;
  s.seed = seed;
  s.photo_floats = static_cast<size_t>(preprocessing.height) * preprocessing.width * 3;
  s.slots.resize(static_cast<size_t>(options.batches_ahead) + 1);
  for (int i = 0; i < options.num_threads; ++i) s.threads.emplace_back([&s] { s.WorkerLoop(); });
}

PrefetchLoader::~PrefetchLoader() {
  State& s = *state_;
  {
    const std::scoped_lock lock(s.mutex);
    s.stop = true;
  }
  s.work_there.notify_all();
  for (std::thread& thread : s.threads) thread.join();
}

void PrefetchLoader::Start(uint32_t epoch, std::vector<uint32_t> order, int batch_size) {
  State& s = *state_;
  const bool known = std::ranges::all_of(order, [&](uint32_t photo) { return photo < s.files.size(); });
  if (!known || batch_size < 1) {
    Fail(ErrorKind::kInternal, "PrefetchLoader: a photo beyond the {} there are, or batches of {}", s.files.size(),
         batch_size);
  }
  std::unique_lock lock(s.mutex);
  s.next_position = s.order.size();  // nothing more of the earlier epoch
  s.photo_done.wait(lock, [&] { return s.loading == 0; });
  s.epoch = epoch;
  s.order = std::move(order);
  s.batch_size = static_cast<size_t>(batch_size);
  s.next_position = s.next_batch = s.batches_free = 0;
  s.seconds_waited = 0;
  s.OpenFreeSlots();
}

Batch& PrefetchLoader::Next() {
  State& s = *state_;
  std::unique_lock lock(s.mutex);
  // The batch handed out before is given back: its slot takes another one.
  s.OpenFreeSlots();
  if (s.next_batch == s.num_batches()) return s.nothing;
  Slot& slot = s.slots[s.next_batch % s.slots.size()];
  if (slot.missing > 0) {
    const auto start = std::chrono::steady_clock::now();
    s.photo_done.wait(lock, [&] { return slot.missing == 0; });
    s.seconds_waited += std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  }
  ++s.next_batch;
  return slot.batch;
}

double PrefetchLoader::seconds_waited() const {
  const std::scoped_lock lock(state_->mutex);
  return state_->seconds_waited;
}

}  // namespace siskin
