// What must be the same for a training to go on from a checkpoint and end in the same bits; and, where it is not, what
// changed, in words.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/json_fwd.h"
#include "data/dataset.h"
#include "train/recipe.h"

namespace siskin {

// Recipe, seed, weights (their digest) and photos: digests, and the number of each class in each split, by which a
// person finds what changed.
Json IdentityOf(const Recipe& recipe, uint64_t seed, std::string_view weights_digest, const Dataset& dataset);

// A clause for every difference, as "--lr was 0.001, now 0.01". None: a training that is `now` may go on from a
// checkpoint that was `saved`, which may be any JSON.
std::vector<std::string> Differences(const Json& saved, const Json& now);

}  // namespace siskin
