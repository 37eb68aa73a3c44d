// Members of zip files (.keras, wheels) and tar.gz files (source packages), read in memory. Nothing is ever extracted
// to a path; archives that play with names or sizes are refused as a whole. And zips (.keras), written.
#pragma once

#include <functional>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <utility>

namespace siskin {

// The contents of the `wanted` members. kModel if the bytes are no archive, a member is missing or encrypted, a name
// occurs twice, is absolute or climbs with "..", or if sizes go beyond `max_member_bytes`.
std::map<std::string, std::string> ReadArchive(std::string_view bytes, std::span<const std::string> wanted,
                                               size_t max_member_bytes, std::string_view where);

// A zip of the members, in their order and as they are (weights hardly shrink), its bytes in pieces. No times: the same
// members give the same bytes. kIo if there is no memory.
void WriteZip(std::span<const std::pair<std::string, std::string_view>> members,
              const std::function<void(std::string_view)>& write);

}  // namespace siskin
