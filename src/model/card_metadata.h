// The card of a model in the metadata of its file, with a digest of its own: a bit that flips in a class name, the
// threshold or the preprocessing is noticed wherever the file is read. The digest of the weights is in the card.
#pragma once

#include <map>
#include <string>
#include <string_view>

#include "model/model_card.h"

namespace siskin {

// Where the card stands in the metadata, and its digest.
inline constexpr char kModelCardKey[] = "siskin";
inline constexpr char kModelCardDigestKey[] = "siskin_sha256";

using Metadata = std::map<std::string, std::string>;

Metadata CardToMetadata(const ModelCard& card);

// kModel with `where`: there is no card, it is not the one that its digest was taken of, or it makes no sense. Files of
// versions before the digest have none and are read without.
ModelCard CardFromMetadata(const Metadata& metadata, std::string_view where);

}  // namespace siskin
