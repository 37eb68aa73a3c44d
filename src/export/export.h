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

struct Exporter {
  ExportTarget target;
  // Writes `model` to `out`, each file atomically; what was written, the file to open first. Errors: kIo.
  std::vector<ExportedFile> (*write)(const ClassifierModel& model, const std::filesystem::path& out, FileOps& ops);
};

std::span<const Exporter> Exporters();
// By the target's name, or with "auto" by the ending of `out`. kUsage naming the known ones.
const Exporter& FindExporter(std::string_view name, const std::filesystem::path& out);

}  // namespace siskin
