// What a person types after `siskin predict MODEL`: files, folders (all photos below), patterns that the shell did not
// expand (data/glob.h), "-" for a list on standard input.
#pragma once

#include <filesystem>
#include <istream>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace siskin {

// Complete list in the given order; of a folder or pattern sorted by bytes, each photo once. A plain name is taken as
// it is, whether it exists or not (its error belongs to its line of output). A list has one path a line, in UTF-8 or
// UTF-16 (base/text_encoding.h) and with line ends of Unix or Windows, or any paths with a NUL after each. kData if a
// folder or pattern has no photo, or if UTF-16 is broken. kUsage if nothing but files with lists are named: `command`
// is what was typed up to them ("siskin predict pets.safetensors"), to say how it is meant.
std::vector<std::filesystem::path> ExpandInputs(std::span<const std::string> arguments, std::istream& standard_input,
                                                std::string_view command);

// All photos below a folder, sorted: those that ExpandInputs takes for it.
std::vector<std::filesystem::path> PhotosBelow(const std::filesystem::path& folder);

}  // namespace siskin
