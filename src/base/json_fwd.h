// The name Json alone, for headers that only take or return it: the whole of base/json.h is a second of compile time.
#pragma once

#include <nlohmann/json_fwd.hpp>

namespace siskin {

using Json = nlohmann::ordered_json;

}  // namespace siskin
