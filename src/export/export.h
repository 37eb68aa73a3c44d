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
  const char* name;   // "onnx"
  const char* title;  // "ONNX"
  // Writes `model` to `out`, each file atomically; what was written, the file to open first. Errors: kIo.
  std::vector<ExportedFile> (*write)(const ClassifierModel& model, const std::filesystem::path& out, FileOps& ops);
};

std::span<const ExportTarget> ExportTargets();
const ExportTarget& FindExportTarget(std::string_view name);  // kUsage naming the known ones

}  // namespace siskin
