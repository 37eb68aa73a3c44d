// A model for linking into a program in C: a header with its names and numbers, the model file, and a line of assembler
// that puts the file into the program. Its code is libsiskin's: include/siskin/c_api.h.
#pragma once

#include <string>
#include <vector>

#include "export/exported_file.h"
#include "model/classifier_model.h"

namespace siskin {

// The header. `name`: what its names begin with, an identifier of C; model_bytes: size of the model file.
std::string EmbeddedHeader(const ModelCard& card, const std::string& name, uint64_t model_bytes);

// Writes NAME.h (`header`), and beside it NAME.S and NAME.safetensors. kUsage if NAME cannot begin names in C, kIo.
std::vector<ExportedFile> WriteEmbedded(const ClassifierModel& model, const std::filesystem::path& header,
                                        FileOps& ops);

}  // namespace siskin
