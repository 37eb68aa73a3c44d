// What is said about photos that could not be used: the first few by name, the rest as a number.
#pragma once

#include <span>
#include <string_view>

#include "cli/session.h"
#include "data/dataset.h"

namespace siskin::cli {

// "3 photos could not be read:" and up to five of them (all with -v); nothing if there are none.
void WarnAboutPhotos(std::span<const SkippedFile> photos, std::string_view what, Session& session);

}  // namespace siskin::cli
