// How Keras lays out models in HDF5: Keras 2 (.h5: attributes layer_names and weight_names), Keras 3 (.weights.h5, and
// the one inside .keras: groups layers/conv2d_3/vars/0 numbered by class, or named by layer). Works on what
// siskin-import delivers; reads no file itself.
#pragma once

#include <string_view>
#include <vector>

#include "base/json_fwd.h"
#include "weights/file/safetensors.h"
#include "weights/match/match.h"

namespace siskin {

// The whole model and each of its sub-models. `config`: config.json of a .keras archive, which names the layers after
// the numbers; may be null. kModel if the file is in neither form.
std::vector<FileModel> ModelsInHdf5(const SafetensorsFile& hdf5, const Json* config, std::string_view where);

}  // namespace siskin
