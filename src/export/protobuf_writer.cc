#include "export/protobuf_writer.h"

#include <bit>
#include <utility>

namespace siskin {
namespace {

enum WireType : uint32_t { kVarint = 0, kLengthDelimited = 2, kFixed32 = 5 };

// Pieces up to this size are joined to the one before; larger ones are moved. A copy of 4 KB costs less than one more
// piece.
constexpr size_t kJoinBytes = 4096;

std::string VarintBytes(uint64_t value) {
  std::string bytes;
  for (; value >= 0x80; value >>= 7) bytes += static_cast<char>(value | 0x80);
  return bytes += static_cast<char>(value);
}

}  // namespace

void ProtobufWriter::Append(std::string bytes) {
  size_ += bytes.size();
  const bool join = !pieces_.empty() && pieces_.back().size() <= kJoinBytes && bytes.size() <= kJoinBytes;
  if (join) {
    pieces_.back() += bytes;
  } else {
    pieces_.push_back(std::move(bytes));
  }
}

void ProtobufWriter::AppendVarint(uint64_t value) {
  Append(VarintBytes(value));
}

void ProtobufWriter::Tag(uint32_t field, uint32_t wire_type) {
  AppendVarint(uint64_t{field} << 3 | wire_type);
}

void ProtobufWriter::Varint(uint32_t field, uint64_t value) {
  Tag(field, kVarint);
  AppendVarint(value);
}

void ProtobufWriter::Float(uint32_t field, float value) {
  Tag(field, kFixed32);
  const auto bits = std::bit_cast<uint32_t>(value);
  std::string bytes;
  for (int shift = 0; shift < 32; shift += 8) bytes += static_cast<char>(bits >> shift & 0xFF);
  Append(std::move(bytes));
}

void ProtobufWriter::Bytes(uint32_t field, std::string bytes) {
  Tag(field, kLengthDelimited);
  AppendVarint(bytes.size());
  Append(std::move(bytes));
}

void ProtobufWriter::Message(uint32_t field, ProtobufWriter message) {
  Tag(field, kLengthDelimited);
  AppendVarint(message.size());
  for (std::string& piece : message.pieces_) Append(std::move(piece));
}

void ProtobufWriter::PackedVarints(uint32_t field, std::span<const int64_t> values) {
  std::string packed;
  for (const int64_t value : values) packed += VarintBytes(static_cast<uint64_t>(value));
  Bytes(field, std::move(packed));
}

void ProtobufWriter::Visit(const std::function<void(std::string_view)>& write) const {
  for (const std::string& piece : pieces_) write(piece);
}

}  // namespace siskin
