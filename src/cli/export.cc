// `siskin export`: a model as a file of another program.
#include "export/export.h"

#include <fmt/format.h>

#include "base/error.h"
#include "base/json.h"
#include "base/utf8.h"
#include "cli/export_usage.h"
#include "cli/model_argument.h"
#include "cli/text.h"
#include "cli/verb.h"

namespace siskin::cli {
namespace {

class ExportVerb : public Verb {
 public:
  void Declare(Options options) override {
    std::vector<std::string> targets = {"auto"};
    for (const ExportTarget& target : ExportTargets()) targets.emplace_back(target.name);
    options.Describe("Write a model as a file of another program.",
                     "What the file takes are the bytes of photos: scaling is part of it.");
    options.Argument("MODEL", &model_, "a model file made by `siskin train`, or a network (see `siskin networks`)");
    options.Choice("--to", targets, &target_, "what to write; auto: by the ending of OUT");
    options.RequiredText("-o,--output", "OUT", &common_.output, "the file; with tfjs a folder, with c a header");
    AddFormat(options, {"text", "json"});
    options.Footer(
        "docs/export.md describes inputs and outputs of each.\n\n"
        "Examples:\n"
        "  siskin export pets.safetensors -o pets.onnx\n"
        "  siskin export pets.safetensors --to tfjs -o web/pets\n"
        "  siskin export mobilenet -o mobilenet.keras");
  }

  ExitCode Run(Session& session) override {
    const std::filesystem::path out = common_.output;
    const ExportTarget& target = FindExportTarget(target_, out);
    RequireWritable(target.is_folder() ? out / "model.json" : out);
    ClassifierModel model = LoadModelOrNetwork(model_);
    if (model.card.references.empty()) SetReferences(&model, session.context().threads);
    const std::vector<ExportedFile> files = target.write(model, out, FileOps::System());
    Output output("");
    output.Write(session.format() == "json" ? ToText(Report(target, files), 2) + "\n"
                                            : Text(target, files, model.card));
    output.Commit();
    return ExitCode::kDone;
  }

 private:
  Json Report(const ExportTarget& target, const std::vector<ExportedFile>& files) const {
    Json list = Json::array();
    for (const ExportedFile& file : files) {
      list.push_back({{"path", ToValidUtf8(file.path.native())}, {"bytes", file.bytes}});
    }
    return {{"v", 1}, {"model", ToValidUtf8(model_)}, {"to", target.name}, {"files", list}};
  }

  std::string Text(const ExportTarget& target, const std::vector<ExportedFile>& files, const ModelCard& card) const {
    std::string text;
    for (const ExportedFile& file : files) {
      text +=
          fmt::format("{}: {} bytes\n", Printable(file.path.native()), WithCommas(static_cast<int64_t>(file.bytes)));
    }
    const std::string usage = ExportUsage(target.name, files[0].path, card.preprocessing);
    return text + (usage.empty() ? "" : "\n") + usage;
  }

  std::string model_, target_ = "auto";
};

}  // namespace

std::unique_ptr<Verb> MakeExport() {
  return std::make_unique<ExportVerb>();
}

}  // namespace siskin::cli
