// The counting operators new and delete of a test program. Not a part of the library of test helpers: other programs
// keep the ones of the system, or of a sanitizer.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdlib>
#include <new>

#include "base/testing_allocations.h"

namespace siskin::testing {
namespace {

std::atomic<size_t> allocations_of_all{0};
thread_local size_t allocations_of_thread = 0;

void* CountedAllocation(size_t size, size_t alignment) {
  allocations_of_all.fetch_add(1);
  ++allocations_of_thread;
  void* p = std::aligned_alloc(alignment, (std::max<size_t>(size, 1) + alignment - 1) / alignment * alignment);
  if (p == nullptr) std::abort();
  return p;
}

}  // namespace

size_t NumAllocations() {
  return allocations_of_all.load();
}
size_t NumAllocationsOfThread() {
  return allocations_of_thread;
}

}  // namespace siskin::testing

// Every allocation of this program is counted. GCC 12, when it inlines one of a pair, takes it for a mismatch.
#pragma GCC diagnostic ignored "-Wmismatched-new-delete"
void* operator new(size_t size) {
  return siskin::testing::CountedAllocation(size, alignof(std::max_align_t));
}
void* operator new[](size_t size) {
  return siskin::testing::CountedAllocation(size, alignof(std::max_align_t));
}
void* operator new(size_t size, std::align_val_t alignment) {
  return siskin::testing::CountedAllocation(size, static_cast<size_t>(alignment));
}
void* operator new[](size_t size, std::align_val_t alignment) {
  return siskin::testing::CountedAllocation(size, static_cast<size_t>(alignment));
}
void* operator new(size_t size, const std::nothrow_t&) noexcept {
  return siskin::testing::CountedAllocation(size, alignof(std::max_align_t));
}
void* operator new[](size_t size, const std::nothrow_t&) noexcept {
  return siskin::testing::CountedAllocation(size, alignof(std::max_align_t));
}
void operator delete(void* p) noexcept {
  std::free(p);
}
void operator delete[](void* p) noexcept {
  std::free(p);
}
void operator delete(void* p, size_t) noexcept {
  std::free(p);
}
void operator delete[](void* p, size_t) noexcept {
  std::free(p);
}
void operator delete(void* p, std::align_val_t) noexcept {
  std::free(p);
}
void operator delete[](void* p, std::align_val_t) noexcept {
  std::free(p);
}
void operator delete(void* p, size_t, std::align_val_t) noexcept {
  std::free(p);
}
void operator delete[](void* p, size_t, std::align_val_t) noexcept {
  std::free(p);
}
