// `siskin export`: a model as a file of another program.
#include "export/export.h"

#include <fmt/format.h>

#include "base/error.h"
#include "base/utf8.h"
#include "cli/model_argument.h"
#include "cli/text.h"
#include "cli/verb.h"

namespace siskin::cli {
namespace {

constexpr char kOnnxUse[] = R"(import numpy, onnxruntime
from PIL import Image
photo = Image.open("photo.jpg").convert("RGB").resize(({width}, {height}), Image.BILINEAR)
scores, label = onnxruntime.InferenceSession("{file}").run(None, {{"image": numpy.array(photo)[None]}})
)";

// How the written file is used in its own world.
std::string Use(std::string_view target, const std::string& file, const Preprocessing& p) {
  const auto fill = [&](fmt::string_view snippet) {
    return fmt::format(fmt::runtime(snippet), fmt::arg("file", file), fmt::arg("width", p.width),
                       fmt::arg("height", p.height));
  };
  if (target == "onnx") return fill(kOnnxUse);
  return "";
}

class ExportVerb : public Verb {
 public:
  void Declare(Options options) override {
    std::vector<std::string> targets;
    for (const ExportTarget& target : ExportTargets()) targets.emplace_back(target.name);
    options.Describe("Write a model as a file of another program.",
                     "What the file takes are the bytes of photos: scaling is part of it.");
    options.Argument("MODEL", &model_, "a model file made by `siskin train`, or a network (see `siskin networks`)");
    options.Choice("--to", targets, &target_, "what to write");
    options.RequiredText("-o,--output", "OUT", &common_.output, "the file; of tfjs a folder");
    AddFormat(options, {"text", "json"});
    options.Footer(
        "docs/export.md describes inputs and outputs of each.\n\n"
        "Examples:\n"
        "  siskin export pets.safetensors --to onnx -o pets.onnx");
  }

  ExitCode Run(Session& session) override {
    const ExportTarget& target = FindExportTarget(target_);
    RequireWritable(common_.output);
    const ClassifierModel model = LoadModelOrNetwork(model_);
    const std::vector<ExportedFile> files = target.write(model, common_.output, FileOps::System());
    Output output("");
    output.Write(session.format() == "json" ? ToText(Report(files), 2) + "\n" : Text(target, files, model.card));
    output.Commit();
    return ExitCode::kDone;
  }

 private:
  Json Report(const std::vector<ExportedFile>& files) const {
    Json list = Json::array();
    for (const ExportedFile& file : files) {
      list.push_back({{"path", ToValidUtf8(file.path.native())}, {"bytes", file.bytes}});
    }
    return {{"v", 1}, {"model", ToValidUtf8(model_)}, {"to", target_}, {"files", list}};
  }

  std::string Text(const ExportTarget& target, const std::vector<ExportedFile>& files, const ModelCard& card) const {
    std::string text;
    for (const ExportedFile& file : files) {
      text +=
          fmt::format("{}: {} bytes\n", Printable(file.path.native()), WithCommas(static_cast<int64_t>(file.bytes)));
    }
    return text + "\n" + Use(target.name, Printable(files[0].path.native()), card.preprocessing);
  }

  std::string model_, target_ = "onnx";
};

}  // namespace

std::unique_ptr<Verb> MakeExport() {
  return std::make_unique<ExportVerb>();
}

}  // namespace siskin::cli
