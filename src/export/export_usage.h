// What `siskin export` prints below the names of the files: the lines of a program that asks the exported model. Run as
// they stand they give Siskin's scores, for photos that lie on their side or are transparent, too.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

#include "images/preprocess.h"

namespace siskin {

// `target` as ExportTarget::name; empty if it is not known. The photo is "photo.jpg".
std::string ExportUsage(std::string_view target, const std::filesystem::path& file, const Preprocessing& preprocessing);

}  // namespace siskin
