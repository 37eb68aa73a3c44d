// The safetensors format: 8 bytes of header length, a JSON header, raw little-endian tensors.
// https://huggingface.co/docs/safetensors/index (section "Format"). Every size is checked before it is believed.
#pragma once

#include <filesystem>
#include <functional>
#include <map>
#include <string>
#include <string_view>

#include "base/files.h"
#include "tensor/tensor.h"

namespace siskin {

struct SafetensorsFile {
  TensorMap tensors;
  std::map<std::string, std::string> metadata;  // the header's __metadata__
};

// kModel with file and reason for anything that is not a valid file (header over 100 MB, offsets that overlap, leave
// gaps or go past the end, unknown types, duplicate names ...); kIo if it cannot be read.
SafetensorsFile ReadSafetensors(const std::filesystem::path& path);
SafetensorsFile ParseSafetensors(std::string_view bytes, std::string_view where);
// Only the metadata: reads nothing but the header.
std::map<std::string, std::string> ReadSafetensorsMetadata(const std::filesystem::path& path);

// The bytes of a file in pieces, in order. Tensors are sorted by element size (largest first, so that each is aligned),
// then by name; the first lies at a multiple of 64 bytes; the same content gives the same bytes.
void SerializeSafetensors(const TensorMap& tensors, const std::map<std::string, std::string>& metadata,
                          const std::function<void(std::string_view)>& write);
// The same into a file, atomically.
void WriteSafetensors(const std::filesystem::path& path, const TensorMap& tensors,
                      const std::map<std::string, std::string>& metadata, FileOps& ops = FileOps::System());

}  // namespace siskin
