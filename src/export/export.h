// Trained models as files of other programs: ONNX, Keras, TensorFlow.js, plain safetensors, tables for C.
// docs/export.md describes what each holds.
#pragma once

#include <filesystem>
#include <span>
#include <string_view>
#include <vector>

#include "export/exported_file.h"
#include "model/classifier_model.h"

namespace siskin {

struct ExportTarget {
  const char* name;    // "onnx"
  const char* ending;  // of its files: ".onnx"; "": it is a folder
  // Writes `model` to `out`, each file atomically; what was written, the file to open first. Errors: kIo.
  std::vector<ExportedFile> (*write)(const ClassifierModel& model, const std::filesystem::path& out, FileOps& ops);

  bool is_folder() const { return ending[0] == '\0'; }
};

std::span<const ExportTarget> ExportTargets();
// By its name, or with "auto" by the ending of `out`. kUsage naming the known ones.
const ExportTarget& FindExportTarget(std::string_view name, const std::filesystem::path& out);

}  // namespace siskin
