#include "kernels/targets.h"

#include <gtest/gtest.h>

#include <string>

namespace siskin {
namespace {

std::string NameOf(int64_t target) {
  const size_t row = FindInstructionSet(target);
  return row < kNumInstructionSets ? kInstructionSets[row].name : "";
}

TEST(InstructionSets, TilesFillTheRegistersAndFit) {
  for (const InstructionSet& set : kInstructionSets) {
    const int sums = set.tile_rows * set.tile_vectors;
    EXPECT_LE(sums + set.tile_vectors + 1, set.registers) << set.name << ": sums, a row of B, one float of A";
    EXPECT_GE(4 * sums, 3 * set.registers) << set.name;
  }
}

TEST(InstructionSets, NoTargetHasTwoRows) {
  int64_t seen = 0;
  for (const InstructionSet& set : kInstructionSets) {
    EXPECT_EQ(seen & set.targets, 0) << set.name;
    seen |= set.targets;
  }
}

// Bits that Highway 1.0.4 to 1.3 give to targets for which 1.0.3 has no name.
TEST(InstructionSets, NewTargetsHaveARow) {
  constexpr int64_t kAvx3Spr = int64_t{1} << 4, kAvx3Zen4 = int64_t{1} << 6, kNeonWithoutAes = int64_t{1} << 29;
  for (const int64_t target : {kAvx3Spr, kAvx3Zen4, int64_t{HWY_AVX3_DL}, int64_t{HWY_AVX3}}) {
    EXPECT_EQ(NameOf(target), "avx512") << target;
  }
  EXPECT_EQ(NameOf(kNeonWithoutAes), "neon");
  EXPECT_EQ(NameOf(HWY_EMU128), "scalar");
}

TEST(InstructionSets, UnknownTargetsHaveNone) {
  for (const int64_t target : {int64_t{HWY_SVE}, int64_t{HWY_SSSE3}, int64_t{0}})
    EXPECT_EQ(NameOf(target), "") << target;
}

}  // namespace
}  // namespace siskin
