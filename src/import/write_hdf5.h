// The other direction: tensors and names as a Keras weights file in HDF5, for `siskin export --to keras`.
#pragma once

#include <string>

#include "weights/file/safetensors.h"

namespace siskin {

// What ReadHdf5 would read as `file`: every fp32 tensor under its path ("layers/dense/vars/0"), and the attributes in
// metadata "attributes". The same content gives the same bytes. kModel if a path cannot be a path in HDF5.
std::string WriteHdf5(const SafetensorsFile& file);

}  // namespace siskin
