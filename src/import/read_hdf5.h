// The tensors and names of a Keras weights file in HDF5. Reads only what such a file needs: floating-point datasets and
// a few text attributes; links to other files, external storage and plug-in filters are refused.
// https://docs.hdfgroup.org/archive/support/HDF5/doc/H5.format.html; the reading itself is libhdf5's.
#pragma once

#include <string_view>

#include "weights/file/safetensors.h"

namespace siskin {

// `bytes`: the whole file. Tensors come as fp32 under their HDF5 path ("layers/dense/vars/0"); whole numbers (an
// optimizer's counters) and everything under "optimizer" or "optimizer_weights" are left out. Metadata "attributes" is
// a JSON object: path of the group ("" is the root) -> name of the attribute -> list of texts. kModel for anything odd.
SafetensorsFile ReadHdf5(std::string_view bytes);

}  // namespace siskin
