#include "graph/training_schedule.h"

#include <algorithm>
#include <chrono>
#include <utility>

namespace siskin {
BufferId TrainingSchedule::NewBuffer(const FeatureShape& shape) {
  const bool padded = shape.c >= kMinPaddedChannels;
  const int stride = ArenaStride(shape.c, padded);
  const size_t floats = static_cast<size_t>(shape.h) * static_cast<size_t>(shape.w) * static_cast<size_t>(stride);
  const BufferId id = NewBuffer(floats * sizeof(float));
  Buffer& buffer = buffers_.back();
  buffer.shape = shape;
  buffer.stride = stride;
  buffer.padded = padded;
  return id;
}

BufferId TrainingSchedule::NewBuffer(size_t bytes_per_image) {
  Buffer buffer;
  buffer.lifetime = {bytes_per_image * static_cast<size_t>(max_batch_), static_cast<int>(steps_.size()), -1};
  buffers_.push_back(buffer);
  return static_cast<BufferId>(buffers_.size()) - 1;
}

void TrainingSchedule::Emit(std::string layer, std::string what, std::vector<BufferId> uses,
                            std::function<void(const TrainingPass&)> run) {
  const auto now = static_cast<int>(steps_.size());
  for (const BufferId buffer : uses) {
    if (buffer == kNoBuffer) continue;
    Lifetime& lifetime = buffers_[static_cast<size_t>(buffer)].lifetime;
    if (lifetime.last < 0) lifetime.first = now;
    lifetime.last = now;
  }
  steps_.push_back(std::move(run));
  named_.push_back({std::move(layer), std::move(what)});
}

void TrainingSchedule::PlanArena() {
  std::vector<Lifetime> lifetimes;
  for (const Buffer& buffer : buffers_) {
    lifetimes.push_back(buffer.lifetime);
    lifetimes.back().last = std::max(lifetimes.back().last, lifetimes.back().first);
  }
  MemoryPlan plan = PlanMemory(lifetimes);
  offsets_ = std::move(plan.offsets);
  arena_ = Tensor(Shape{static_cast<int64_t>(plan.total_bytes / sizeof(float))});
}

View TrainingSchedule::At(BufferId id, int n) const {
  const Buffer& buffer = buffers_[static_cast<size_t>(id)];
  return {
      static_cast<float*>(Bytes(id)), n, buffer.shape.h, buffer.shape.w, buffer.shape.c, buffer.stride, buffer.padded};
}

void* TrainingSchedule::Bytes(BufferId id) const {
  // The arena is owned: constness of the schedule is about its steps.
  return const_cast<std::byte*>(arena_.bytes().data()) + offsets_[static_cast<size_t>(id)];
}

void TrainingSchedule::Run(size_t begin, size_t end, const TrainingPass& pass) {
  using Clock = std::chrono::steady_clock;
  auto before = Clock::now();
  for (size_t i = begin; i < end; ++i) {
    steps_[i](pass);
    const auto after = Clock::now();
    named_[i].seconds = std::chrono::duration<double>(after - before).count();
    before = after;
  }
}

}  // namespace siskin
