// HDF5 files, read and written by the separate program siskin-import in its sandbox: this process never runs libhdf5.
#pragma once

#include <filesystem>
#include <string_view>

#include "base/json_fwd.h"
#include "weights/file/safetensors.h"

namespace siskin {

// What siskin-import makes of `bytes`: fp32 tensors by HDF5 path; metadata "attributes" (JSON: group -> attribute ->
// texts) and "sandbox" (what protected us). kModel if it cannot be read as weights, kIo if the program is missing.
SafetensorsFile ReadHdf5InSandbox(std::string_view bytes, std::string_view where);

// The way back: the bytes of an HDF5 file with `tensors` (fp32) under their paths, and `attributes` as
// ReadHdf5InSandbox gives them. Errors as there.
std::string WriteHdf5InSandbox(const TensorMap& tensors, const Json& attributes);

// Where siskin-import is: beside the running program, else on PATH (then just its name).
std::filesystem::path ImportProgram();

}  // namespace siskin
