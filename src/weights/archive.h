// Members of zip files (.keras, wheels) and tar.gz files (source packages), read in memory. Nothing is ever extracted
// to a path; archives that play with names or sizes are refused as a whole.
#pragma once

#include <map>
#include <span>
#include <string>
#include <string_view>

namespace siskin {

// The contents of the `wanted` members. kModel if the bytes are no archive, a member is missing or encrypted, a name
// occurs twice, is absolute or climbs with "..", or if sizes go beyond `max_member_bytes`.
std::map<std::string, std::string> ReadArchive(std::string_view bytes, std::span<const std::string> wanted,
                                               size_t max_member_bytes, std::string_view where);

}  // namespace siskin
