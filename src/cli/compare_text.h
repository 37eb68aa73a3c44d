// What `siskin compare` writes: the table of networks, and two models side by side, for a person, as JSON, as CSV. The
// formats are an interface; docs/formats.md.
#pragma once

#include <cstddef>
#include <string>

#include "base/json_fwd.h"
#include "compare/networks.h"
#include "evaluate/paired.h"

namespace siskin::cli {

std::string NetworksText(const NetworkComparison& comparison, const NetworkChoice& choice, const NetworkLimits& limits);
std::string NetworksCsv(const NetworkComparison& comparison, const NetworkChoice& choice);
Json NetworksJson(const NetworkComparison& comparison, const NetworkChoice& choice);

// a, b: what the models are called. At most `most` of the flipped photos are listed, the others counted.
std::string PairText(const PairedComparison& comparison, const std::string& a, const std::string& b, size_t most);
std::string PairCsv(const PairedComparison& comparison);  // the flipped photos
Json PairJson(const PairedComparison& comparison, const std::string& a, const std::string& b);

}  // namespace siskin::cli
