// Messages in Protocol Buffers' wire format: what ONNX files are made of. Knows no schema; field numbers come from the
// caller. https://protobuf.dev/programming-guides/encoding/
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace siskin {

// One message being written, kept in pieces so that a network's weights are moved into the messages around them, never
// copied.
class ProtobufWriter {
 public:
  void Varint(uint32_t field, uint64_t value);  // int32, int64, enum; negative numbers as two's complement
  void Float(uint32_t field, float value);
  void Bytes(uint32_t field, std::string bytes);  // bytes, string
  void Message(uint32_t field, ProtobufWriter message);
  void PackedVarints(uint32_t field, std::span<const int64_t> values);

  uint64_t size() const { return size_; }  // bytes
  // The bytes in order, a piece at a time.
  void Visit(const std::function<void(std::string_view)>& write) const;

 private:
  void Tag(uint32_t field, uint32_t wire_type);
  void Append(std::string bytes);
  void AppendVarint(uint64_t value);

  std::vector<std::string> pieces_;
  uint64_t size_ = 0;
};

}  // namespace siskin
