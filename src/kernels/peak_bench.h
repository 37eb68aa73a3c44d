// The yardstick of the kernel benchmarks: multiply-adds per second that this processor does now, in registers, and a
// loop that measures a kernel against it. Every benchmark measures the peak right before and after itself, because the
// clock and the neighbours of a virtual machine change within seconds.
#pragma once

#include <benchmark/benchmark.h>

#include <functional>

#include "base/threads.h"

namespace siskin {

// GFLOP/s of independent chains of fp32 multiply-adds on all threads of the pool, with the instruction set in use.
double MeasurePeakGflops(ThreadPool& threads);

// Runs `kernel`, which does 2 * `macs` operations, in the benchmark's loop. Counters: gflops, and percent: the fastest
// run's share of the peak. One thread is timed by its own CPU time, several by the clock.
void MeasureAgainstPeak(benchmark::State& state, ThreadPool& threads, double macs, const std::function<void()>& kernel);

}  // namespace siskin
