// The one thread pool. Work is split by index, never by thread, so results do not depend on the number of threads.
// Not a task system: no futures, no nesting.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <thread>
#include <utility>

namespace siskin {

// More than a mistyped number is a mistake: the largest machines have some hundred processors, and a mask of processors
// (cpu_set_t) names 1024. Every thread has its scratch memory in the kernels.
inline constexpr int kMaxThreads = 1024;

class ThreadPool {
 public:
  // Starts a thread that runs `body`; std::system_error if the system refuses. Tests replace it by one that fails.
  using StartThread = std::function<std::thread(std::function<void()> body)>;
  static std::thread StartSystemThread(std::function<void()> body) { return std::thread(std::move(body)); }

  // 0: as many threads as the process may use processors (affinity and cgroup limit respected). Throws Error: kUsage
  // above kMaxThreads, kIo if the system does not start so many.
  explicit ThreadPool(int num_threads = 0, const StartThread& start = StartSystemThread);
  ~ThreadPool();
  ThreadPool(const ThreadPool&) = delete;
  ThreadPool& operator=(const ThreadPool&) = delete;

  int num_threads() const;

  // Calls fn(index, worker) once for every index in [0, count), worker in [0, num_threads()); the caller is worker 0.
  // Returns when all are done; what they wrote is visible. Every worker begins with its own stretch of the indices, in
  // increasing order, and then helps the others: what a step has written for an index is mostly read by the same worker
  // in the next one, out of its own caches. fn must not call ParallelFor of the same pool. Denormals are flushed to
  // zero while fn runs. If fn throws, indices that nobody has begun are left out, and the caller gets the exception,
  // the first one if there are several, when nobody runs fn any more; the pool is as good as new.
  template <typename Fn>
  void ParallelFor(size_t count, const Fn& fn) {
    Run(count, [](const void* f, size_t index, int worker) { (*static_cast<const Fn*>(f))(index, worker); }, &fn);
  }

 private:
  using Body = void (*)(const void* fn, size_t index, int worker);
  void Run(size_t count, Body body, const void* fn);

  struct State;
  std::unique_ptr<State> state_;
};

// Lets other threads go first from now on, as far as the system has priorities for threads.
void LowerThreadPriority();

// Processors this process may use: the smaller of affinity mask and cgroup CPU quota, from 1 to kMaxThreads.
int AvailableProcessors();

// While alive, this thread treats denormal floats as zero (x86: FTZ and DAZ, ARM: FZ), as every pool thread does.
class ScopedFlushDenormals {
 public:
  ScopedFlushDenormals();
  ~ScopedFlushDenormals();
  ScopedFlushDenormals(const ScopedFlushDenormals&) = delete;
  ScopedFlushDenormals& operator=(const ScopedFlushDenormals&) = delete;

 private:
  uint64_t saved_;
};

}  // namespace siskin
