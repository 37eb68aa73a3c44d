#include "fma_peak.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <vector>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "fma_peak.cc"
#include "hwy/foreach_target.h"
#include "hwy/highway.h"

HWY_BEFORE_NAMESPACE();
namespace siskin {
namespace HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;

// Two units x four cycles of latency ask for 8 chains that do not wait for each other; 12 leave room and still fit the
// 16 registers of AVX2.
constexpr size_t kChains = 12;

// chains: [kChains] where each starts and, on return, where it ended. In memory, for a compiler that knew them equal
// would compute one chain instead of twelve. Returns the operations done.
double MultiplyAdd(size_t rounds, float* chains) {
  const hn::ScalableTag<float> d;
  // x -> 0.5 x + 0.5 goes to 1: no denormals, no infinities.
  const auto half = hn::Set(d, 0.5f);
  auto c0 = hn::Set(d, chains[0]), c1 = hn::Set(d, chains[1]), c2 = hn::Set(d, chains[2]), c3 = hn::Set(d, chains[3]);
  auto c4 = hn::Set(d, chains[4]), c5 = hn::Set(d, chains[5]), c6 = hn::Set(d, chains[6]), c7 = hn::Set(d, chains[7]);
  auto c8 = hn::Set(d, chains[8]), c9 = hn::Set(d, chains[9]), c10 = hn::Set(d, chains[10]);
  auto c11 = hn::Set(d, chains[11]);
  for (size_t i = 0; i < rounds; ++i) {
    c0 = hn::MulAdd(c0, half, half);
    c1 = hn::MulAdd(c1, half, half);
    c2 = hn::MulAdd(c2, half, half);
    c3 = hn::MulAdd(c3, half, half);
    c4 = hn::MulAdd(c4, half, half);
    c5 = hn::MulAdd(c5, half, half);
    c6 = hn::MulAdd(c6, half, half);
    c7 = hn::MulAdd(c7, half, half);
    c8 = hn::MulAdd(c8, half, half);
    c9 = hn::MulAdd(c9, half, half);
    c10 = hn::MulAdd(c10, half, half);
    c11 = hn::MulAdd(c11, half, half);
  }
  chains[0] = hn::GetLane(c0), chains[1] = hn::GetLane(c1), chains[2] = hn::GetLane(c2), chains[3] = hn::GetLane(c3);
  chains[4] = hn::GetLane(c4), chains[5] = hn::GetLane(c5), chains[6] = hn::GetLane(c6), chains[7] = hn::GetLane(c7);
  chains[8] = hn::GetLane(c8), chains[9] = hn::GetLane(c9), chains[10] = hn::GetLane(c10);
  chains[11] = hn::GetLane(c11);
  return 2.0 * static_cast<double>(rounds * kChains * hn::Lanes(d));
}

// NOLINTNEXTLINE(google-readability-namespace-comments)
}  // namespace HWY_NAMESPACE
}  // namespace siskin
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace siskin {

HWY_EXPORT(MultiplyAdd);

double MeasureFmaPeak(double seconds, ThreadPool& threads) {
  // A piece is about half a millisecond: long against handing it out, short enough that both cores end together.
  constexpr size_t kRoundsPerPiece = 200'000;
  const size_t pieces = static_cast<size_t>(threads.num_threads()) * 8;
  std::vector<std::array<float, 12>> chains(pieces, {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11});
  std::vector<double> operations(pieces);
  double best = 0, spent = 0;
  while (spent < seconds) {
    const auto start = std::chrono::steady_clock::now();
    threads.ParallelFor(pieces, [&](size_t piece, int) {
      operations[piece] = HWY_DYNAMIC_DISPATCH(MultiplyAdd)(kRoundsPerPiece, chains[piece].data());
    });
    const double elapsed = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    best = std::max(best, operations[0] * static_cast<double>(pieces) / elapsed * 1e-9);
    spent += elapsed;
  }
  return best;
}

}  // namespace siskin
#endif  // HWY_ONCE
