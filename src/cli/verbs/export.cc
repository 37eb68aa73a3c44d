// `siskin export`: a model as a file of another program.
#include "siskin/export.h"

#include <fmt/format.h>

#include <filesystem>
#include <system_error>

#include "base/error.h"
#include "base/json.h"
#include "base/utf8.h"
#include "cli/text.h"
#include "cli/verb.h"

namespace siskin::cli {
namespace {

namespace fs = std::filesystem;

class ExportVerb : public Verb {
 public:
  void Declare(Options options) override {
    std::vector<std::string> targets = {"auto"};
    for (const ExportTarget& target : ExportTargets()) targets.emplace_back(target.name);
    options.Describe("Write a model as a file of another program.",
                     "What the file takes are the bytes of photos: scaling is part of it.");
    options.Argument("MODEL", Reads(&model_),
                     "a model file made by `siskin train`, or a network (see `siskin networks`)");
    options.Choice("--to", targets, &target_, "what to write; auto: by the ending of OUT");
    options.RequiredText("-o,--output", "OUT",
                         Writes(&common_.output, kModel, [this](const fs::path& out) { return Planned(out); }),
                         "the file; with tfjs a folder, with c a header and two files beside it");
    AddFormat(options, {"text", "json"});
    options.Footer(
        "docs/export.md describes inputs and outputs of each.\n\n"
        "Examples:\n"
        "  siskin export pets.safetensors -o pets.onnx\n"
        "  siskin export pets.safetensors --to tfjs -o web/pets\n"
        "  siskin export mobilenet -o mobilenet.keras");
  }

  ExitCode Run(Session& session) override {
    const Exported exported = Export(model_, target_, common_.output);
    Output output("");
    output.Write(session.format() == "json" ? ToText(Report(exported.files), 2) + "\n" : Text(exported));
    output.Commit();
    return ExitCode::kDone;
  }

 private:
  std::vector<PlannedFile> Planned(const fs::path& out) const {
    const std::string_view target = FindExportTarget(target_, out).name;
    if (target == "onnx") return {{out, &kOnnx}};
    if (target == "keras") return {{out, &kKeras}};
    if (target == "tfjs") return PlannedTfjs(out);
    if (target == "c") return PlannedEmbedding(out);
    return {{out, &kModel}};
  }

  static std::vector<PlannedFile> PlannedTfjs(const fs::path& folder) {
    std::vector<PlannedFile> files = {{folder, &kFolder}, {folder / "model.json", &kTfjsIndex}};
    std::error_code none;
    for (const fs::directory_entry& entry : fs::directory_iterator(folder, none)) {
      if (entry.path().filename().native().starts_with("group1-shard")) files.push_back({entry.path(), &kTfjsShard});
    }
    return files;
  }

  std::vector<PlannedFile> PlannedEmbedding(const fs::path& header) const {
    const fs::path weights = fs::path(header).replace_extension(".safetensors");
    std::vector<PlannedFile> files = {{header, &kHeader}, {fs::path(header).replace_extension(".S"), &kAssembler}};
    if (!SameFile(weights, model_)) files.push_back({weights, &kModel});  // else it stays as it is
    return files;
  }

  Json Report(const std::vector<ExportedFile>& files) const {
    Json list = Json::array();
    for (const ExportedFile& file : files) {
      list.push_back({{"path", ToValidUtf8(file.path.native())}, {"bytes", file.bytes}});
    }
    return {{"v", 1},
            {"model", ToValidUtf8(model_)},
            {"to", FindExportTarget(target_, common_.output).name},
            {"files", list}};
  }

  static std::string Text(const Exported& exported) {
    std::string text;
    for (const ExportedFile& file : exported.files) {
      text +=
          fmt::format("{}: {} bytes\n", Printable(file.path.native()), WithCommas(static_cast<int64_t>(file.bytes)));
    }
    return text + "\n" + exported.usage;
  }

  std::string model_, target_ = "auto";
};

}  // namespace

std::unique_ptr<Verb> MakeExport() {
  return std::make_unique<ExportVerb>();
}

}  // namespace siskin::cli
