// The layers of a model as Keras writes them into config.json, into whole-model .h5 files and into TF.js' model.json.
#pragma once

#include <string>
#include <vector>

#include "base/json_fwd.h"

namespace siskin {

constexpr int kMaxModelNesting = 16;  // models in models; real files have one or two

struct ConfigLayer {
  std::string name, keras_class, leaf;  // leaf: by class and number, "conv2d_3": groups of Keras 3 are called so
  const Json* model = nullptr;          // its own "config" if it has layers
};

// The layers of a model's "config", in order; empty if it has none. A Sequential of Keras before 2.2.3 is just the
// list.
std::vector<ConfigLayer> LayersOfConfig(const Json& config);

}  // namespace siskin
