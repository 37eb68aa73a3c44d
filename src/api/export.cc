// include/siskin/export.h on top of export/ and model/.
#include "siskin/export.h"

#include <system_error>

#include "base/error.h"
#include "base/files.h"
#include "base/threads.h"
#include "export/export.h"
#include "export/export_usage.h"
#include "model/model_argument.h"
#include "model/self_proof.h"

namespace siskin {
namespace {

namespace fs = std::filesystem;

// Of a folder the files whose names TensorFlow.js' have: what else is in it stays.
bool HoldsAsPart(const fs::path& folder, const fs::path& model) {
  std::error_code none;
  for (const fs::directory_entry& entry : fs::directory_iterator(folder, none)) {
    const std::string name = entry.path().filename();
    if ((name == "model.json" || name.starts_with("group1-shard")) && SameFile(entry.path(), model)) return true;
  }
  return false;
}

// Of pets.safetensors to pets.h the model is in its place already, and is not written again.
void RequireOtherFile(const fs::path& model, const ExportTarget& target, const fs::path& out) {
  const bool replaced =
      target.is_folder()
          ? HoldsAsPart(out, model)
          : SameFile(out, model) || (target.name == "c" && SameFile(fs::path(out).replace_extension(".S"), model));
  if (!replaced) return;
  Fail(ErrorKind::kUsage, "{}: the export to {} would replace the model that it reads; choose another name",
       Printable(model.native()), Printable(out.native()));
}

std::vector<ExportTarget> TargetsOf(std::span<const Exporter> exporters) {
  std::vector<ExportTarget> targets;
  for (const Exporter& exporter : exporters) targets.push_back(exporter.target);
  return targets;
}

}  // namespace

std::span<const ExportTarget> ExportTargets() {
  static const std::vector<ExportTarget> targets = TargetsOf(Exporters());
  return targets;
}

const ExportTarget& FindExportTarget(std::string_view name, const fs::path& out) {
  return FindExporter(name, out).target;
}

Exported Export(const std::string& model, std::string_view target, const fs::path& out) {
  const Exporter& exporter = FindExporter(target, out);
  RequireOtherFile(model, exporter.target, out);
  RequireWritable(exporter.target.is_folder() ? out / "model.json" : out);
  ClassifierModel read = LoadModelOrNetwork(model);
  if (read.card.references.empty()) {
    ThreadPool threads(0);
    SetReferences(&read, threads);
  }
  std::vector<ExportedFile> files = exporter.write(read, out, FileOps::System());
  std::string usage = ExportUsage(exporter.target.name, files.front().path, read.card.preprocessing);
  return {.files = std::move(files), .usage = std::move(usage)};
}

}  // namespace siskin
