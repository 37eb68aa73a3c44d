// What a person types after `siskin predict MODEL`: files, folders (all photos below), globs that the shell did not
// expand, "-" for a list on standard input (one path a line, or NUL-separated).
#pragma once

#include <filesystem>
#include <istream>
#include <span>
#include <string>
#include <vector>

namespace siskin {

// Complete list in the given order (folders and globs sorted). A plain name is taken as it is, whether it exists or not
// (its error belongs to its line of output). kData if a folder or glob holds no photo.
std::vector<std::filesystem::path> ExpandInputs(std::span<const std::string> arguments, std::istream& standard_input);

}  // namespace siskin
