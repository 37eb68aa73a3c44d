// For tests: a writer of the protobuf wire format.
#pragma once

#include <cstdint>
#include <cstring>
#include <string>
#include <vector>

namespace siskin::testing {

inline std::string Varint(uint64_t value) {
  std::string bytes;
  for (; value >= 0x80; value >>= 7) bytes += static_cast<char>(value | 0x80);
  return bytes + static_cast<char>(value);
}
inline std::string NumberField(uint32_t number, uint64_t value) {
  return Varint(number << 3) + Varint(value);
}
inline std::string BytesField(uint32_t number, const std::string& bytes) {
  return Varint(number << 3 | 2) + Varint(bytes.size()) + bytes;
}
inline std::string FloatBytes(const std::vector<float>& values) {
  std::string bytes(values.size() * sizeof(float), '\0');
  std::memcpy(bytes.data(), values.data(), bytes.size());
  return bytes;
}

}  // namespace siskin::testing
