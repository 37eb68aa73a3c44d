#include "base/threads.h"

#include <sched.h>
#include <sys/resource.h>

#include <algorithm>
#include <atomic>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <fstream>
#include <string>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

#include "base/error.h"

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace siskin {
namespace {

// What differs between processors: a pause in a loop that waits for another core, and the register that says what
// becomes of denormals.
#if defined(__x86_64__)

void Pause() {
  _mm_pause();
}

constexpr uint64_t kFlushDenormals = 0x8040;  // MXCSR: bit 15 flush to zero, bit 6 denormals are zero

uint64_t FloatingPointControl() {
  return _mm_getcsr();
}

void SetFloatingPointControl(uint64_t control) {
  _mm_setcsr(static_cast<unsigned>(control));
}

#elif defined(__aarch64__)

// `yield` is meant for this but does nothing on most cores; `isb` empties the pipeline, which takes about as long as
// the pause of x86.
void Pause() {
  asm volatile("isb" ::: "memory");
}

constexpr uint64_t kFlushDenormals = uint64_t{1} << 24;  // FPCR.FZ: operands and results

uint64_t FloatingPointControl() {
  uint64_t control;
  asm volatile("mrs %0, fpcr" : "=r"(control));
  return control;
}

void SetFloatingPointControl(uint64_t control) {
  asm volatile("msr fpcr, %0" ::"r"(control) : "memory");
}

#else

void Pause() {}

constexpr uint64_t kFlushDenormals = 0;

uint64_t FloatingPointControl() {
  return 0;
}

void SetFloatingPointControl(uint64_t) {}

#endif

// Some 20 us of pauses on a 3-5 GHz core: longer than the gap between two layers of a network, much shorter than the
// time it takes to wake a sleeping thread several times per layer.
constexpr int kSpins = 2000;

template <typename Done>
void SpinThenWait(std::atomic<uint32_t>& value, const Done& done) {
  for (int spin = 0;; ++spin) {
    const uint32_t seen = value.load(std::memory_order_acquire);
    if (done(seen)) return;
    if (spin < kSpins) {
      Pause();
    } else {
      value.wait(seen, std::memory_order_acquire);
    }
  }
}

int CgroupProcessors() {
  std::ifstream file("/sys/fs/cgroup/cpu.max");  // cgroup v2: "max 100000" or "150000 100000"
  std::string quota;
  double period = 0;
  if (!(file >> quota >> period) || quota == "max" || period <= 0) return 0;
  return static_cast<int>(std::ceil(std::strtod(quota.c_str(), nullptr) / period));
}

}  // namespace

struct ThreadPool::State {
  explicit State(size_t num_threads) : shares(num_threads) { threads.reserve(num_threads); }
  ~State() {
    stop = true;
    Begin();
    for (std::thread& thread : threads) thread.join();
  }
  State(const State&) = delete;
  State& operator=(const State&) = delete;

  // What is left of a worker's indices; on a cache line of its own.
  struct alignas(64) Share {
    std::atomic<size_t> next{0};
    size_t end = 0;
  };

  std::vector<std::thread> threads;
  std::vector<Share> shares;  // of all workers
  // One job at a time; the generation is bumped to start it, `running` counts the helpers still in it.
  std::atomic<uint32_t> generation{0};
  std::atomic<uint32_t> running{0};
  Body body = nullptr;
  const void* fn = nullptr;
  bool stop = false;
  // What fn threw first. Written by the worker that sets `failed`, read by the caller when nobody is running.
  std::atomic<bool> failed{false};
  std::exception_ptr error;

  // Wakes the helpers.
  void Begin() {
    generation.fetch_add(1, std::memory_order_acq_rel);
    generation.notify_all();
  }

  // Keeps the exception for the caller: it would end the program at the end of a thread, and leave the caller's frame
  // to helpers that still use it.
  void Drain(int worker) {
    try {
      TakeIndices(worker);
    } catch (...) {
      if (!failed.exchange(true, std::memory_order_relaxed)) error = std::current_exception();
      for (Share& share : shares) share.next.store(share.end, std::memory_order_relaxed);
    }
  }

  // The worker's own share, then what the others have not begun.
  void TakeIndices(int worker) {
    for (size_t i = 0; i < shares.size(); ++i) {
      Share& share = shares[(static_cast<size_t>(worker) + i) % shares.size()];
      for (size_t index; (index = share.next.fetch_add(1, std::memory_order_relaxed)) < share.end;) {
        body(fn, index, worker);
      }
    }
  }

  void WorkerLoop(int worker) {
    const ScopedFlushDenormals flush;
    uint32_t seen = 0;
    while (true) {
      SpinThenWait(generation, [&](uint32_t g) { return g != seen; });
      ++seen;
      if (stop) return;
      Drain(worker);
      if (running.fetch_sub(1, std::memory_order_acq_rel) == 1) running.notify_one();
    }
  }
};

ThreadPool::ThreadPool(int num_threads, const StartThread& start) {
  if (num_threads <= 0) num_threads = AvailableProcessors();
  if (num_threads > kMaxThreads) {
    Fail(ErrorKind::kUsage, "{} threads are too many: at most {}, and more than processors ({} here) gain nothing",
         num_threads, kMaxThreads, AvailableProcessors());
  }
  state_ = std::make_unique<State>(static_cast<size_t>(num_threads));
  for (int i = 1; i < num_threads; ++i) {
    try {
      state_->threads.push_back(start([s = state_.get(), i] { s->WorkerLoop(i); }));
    } catch (const std::system_error& error) {  // ~State joins those that have started
      Fail(ErrorKind::kIo, "thread {} of {} cannot be started ({}): ask for fewer threads", i + 1, num_threads,
           error.code().message());
    }
  }
}

ThreadPool::~ThreadPool() = default;

int ThreadPool::num_threads() const {
  return static_cast<int>(state_->threads.size()) + 1;
}

void ThreadPool::Run(size_t count, Body body, const void* fn) {
  if (count == 0) return;
  const ScopedFlushDenormals flush;
  State& s = *state_;
  if (count == 1 || s.threads.empty()) {
    for (size_t i = 0; i < count; ++i) body(fn, i, 0);
    return;
  }
  const size_t workers = s.shares.size();
  for (size_t worker = 0; worker < workers; ++worker) {
    s.shares[worker].next.store(count * worker / workers, std::memory_order_relaxed);
    s.shares[worker].end = count * (worker + 1) / workers;
  }
  s.body = body;
  s.fn = fn;
  s.running.store(static_cast<uint32_t>(s.threads.size()), std::memory_order_relaxed);
  s.Begin();
  s.Drain(0);
  SpinThenWait(s.running, [](uint32_t running) { return running == 0; });
  if (s.error) {
    s.failed.store(false, std::memory_order_relaxed);
    std::rethrow_exception(std::exchange(s.error, nullptr));
  }
}

void LowerThreadPriority() {
  // Linux has a nice value for every thread; 10 levels are about a tenth of the share (1.25 a level). It may fail where
  // priorities are forbidden: then nothing is lost.
  constexpr int kLevels = 10, kLowest = 19;
  static_cast<void>(setpriority(PRIO_PROCESS, 0, std::min(getpriority(PRIO_PROCESS, 0) + kLevels, kLowest)));
}

int AvailableProcessors() {
  int processors = static_cast<int>(std::thread::hardware_concurrency());
  cpu_set_t set;
  if (sched_getaffinity(0, sizeof(set), &set) == 0) processors = CPU_COUNT(&set);
  if (const int quota = CgroupProcessors(); quota > 0) processors = std::min(processors, quota);
  return std::clamp(processors, 1, kMaxThreads);
}

ScopedFlushDenormals::ScopedFlushDenormals() : saved_(FloatingPointControl()) {
  SetFloatingPointControl(saved_ | kFlushDenormals);
}
ScopedFlushDenormals::~ScopedFlushDenormals() {
  SetFloatingPointControl(saved_);
}

}  // namespace siskin
