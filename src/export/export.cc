#include "export/export.h"

#include <fmt/ranges.h>

#include <array>

#include "base/error.h"
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

}  // namespace

std::span<const ExportTarget> ExportTargets() {
  static constexpr std::array kTargets = {
      ExportTarget{"onnx", "ONNX", WriteOnnx},
      ExportTarget{"keras", "Keras", WriteKerasFile},
      ExportTarget{"tfjs", "TensorFlow.js", WriteTfjs},
  };
  return kTargets;
}

const ExportTarget& FindExportTarget(std::string_view name) {
  std::vector<std::string_view> known;
  for (const ExportTarget& target : ExportTargets()) {
    if (target.name == name) return target;
    known.emplace_back(target.name);
  }
  Fail(ErrorKind::kUsage, "cannot export to \"{}\"; there are {}", Printable(name, 60), fmt::join(known, ", "));
}

}  // namespace siskin
