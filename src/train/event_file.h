// The file that TensorBoard reads curves from: records of TFRecord (length and data, each under a masked CRC-32C) that
// hold Event messages. Refuses to be a protobuf library: the five fields that a scalar needs are written by hand.
// Formats: tensorflow/core/lib/io/record_writer.h, tensorflow/core/util/event.proto, framework/summary.proto;
// protobuf's wire format.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace siskin {

// Castagnoli's CRC, reflected, RFC 3720 appendix B.4.
uint32_t Crc32c(std::string_view bytes);
// As TFRecord stores it, so that a CRC over data that holds CRCs stays a good one.
uint32_t MaskedCrc32c(std::string_view bytes);
// length (8 bytes), its masked CRC, data, its masked CRC; little-endian.
std::string TfRecord(std::string_view data);

struct ScalarEvent {
  double wall_time = 0;                                // seconds since 1970
  int64_t step = 0;                                    // not negative
  std::vector<std::pair<std::string, float>> scalars;  // tag ("loss/train"), value
};

// A complete file, the record of the format's version first. TensorBoard takes every file whose name contains
// "tfevents".
std::string EventFileBytes(std::span<const ScalarEvent> events);

}  // namespace siskin
