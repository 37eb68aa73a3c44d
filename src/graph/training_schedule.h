// The steps of one training pass, forward and backward, and the memory they work on. A step is one call of a kernel (or
// a few that belong together); the schedule knows which buffers it touches and so how long they live.
#pragma once

#include <cstddef>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "base/threads.h"
#include "graph/memory_plan.h"
#include "graph/training_plan.h"
#include "tensor/view.h"

namespace siskin {

using BufferId = int;
constexpr BufferId kNoBuffer = -1;

// What a step gets when it runs.
struct TrainingPass {
  int n = 0;  // images
  std::span<const float> parameters;
  std::span<float> statistics;
  std::span<float> gradient;
  const DropoutKey* dropout = nullptr;
};

class TrainingSchedule {
 public:
  explicit TrainingSchedule(int max_batch) : max_batch_(max_batch) {}

  BufferId NewBuffer(const FeatureShape& shape);
  BufferId NewBuffer(size_t bytes_per_image);

  // `uses`: every buffer that the step reads or writes (kNoBuffer is ignored).
  void Emit(std::string layer, std::string what, std::vector<BufferId> uses,
            std::function<void(const TrainingPass&)> run);

  // Steps from here on belong to the backward pass.
  void BeginBackward() { first_backward_ = steps_.size(); }

  void PlanArena();
  void RunForward(const TrainingPass& pass) { Run(0, first_backward_, pass); }
  void RunBackward(const TrainingPass& pass) { Run(first_backward_, steps_.size(), pass); }

  // A buffer's activations of the first n images; after PlanArena.
  View At(BufferId buffer, int n) const;
  void* Bytes(BufferId buffer) const;

  size_t arena_bytes() const { return arena_.num_bytes(); }
  const std::vector<TrainingPlan::Step>& steps() const { return named_; }

 private:
  struct Buffer {
    FeatureShape shape;
    int stride = 0;
    bool padded = false;
    Lifetime lifetime;
  };
  void Run(size_t begin, size_t end, const TrainingPass& pass);

  int max_batch_;
  size_t first_backward_ = 0;
  std::vector<Buffer> buffers_;
  std::vector<std::function<void(const TrainingPass&)>> steps_;
  std::vector<TrainingPlan::Step> named_;
  std::vector<size_t> offsets_;  // bytes
  Tensor arena_;
};

}  // namespace siskin
