// Counter-based random numbers: every number is a pure function of (seed, purpose, two counters, position), so results
// depend neither on the number of threads nor on what was drawn before. There is no hidden state anywhere.
// Philox4x32-10: Salmon, Moraes, Dror, Shaw, "Parallel random numbers: as easy as 1, 2, 3", SC 2011.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

namespace siskin {

// What the numbers are for; keeps streams of the same seed apart. Append only: the values are part of reproducibility.
enum class RandomPurpose : uint32_t {
  kTest = 0,
  kSplit = 1,       // which photo goes into which split
  kShuffle = 2,     // order of the samples in an epoch
  kInitialize = 3,  // initial weights
  kDropout = 4,
  kDemoData = 5,
  kSynthetic = 6,  // reference inputs stored in a model file
  kAugment = 7,
  kMixing = 8,  // of the photos of a batch: mixup, cutmix
};

// The ten-round block function: 4 counters and 2 keys to 4 random words.
std::array<uint32_t, 4> Philox(std::array<uint32_t, 4> counter, std::array<uint32_t, 2> key);

// A stream of numbers for one (seed, purpose, a, b); a and b are for example epoch and sample. a is 32 bits, b 32 bits.
class Random {
 public:
  Random(uint64_t seed, RandomPurpose purpose, uint32_t a = 0, uint32_t b = 0);

  uint32_t Next();
  float Uniform();                       // [0, 1), 24 bits
  float Uniform(float low, float high);  // [low, high)
  float Normal();                        // mean 0, deviation 1 (Box-Muller)
  uint32_t Below(uint32_t bound);        // [0, bound) without bias (Lemire 2019); bound > 0

 private:
  std::array<uint32_t, 4> counter_;
  std::array<uint32_t, 2> key_;
  std::array<uint32_t, 4> block_{};
  int used_ = 4;  // words of block_ already handed out
};

// 0 .. size-1 in random order (Fisher-Yates).
std::vector<uint32_t> RandomPermutation(uint32_t size, Random random);

}  // namespace siskin
