// A picture of what a network will see: photos beside their augmented versions.
#pragma once

#include <cstdint>
#include <filesystem>
#include <span>

#include "base/files.h"
#include "data/augmentation.h"
#include "images/preprocess.h"

namespace siskin {

// Writes a PNG: `rows` photos spread over the list, each with `columns` pictures: first as validation sees it, then as
// training does in the epochs 1, 2, ... A photo counts by its place in `files`, as PrefetchLoader has it, so that these
// are the very pictures of a training with this seed. Photos that cannot be read are left out. kData if that are all,
// kInternal if there is nothing to show, kIo if the file cannot be written.
void WriteAugmentPreview(std::span<const std::filesystem::path> files, const Preprocessing& preprocessing,
                         const Augmentation& augmentation, uint64_t seed, int rows, int columns,
                         const std::filesystem::path& path, FileOps& ops = FileOps::System());

}  // namespace siskin
