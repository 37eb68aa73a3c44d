// The inner loop of SHA-256 (FIPS 180-4, section 6.2.2): everything but the padding, which is in hash.h.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

namespace siskin {

using Sha256State = std::array<uint32_t, 8>;

// Takes `count` blocks of 64 bytes into the state.
using Sha256Blocks = void (*)(const std::byte* blocks, size_t count, Sha256State* state);

// In plain C++, and by the processor's own instructions where it has them (else the plain one): the same result.
Sha256Blocks PlainSha256Blocks();
Sha256Blocks FastestSha256Blocks();

}  // namespace siskin
