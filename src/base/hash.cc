#include "base/hash.h"

#include <algorithm>

#include "base/error.h"
#include "base/files.h"

namespace siskin {

void Sha256::Update(std::span<const std::byte> bytes) {
  const Sha256Blocks take_blocks = FastestSha256Blocks();
  const size_t begun = num_bytes_ % block_.size();
  num_bytes_ += bytes.size();
  if (begun > 0) {
    const auto first = bytes.first(std::min(bytes.size(), block_.size() - begun));
    std::ranges::copy(first, block_.begin() + static_cast<std::ptrdiff_t>(begun));
    if (begun + first.size() < block_.size()) return;
    take_blocks(block_.data(), 1, &state_);
    bytes = bytes.subspan(first.size());
  }
  take_blocks(bytes.data(), bytes.size() / block_.size(), &state_);
  std::ranges::copy(bytes.last(bytes.size() % block_.size()), block_.begin());
}

std::string Sha256::HexDigest() {
  // A bit of 1, zeros, and the number of bits as the last 8 bytes of a block.
  std::array<std::byte, 72> padding = {std::byte{0x80}};
  const size_t zeros_end = 1 + (block_.size() + 55 - num_bytes_ % block_.size()) % block_.size();
  for (size_t i = 0; i < 8; ++i) padding[zeros_end + i] = static_cast<std::byte>(num_bytes_ * 8 >> (56 - 8 * i));
  Update(std::span(padding).first(zeros_end + 8));
  std::string hex;
  for (const uint32_t word : state_) hex += fmt::format("{:08x}", word);
  return hex;
}

std::string Sha256Hex(std::string_view bytes) {
  Sha256 hash;
  hash.Update(bytes);
  return hash.HexDigest();
}

std::string Sha256OfFile(const std::filesystem::path& path) {
  const MappedFile file(path);
  return Sha256Hex(file.text());
}

}  // namespace siskin
