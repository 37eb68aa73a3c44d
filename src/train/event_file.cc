#include "train/event_file.h"

#include <array>
#include <bit>

namespace siskin {
namespace {

constexpr std::array<uint32_t, 256> MakeCrcTable() {
  constexpr uint32_t kPolynomial = 0x82F63B78;  // 0x1EDC6F41, bits reversed
  std::array<uint32_t, 256> table{};
  for (uint32_t i = 0; i < table.size(); ++i) {
    uint32_t crc = i;
    for (int bit = 0; bit < 8; ++bit) crc = crc >> 1 ^ (crc & 1 ? kPolynomial : 0);
    table[i] = crc;
  }
  return table;
}
constexpr std::array<uint32_t, 256> kCrcTable = MakeCrcTable();

template <typename Integer>
void AppendLittleEndian(Integer value, std::string* out) {
  for (size_t i = 0; i < sizeof(value); ++i) out->push_back(static_cast<char>(value >> (8 * i) & 0xFF));
}

// Protobuf: seven bits a byte, the lowest first, the highest bit says that more follow.
void AppendVarint(uint64_t value, std::string* out) {
  for (; value >= 0x80; value >>= 7) out->push_back(static_cast<char>(value | 0x80));
  out->push_back(static_cast<char>(value));
}

enum class WireType { kVarint = 0, kFixed64 = 1, kBytes = 2, kFixed32 = 5 };

void AppendKey(int field, WireType type, std::string* out) {
  AppendVarint(static_cast<uint64_t>(field) << 3 | static_cast<uint64_t>(type), out);
}

void AppendBytes(int field, std::string_view bytes, std::string* out) {
  AppendKey(field, WireType::kBytes, out);
  AppendVarint(bytes.size(), out);
  *out += bytes;
}

// Event.wall_time, which every event has.
std::string EventAt(double wall_time) {
  std::string event;
  AppendKey(1, WireType::kFixed64, &event);
  AppendLittleEndian(std::bit_cast<uint64_t>(wall_time), &event);
  return event;
}

std::string VersionEvent(double wall_time) {
  std::string event = EventAt(wall_time);
  AppendBytes(3, "brain.Event:2", &event);  // file_version
  return event;
}

std::string Encode(const ScalarEvent& scalar_event) {
  std::string event = EventAt(scalar_event.wall_time);
  AppendKey(2, WireType::kVarint, &event);  // step
  AppendVarint(static_cast<uint64_t>(scalar_event.step), &event);
  std::string summary;
  for (const auto& [tag, number] : scalar_event.scalars) {
    std::string value;
    AppendBytes(1, tag, &value);
    AppendKey(2, WireType::kFixed32, &value);  // simple_value
    AppendLittleEndian(std::bit_cast<uint32_t>(number), &value);
    AppendBytes(1, value, &summary);
  }
  AppendBytes(5, summary, &event);
  return event;
}

}  // namespace

uint32_t Crc32c(std::string_view bytes) {
  uint32_t crc = ~uint32_t{0};
  for (const char c : bytes) crc = crc >> 8 ^ kCrcTable[(crc ^ static_cast<uint8_t>(c)) & 0xFF];
  return ~crc;
}

uint32_t MaskedCrc32c(std::string_view bytes) {
  const uint32_t crc = Crc32c(bytes);
  return (crc >> 15 | crc << 17) + 0xA282EAD8;
}

std::string TfRecord(std::string_view data) {
  std::string record;
  AppendLittleEndian(uint64_t{data.size()}, &record);
  AppendLittleEndian(MaskedCrc32c(record), &record);
  record += data;
  AppendLittleEndian(MaskedCrc32c(data), &record);
  return record;
}

std::string EventFileBytes(std::span<const ScalarEvent> events) {
  std::string file = TfRecord(VersionEvent(events.empty() ? 0 : events.front().wall_time));
  for (const ScalarEvent& event : events) file += TfRecord(Encode(event));
  return file;
}

}  // namespace siskin
