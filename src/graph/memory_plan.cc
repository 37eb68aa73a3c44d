#include "graph/memory_plan.h"

#include <algorithm>
#include <limits>
#include <numeric>

namespace siskin {
namespace {

constexpr size_t kAlignment = kLineBytes;

size_t Aligned(size_t bytes) {
  return (bytes + kAlignment - 1) / kAlignment * kAlignment;
}

bool Overlap(const Lifetime& a, const Lifetime& b) {
  return a.first <= b.last && b.first <= a.last;
}

}  // namespace

MemoryPlan PlanMemory(std::span<const Lifetime> lifetimes) {
  MemoryPlan plan;
  plan.offsets.resize(lifetimes.size(), 0);
  std::vector<size_t> by_size(lifetimes.size());
  std::iota(by_size.begin(), by_size.end(), size_t{0});
  std::stable_sort(by_size.begin(), by_size.end(),
                   [&](size_t a, size_t b) { return lifetimes[a].bytes > lifetimes[b].bytes; });
  std::vector<size_t> placed;  // in order of offset
  for (const size_t index : by_size) {
    const size_t bytes = Aligned(lifetimes[index].bytes);
    size_t end_before = 0, best_offset = 0, best_gap = std::numeric_limits<size_t>::max();
    for (const size_t other : placed) {
      if (!Overlap(lifetimes[index], lifetimes[other])) continue;
      const size_t begin = plan.offsets[other];
      if (begin > end_before && begin - end_before >= bytes && begin - end_before < best_gap) {
        best_gap = begin - end_before;
        best_offset = end_before;
      }
      end_before = std::max(end_before, begin + Aligned(lifetimes[other].bytes));
    }
    const size_t offset = best_gap == std::numeric_limits<size_t>::max() ? end_before : best_offset;
    plan.offsets[index] = offset;
    plan.total_bytes = std::max(plan.total_bytes, offset + bytes);
    const auto behind = std::find_if(placed.begin(), placed.end(), [&](size_t p) { return plan.offsets[p] > offset; });
    placed.insert(behind, index);
  }
  return plan;
}

}  // namespace siskin
