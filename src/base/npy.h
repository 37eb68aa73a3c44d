// NumPy's array file, as far as Siskin needs it: float32, little-endian, C order, format version 1.0. Other element
// types, Fortran order and pickled objects are refused.
// https://numpy.org/doc/stable/reference/generated/numpy.lib.format
#pragma once

#include <cstdint>
#include <filesystem>
#include <span>
#include <string_view>
#include <vector>

#include "base/files.h"

namespace siskin {

struct NpyArray {
  std::vector<int64_t> shape;  // outermost first; empty: a scalar
  std::vector<float> values;   // row-major, as many as the shape says
};

// kData with the reason if the file is not such an array or its length is not what its shape says (checked before
// anything is allocated); kIo if it cannot be read.
NpyArray ReadNpy(const std::filesystem::path& path);
NpyArray ParseNpy(std::string_view bytes, std::string_view where);

// Atomic. kInternal if `values` are not as many as the shape says, kIo if it cannot be written.
void WriteNpy(const std::filesystem::path& path, std::span<const int64_t> shape, std::span<const float> values,
              FileOps& ops = FileOps::System());

}  // namespace siskin
