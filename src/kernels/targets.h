// What the kernels need to know about an instruction set, in one table. No other file asks for a target by its name: a
// newer Highway brings new ones (AVX3_ZEN4, AVX3_SPR), and code that asks "is this AVX3?" would run there, correct and
// at half the speed. A target without a row does not compile.
#pragma once

#include <cstddef>
#include <cstdint>

#include "hwy/targets.h"
#include "tensor/view.h"

namespace siskin {

struct InstructionSet {
  const char* name;  // as SISKIN_ISA spells it
  int64_t targets;   // the bits of Highway's targets that belong to it
  int registers;     // that hold a vector
  int lanes;         // floats in a vector
  // The tile of C that a matrix product keeps in registers over the whole of K, in rows and vectors. A step of K loads
  // the vectors of one row of B and one float per row of A: all of them need registers beside the sums.
  int tile_rows, tile_vectors;
  // Masked loads and stores of floats touch the selected lanes only, in memory too.
  bool masks_memory;
  // Max and Min return their second operand if either one is NaN.
  bool max_takes_second_for_nan;

  constexpr int panel_width() const { return tile_vectors * lanes; }  // floats of a row of a tile
};

// Best first. Bits of Highway are ordered the same way, a smaller one being a better target.
inline constexpr InstructionSet kInstructionSets[] = {
    // AVX-512, all of its generations: 28 sums, 2 of B, 2 for broadcasts of A. MAXPS and MINPS, here and below, return
    // their second operand.
    {"avx512", HWY_AVX2 - 1, 32, 16, 14, 2, true, true},
    // 12 sums, 2 of B, 1 of A.
    {"avx2", HWY_AVX2, 16, 8, 6, 2, true, true},
    // 12 sums, 2 of B, 1 of A, and 1 product, because there is no fused multiply-add.
    {"sse4", HWY_SSE4, 16, 4, 6, 2, false, true},
    // 64-bit ARM; the next bit is a newer Highway's target for processors without AES. 24 sums (four pipes of latency 4
    // need 16), 3 of B, 5 for A. 12 x 2 would load 14 times per step instead of 11.
    {"neon", HWY_NEON | HWY_NEON << 1, 32, 4, 8, 3, false, false},
    // 16 registers, because that is what is left of it on x86.
    {"wasm", HWY_WASM, 16, 4, 6, 2, false, false},
    // Plain C++, what a compiler makes of it: Highway's loops over four lanes, or, where GCC before 12.3 gets those
    // wrong, single floats.
    {"scalar", HWY_EMU128, 16, 4, 6, 2, false, false},
    {"scalar", HWY_SCALAR, 16, 1, 6, 2, false, false},
};

inline constexpr size_t kNumInstructionSets = sizeof(kInstructionSets) / sizeof(InstructionSet);

// The row of one of Highway's targets, or kNumInstructionSets.
constexpr size_t FindInstructionSet(int64_t target) {
  size_t row = 0;
  while (row < kNumInstructionSets && (kInstructionSets[row].targets & target) == 0) ++row;
  return row;
}

// On every one of them a padded pixel is whole vectors. tensor/view.h has kPadFloats and, for prefetching, kLineFloats.
static_assert([] {
  for (const InstructionSet& set : kInstructionSets) {
    if (kPadFloats % set.lanes != 0) return false;
  }
  return true;
}());

}  // namespace siskin
