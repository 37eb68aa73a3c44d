#include "kernels/peak_bench.h"

#include <algorithm>
#include <ctime>
#include <limits>
#include <vector>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/peak_bench.cc"
#include "hwy/foreach_target.h"
#include "hwy/highway.h"
#include "kernels/dispatch.h"
#include "kernels/vector-inl.h"

HWY_BEFORE_NAMESPACE();
namespace siskin {
namespace HWY_NAMESPACE {

// 2 multiply-adds per cycle with a latency of 4 cycles need 8 chains; 12 also cover older processors' 2 x 5.
inline constexpr int kChains = 12;

// Runs `steps` multiply-adds in each chain; returns the floating-point operations done. `sink` keeps the result alive.
double MultiplyAddsT(int steps, float* sink) {
  const Floats d;
  Vector sums[kChains];
  HWY_UNROLL(16)
  for (int i = 0; i < kChains; ++i) sums[i] = hn::Set(d, 0.001f * static_cast<float>(i));
  const Vector a = hn::Set(d, *sink), b = hn::Set(d, 0.5f);
  for (int step = 0; step < steps; ++step) {
    HWY_UNROLL(16)
    for (int i = 0; i < kChains; ++i) sums[i] = hn::MulAdd(sums[i], a, b);
  }
  Vector total = hn::Zero(d);
  HWY_UNROLL(16)
  for (int i = 0; i < kChains; ++i) total = hn::Add(total, sums[i]);
  *sink = hn::GetLane(total) * 0.0f + 0.5f;
  return 2.0 * kChains * kLanes * steps;
}

// NOLINTNEXTLINE(google-readability-namespace-comments)
}  // namespace HWY_NAMESPACE
}  // namespace siskin
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace siskin {
namespace {

HWY_EXPORT(MultiplyAddsT);

double Now(clockid_t clock) {
  timespec time;
  clock_gettime(clock, &time);
  return static_cast<double>(time.tv_sec) + 1e-9 * static_cast<double>(time.tv_nsec);
}

clockid_t ClockFor(const ThreadPool& threads) {
  return threads.num_threads() == 1 ? CLOCK_THREAD_CPUTIME_ID : CLOCK_MONOTONIC;
}

}  // namespace

double MeasurePeakGflops(ThreadPool& threads) {
  constexpr int kRuns = 20, kSteps = 200'000;  // 20 x about 0.3 ms with AVX-512
  const clockid_t clock = ClockFor(threads);
  double best = 0;
  for (int run = 0; run < kRuns; ++run) {
    std::vector<double> flops(static_cast<size_t>(threads.num_threads()) * 16);  // 16: a cache line or two each
    const double start = Now(clock);
    threads.ParallelFor(static_cast<size_t>(threads.num_threads()), [&](size_t i, int) {
      float sink = 0.5f;
      flops[i * 16] = SISKIN_DISPATCH(MultiplyAddsT)(kSteps, &sink);
      benchmark::DoNotOptimize(sink);
    });
    const double seconds = Now(clock) - start;
    double total = 0;
    for (const double value : flops) total += value;
    best = std::max(best, total / seconds * 1e-9);
  }
  return best;
}

void MeasureAgainstPeak(benchmark::State& state, ThreadPool& threads, double macs,
                        const std::function<void()>& kernel) {
  const clockid_t clock = ClockFor(threads);
  double peak = MeasurePeakGflops(threads);
  double fastest = std::numeric_limits<double>::infinity();
  kernel();  // warms the caches
  for (auto _ : state) {
    const double start = Now(clock);
    kernel();
    const double seconds = Now(clock) - start;
    state.SetIterationTime(seconds);
    fastest = std::min(fastest, seconds);
  }
  peak = std::max(peak, MeasurePeakGflops(threads));
  const double gflops = 2e-9 * macs / fastest;
  state.counters["gflops"] = gflops;
  state.counters["peak"] = peak;
  state.counters["percent"] = 100 * gflops / peak;
}

}  // namespace siskin
#endif  // HWY_ONCE
