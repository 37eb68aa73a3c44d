// The files beside a weights file, on the disk.
#pragma once

#include <filesystem>

#include "weights/tensorflow/tfjs.h"

namespace siskin {

// Reads from the folder that `file` is in. Links are not followed, wherever they point: a model that came from a
// stranger must not make other files of this machine part of itself.
ReadBeside FilesBeside(const std::filesystem::path& file);

}  // namespace siskin
