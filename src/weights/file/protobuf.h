// The wire format of protobuf, as far as TensorFlow graphs and ONNX models need it: one message's fields, one after the
// other, borrowed from the bytes. Copies nothing, allocates nothing, knows no schema.
// https://protobuf.dev/programming-guides/encoding
#pragma once

#include <cstdint>
#include <string_view>

namespace siskin {

struct ProtoField {
  enum class Type : uint32_t { kVarint = 0, kFixed64 = 1, kBytes = 2, kFixed32 = 5 };
  uint32_t number = 0;
  Type type = Type::kVarint;
  uint64_t value = 0;      // kVarint
  std::string_view bytes;  // the others
};

// Does not go into messages within: the caller does, one level at a time.
class ProtoMessage {
 public:
  explicit ProtoMessage(std::string_view bytes) : rest_(bytes) {}

  // False at the end and at the first thing that is wrong; ok() tells which.
  bool Next(ProtoField* field);
  // The next field that has this number and holds bytes.
  bool NextBytes(uint32_t number, std::string_view* bytes);
  bool ok() const { return ok_; }

 private:
  bool Bad();
  bool Take(uint64_t length, std::string_view* bytes);

  std::string_view rest_;
  bool ok_ = true;
};

// Takes a number off the front of `rest`, as in a packed list of them; false if it is cut off or too long.
bool TakeVarint(std::string_view* rest, uint64_t* value);

}  // namespace siskin
