#include "export/export.h"

#include <fmt/ranges.h>

#include <array>

#include "base/error.h"
#include "export/embed.h"
#include "export/keras.h"
#include "export/onnx.h"
#include "export/tfjs.h"

namespace siskin {
namespace {

namespace fs = std::filesystem;
using Files = std::vector<ExportedFile>;

Files WriteOnnx(const ClassifierModel& model, const fs::path& out, FileOps& ops) {
  const ProtobufWriter bytes = OnnxModel(model);
  AtomicFile file(out, ops);
  bytes.Visit([&](std::string_view piece) { file.Write(piece); });
  file.Commit();
  return {{out, bytes.size()}};
}

Files WriteKerasFile(const ClassifierModel& model, const fs::path& out, FileOps& ops) {
  return {WriteKeras(model, out, ops)};
}

Files WriteSafetensorsFile(const ClassifierModel& model, const fs::path& out, FileOps& ops) {
  SaveModel(out, model, ops);
  return {{out, fs::file_size(out)}};
}

}  // namespace

std::span<const ExportTarget> ExportTargets() {
  static constexpr std::array kTargets = {
      ExportTarget{"onnx", ".onnx", WriteOnnx}, ExportTarget{"keras", ".keras", WriteKerasFile},
      ExportTarget{"tfjs", "", WriteTfjs},      ExportTarget{"safetensors", ".safetensors", WriteSafetensorsFile},
      ExportTarget{"c", ".h", WriteEmbedded},
  };
  return kTargets;
}

const ExportTarget& FindExportTarget(std::string_view name, const fs::path& out) {
  const bool by_ending = name == "auto";
  std::vector<std::string_view> known;
  for (const ExportTarget& target : ExportTargets()) {
    if (by_ending ? !target.is_folder() && out.extension() == target.ending : target.name == name) return target;
    known.emplace_back(target.name);
  }
  if (by_ending) {
    Fail(ErrorKind::kUsage, "{}: its ending does not tell what to write; say --to {}", Printable(out.native()),
         fmt::join(known, "|"));
  }
  Fail(ErrorKind::kUsage, "cannot export to \"{}\"; there are {}", Printable(name, 60), fmt::join(known, ", "));
}

}  // namespace siskin
