// SHA-256 (FIPS 180-4) over bytes that arrive in pieces. Tells apart what was damaged or mixed up: caches, models,
// downloads. Its own and not a library's, because what only predicts checks a model's card by it and shall not need
// OpenSSL for that.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>

#include "base/sha256_blocks.h"

namespace siskin {

class Sha256 {
 public:
  void Update(std::string_view bytes) { Update(std::as_bytes(std::span(bytes))); }
  void Update(std::span<const std::byte> bytes);
  std::string HexDigest();  // 64 lower-case hex digits; once

 private:
  // The first 32 bits of the fractional parts of the square roots of the first 8 primes.
  Sha256State state_ = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};
  std::array<std::byte, 64> block_ = {};  // the begun one: num_bytes_ % 64 of it are there
  uint64_t num_bytes_ = 0;
};

std::string Sha256Hex(std::string_view bytes);
std::string Sha256OfFile(const std::filesystem::path& path);  // kIo if it cannot be read

}  // namespace siskin
