#include "base/random.h"

#include <cmath>
#include <numbers>
#include <numeric>
#include <utility>

namespace siskin {

std::array<uint32_t, 4> Philox(std::array<uint32_t, 4> counter, std::array<uint32_t, 2> key) {
  // Multipliers and Weyl constants of the paper, section 4.3.
  constexpr uint64_t kMultiplier0 = 0xD2511F53, kMultiplier1 = 0xCD9E8D57;
  constexpr uint32_t kWeyl0 = 0x9E3779B9, kWeyl1 = 0xBB67AE85;
  for (int round = 0; round < 10; ++round) {
    const uint64_t product0 = kMultiplier0 * counter[0];
    const uint64_t product1 = kMultiplier1 * counter[2];
    counter = {static_cast<uint32_t>(product1 >> 32) ^ counter[1] ^ key[0], static_cast<uint32_t>(product1),
               static_cast<uint32_t>(product0 >> 32) ^ counter[3] ^ key[1], static_cast<uint32_t>(product0)};
    key[0] += kWeyl0;
    key[1] += kWeyl1;
  }
  return counter;
}

Random::Random(uint64_t seed, RandomPurpose purpose, uint32_t a, uint32_t b)
    : counter_{0, static_cast<uint32_t>(purpose), a, b},
      key_{static_cast<uint32_t>(seed), static_cast<uint32_t>(seed >> 32)} {}

uint32_t Random::Next() {
  if (used_ == 4) {
    block_ = Philox(counter_, key_);
    ++counter_[0];
    used_ = 0;
  }
  return block_[used_++];
}

float Random::Uniform() {
  return static_cast<float>(Next() >> 8) * 0x1p-24f;
}

float Random::Uniform(float low, float high) {
  return low + (high - low) * Uniform();
}

float Random::Normal() {
  const float radius = std::sqrt(-2.0f * std::log(1.0f - Uniform()));
  return radius * std::cos(2.0f * std::numbers::pi_v<float> * Uniform());
}

uint32_t Random::Below(uint32_t bound) {
  uint64_t product = static_cast<uint64_t>(Next()) * bound;
  if (static_cast<uint32_t>(product) < bound) {
    const uint32_t threshold = -bound % bound;
    while (static_cast<uint32_t>(product) < threshold) product = static_cast<uint64_t>(Next()) * bound;
  }
  return static_cast<uint32_t>(product >> 32);
}

std::vector<uint32_t> RandomPermutation(uint32_t size, Random random) {
  std::vector<uint32_t> order(size);
  std::iota(order.begin(), order.end(), 0u);
  for (uint32_t i = size; i > 1; --i) std::swap(order[i - 1], order[random.Below(i)]);
  return order;
}

}  // namespace siskin
