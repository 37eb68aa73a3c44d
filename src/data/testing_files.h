// Writing the many small files of a test.
#pragma once

#include <filesystem>
#include <string_view>

namespace siskin::testing {

// Creates the file and its folders, without the flushes to disk that the product's own writing does: 10 ms a file.
void PutFile(const std::filesystem::path& path, std::string_view bytes);

// Photos of two classes, "bird" and "other" (data/demo.h, seed 1).
void WriteDemoPhotos(const std::filesystem::path& folder, int photos_per_class);

}  // namespace siskin::testing
