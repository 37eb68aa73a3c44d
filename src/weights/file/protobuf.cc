#include "weights/file/protobuf.h"

namespace siskin {
namespace {

constexpr int kMaxVarintBytes = 10;
constexpr uint64_t kMaxFieldNumber = 0x1FFFFFFF;

}  // namespace

bool TakeVarint(std::string_view* rest, uint64_t* value) {
  *value = 0;
  for (int i = 0; i < kMaxVarintBytes && static_cast<size_t>(i) < rest->size(); ++i) {
    const auto byte = static_cast<unsigned char>((*rest)[static_cast<size_t>(i)]);
    *value |= static_cast<uint64_t>(byte & 0x7F) << (7 * i);
    if (byte < 0x80) {
      rest->remove_prefix(static_cast<size_t>(i) + 1);
      return true;
    }
  }
  return false;
}

bool ProtoMessage::Next(ProtoField* field) {
  if (rest_.empty()) return false;
  uint64_t tag = 0;
  if (!TakeVarint(&rest_, &tag) || tag >> 3 == 0 || tag >> 3 > kMaxFieldNumber) return Bad();
  field->number = static_cast<uint32_t>(tag >> 3);
  field->type = static_cast<ProtoField::Type>(tag & 7);
  uint64_t length = 0;
  switch (field->type) {
    case ProtoField::Type::kVarint:
      return TakeVarint(&rest_, &field->value) || Bad();
    case ProtoField::Type::kFixed64:
      return Take(8, &field->bytes) || Bad();
    case ProtoField::Type::kFixed32:
      return Take(4, &field->bytes) || Bad();
    case ProtoField::Type::kBytes:
      return (TakeVarint(&rest_, &length) && Take(length, &field->bytes)) || Bad();
  }
  return Bad();  // groups, long out of use
}

bool ProtoMessage::NextBytes(uint32_t number, std::string_view* bytes) {
  ProtoField field;
  while (Next(&field)) {
    if (field.number == number && field.type == ProtoField::Type::kBytes) {
      *bytes = field.bytes;
      return true;
    }
  }
  return false;
}

bool ProtoMessage::Bad() {
  ok_ = false;
  return false;
}

bool ProtoMessage::Take(uint64_t length, std::string_view* bytes) {
  if (length > rest_.size()) return false;
  *bytes = rest_.substr(0, length);
  rest_.remove_prefix(length);
  return true;
}

}  // namespace siskin
