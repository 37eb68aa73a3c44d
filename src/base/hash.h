// SHA-256 (OpenSSL) over bytes that arrive in pieces.
#pragma once

#include <cstddef>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <string_view>

namespace siskin {

class Sha256 {
 public:
  Sha256();
  ~Sha256();
  Sha256(const Sha256&) = delete;
  Sha256& operator=(const Sha256&) = delete;
  Sha256(Sha256&&) noexcept;
  Sha256& operator=(Sha256&&) noexcept;

  void Update(std::string_view bytes);
  void Update(std::span<const std::byte> bytes);
  std::string HexDigest();  // 64 lower-case hex digits; once

 private:
  struct State;
  std::unique_ptr<State> state_;
};

std::string Sha256Hex(std::string_view bytes);
std::string Sha256OfFile(const std::filesystem::path& path);  // kIo if it cannot be read

}  // namespace siskin
