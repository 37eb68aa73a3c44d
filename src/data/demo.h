// Pictures that Siskin draws itself, for trying everything without photos and without a network.
#pragma once

#include <cstdint>
#include <filesystem>

#include "base/run_context.h"

namespace siskin {

// Writes folder/{bird,other}/NNN.jpg: two classes, `photos_per_class` varied small JPEGs each; a function of the seed.
// The classes differ in what is drawn, not in colours, sizes or backgrounds.
// kUsage if the folder exists and is not empty, kIo if it cannot be written.
void WriteDemoData(const std::filesystem::path& folder, int photos_per_class, uint64_t seed, const RunContext& context);

}  // namespace siskin
