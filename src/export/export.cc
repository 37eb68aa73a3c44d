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

std::span<const Exporter> Exporters() {
  static constexpr std::array kExporters = {
      Exporter{{"onnx", ".onnx", "a graph for ONNX Runtime, OpenVINO and others"}, WriteOnnx},
      Exporter{{"keras", ".keras", "a model of Keras 3"}, WriteKerasFile},
      Exporter{{"tfjs", "", "a folder for TensorFlow.js, in a browser or Node.js"}, WriteTfjs},
      Exporter{{"safetensors", ".safetensors", "a model file of siskin; any reader of safetensors finds the weights"},
               WriteSafetensorsFile},
      Exporter{{"c", ".h", "a header, and the model itself to be linked into a program in C"}, WriteEmbedded},
  };
  return kExporters;
}

const Exporter& FindExporter(std::string_view name, const fs::path& out) {
  const bool by_ending = name == "auto";
  std::vector<std::string_view> known;
  for (const Exporter& exporter : Exporters()) {
    const ExportTarget& target = exporter.target;
    if (by_ending ? !target.is_folder() && out.extension() == target.ending : target.name == name) return exporter;
    known.push_back(target.name);
  }
  if (by_ending) {
    Fail(ErrorKind::kUsage, "{}: its ending does not tell what to write; say --to {}", Printable(out.native()),
         fmt::join(known, "|"));
  }
  Fail(ErrorKind::kUsage, "cannot export to \"{}\"; there are {}", Printable(name, 60), fmt::join(known, ", "));
}

}  // namespace siskin
