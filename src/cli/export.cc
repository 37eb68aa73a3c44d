// `siskin export`: a model as a file of another program.
#include "export/export.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

#include "base/error.h"
#include "base/json.h"
#include "base/utf8.h"
#include "cli/model_argument.h"
#include "cli/text.h"
#include "cli/verb.h"

namespace siskin::cli {
namespace {

// How each file is used in its own world.
constexpr char kOnnxUse[] = R"(import numpy, onnxruntime
from PIL import Image
photo = Image.open("photo.jpg").convert("RGB").resize(({width}, {height}), Image.BILINEAR)
scores, label = onnxruntime.InferenceSession("{file}").run(None, {{"image": numpy.array(photo)[None]}})
)";
constexpr char kKerasUse[] = R"(import keras, numpy
from PIL import Image
photo = Image.open("photo.jpg").convert("RGB").resize(({width}, {height}), Image.BILINEAR)
scores = keras.models.load_model("{file}").predict(numpy.array(photo, "float32")[None])
)";
constexpr char kTfjsUse[] = R"(const model = await tf.loadLayersModel("{file}");
const photo = tf.browser.fromPixels(canvas);  // of {width} x {height} pixels
const scores = await model.predict(photo.toFloat().expandDims()).data();
)";
constexpr char kSafetensorsUse[] = R"(siskin predict {file} photo.jpg
)";
constexpr char kCUse[] =
    R"(siskin_classifier* {name} = siskin_open_memory({name}_model, sizeof {name}_model, 0, &error);
int label = siskin_classify_pixels({name}, rgb, width, height, row_bytes, scores, &error);
puts({name}_class_names[label]);
)";
constexpr std::array<std::pair<std::string_view, fmt::string_view>, 5> kUses = {
    {{"onnx", kOnnxUse}, {"keras", kKerasUse}, {"tfjs", kTfjsUse}, {"safetensors", kSafetensorsUse}, {"c", kCUse}}};

std::string Use(std::string_view target, const std::filesystem::path& file, const Preprocessing& p) {
  const auto* const use = std::ranges::find(kUses, target, &decltype(kUses)::value_type::first);
  if (use == kUses.end()) return "";
  return "\n" + fmt::format(fmt::runtime(use->second), fmt::arg("file", Printable(file.native())),
                            fmt::arg("name", Printable(file.stem().native())), fmt::arg("width", p.width),
                            fmt::arg("height", p.height));
}

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
    return text + Use(target.name, files[0].path, card.preprocessing);
  }

  std::string model_, target_ = "auto";
};

}  // namespace

std::unique_ptr<Verb> MakeExport() {
  return std::make_unique<ExportVerb>();
}

}  // namespace siskin::cli
