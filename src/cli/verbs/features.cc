// `siskin features`: the pooled features of photos as a NumPy array, for work outside of Siskin.
#include "train/features.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <utility>

#include "base/csv.h"
#include "base/error.h"
#include "base/npy.h"
#include "cli/photo_messages.h"
#include "cli/recipe_options.h"
#include "cli/text.h"
#include "cli/verb.h"
#include "model/model_argument.h"
#include "train/backbone.h"

namespace siskin::cli {
namespace {

namespace fs = std::filesystem;

// A network that ends in pooled features, and what its input looks like.
struct Extractor {
  Graph graph;
  TensorMap weights;
  Preprocessing preprocessing;
};

// The frozen part of a trained model: its weights without those of the head.
Extractor ExtractorOf(ClassifierModel model, const std::string& where) {
  if (model.card.network.top) Fail(ErrorKind::kUsage, "{}: has no pooled features, only classes", Printable(where));
  Extractor extractor{BuildNetwork(model.card.network), {}, model.card.preprocessing};
  for (const LayerLayout& layer : extractor.graph.Layout()) {
    for (const ParameterSpec& parameter : layer.parameters) {
      extractor.weights[parameter.name] = std::move(model.weights[parameter.name]);
    }
  }
  return extractor;
}

fs::path ListOf(const fs::path& array) {
  return fs::path(array).replace_extension(".csv");
}

std::vector<PlannedFile> Planned(const fs::path& array) {
  if (array.extension() != ".npy") {
    Fail(ErrorKind::kUsage, "-o {}: the features become a NumPy array, name it FILE.npy; their list becomes FILE.csv",
         Printable(array.native()));
  }
  return {{array, &kFeatures}, {ListOf(array), &kFeatureList}};
}

class FeaturesVerb : public Verb {
 public:
  void Declare(Options options) override {
    options.Describe(
        "Write the features that a network sees in photos.",
        "The result is a NumPy array, float32 [photos, channels], pooled over the picture, and beside it a "
        "CSV file with the photo of every row.");
    options.Argument("MODEL", Reads(&model_),
                     "a network (see `siskin networks`), or a model file made by `siskin train`");
    options.Argument("PHOTOS", ReadsAll(&photos_),
                     "files, folders (all photos below), patterns in quotes ('*.jpg', '**/*.jpg'), or - for a "
                     "list on standard input, one path a line (UTF-8 or UTF-16) or NUL-separated");
    options.RequiredText("-o,--output", "FILE.npy", Writes(&common_.output, kFeatures, Planned),
                         "the array; the list of photos becomes FILE.csv");
    options.Group("Network and its input (a model file brings its own)");
    recipe_options_.Declare(options, {"alpha", "size", "scaling", "resize", "interpolation"});
    options.Choice("--pooling", {"average", "max"}, &pooling_, "how a feature map becomes one number");
    options.Text("--weights", "NAME|FILE", Reads(&weights_), "weights of the network; without it its ImageNet weights");
    options.Group("Common options");
    AddBatch(options);
    AddThreads(options);
    AddVolume(options);
    options.Footer(
        "A photo that cannot be read gets no row, and the exit code is 4.\n\n"
        "Examples:\n"
        "  siskin features xception photos/ -o photos.npy\n"
        "  siskin features xception photos/ -o photos.npy --size 150 --scaling unit\n"
        "  python3 -c 'import numpy; print(numpy.load(\"photos.npy\").shape)'");
  }

  ExitCode Run(Session& session) override {
    const std::vector<fs::path> files = session.ExpandPhotos(photos_, "siskin features " + Printable(model_));
    RequireWritable(common_.output);
    const RunContext context = session.context();
    Extractor extractor = Load(context.progress);
    const int batch = static_cast<int>(std::min(files.size(), static_cast<size_t>(common_.batch)));
    Plan plan(extractor.graph, std::move(extractor.weights), {.max_batch = batch}, context.threads);
    const auto channels = static_cast<size_t>(plan.output_shape().c);
    std::vector<float> features(files.size() * channels);
    context.progress.Begin("features", "photos", files.size());
    const std::vector<LoadStatus> statuses = RunBackbone(files, extractor.preprocessing, plan, context, features);
    context.progress.Finish();
    if (statuses.size() < files.size()) {
      Fail(ErrorKind::kInterrupted, "stopped after {} of {} photos; nothing was written", statuses.size(),
           files.size());
    }
    return Write(files, statuses, channels, &features, session);
  }

 private:
  Extractor Load(Progress& progress) const {
    if (NetworkNamed(model_) == nullptr) {
      RequireModelFile(model_);
      if (recipe_options_.any_given() || !weights_.empty()) {
        Fail(ErrorKind::kUsage, "{}: a model file brings its own weights and input; leave the network's options out",
             Printable(model_));
      }
      return ExtractorOf(ReadModel(model_), model_);
    }
    const Recipe recipe = recipe_options_.Make("default", model_);
    NetworkOptions network = BackboneOf(recipe);
    network.pooling = pooling_ == "max" ? Pooling::kMax : Pooling::kAverage;
    return {BuildNetwork(network), LoadBackbone(network, weights_, progress).weights, PreprocessingOf(recipe)};
  }

  // Moves the rows of readable photos together and writes them with their list.
  ExitCode Write(const std::vector<fs::path>& files, const std::vector<LoadStatus>& statuses, size_t channels,
                 std::vector<float>* features, Session& session) const {
    std::vector<SkippedFile> broken, damaged;
    std::string list = "path\n";
    size_t rows = 0;
    for (size_t i = 0; i < files.size(); ++i) {
      if (!statuses[i].error.empty()) {
        broken.push_back({files[i].native(), statuses[i].error});
        continue;
      }
      if (!statuses[i].warning.empty()) damaged.push_back({files[i].native(), statuses[i].warning});
      const auto row = features->begin() + static_cast<std::ptrdiff_t>(i * channels);
      std::copy_n(row, channels, features->begin() + static_cast<std::ptrdiff_t>(rows * channels));
      list += CsvField(files[i].native()) + "\n";
      ++rows;
    }
    WarnAboutPhotos(damaged, "damaged, but could be decoded", session);
    WarnAboutPhotos(broken, "could not be read and got no row", session);
    if (rows == 0) Fail(ErrorKind::kData, "not one photo could be read; nothing was written");
    const std::vector<int64_t> shape = {static_cast<int64_t>(rows), static_cast<int64_t>(channels)};
    const fs::path list_file = ListOf(common_.output);
    WriteNpy(common_.output, shape, std::span(*features).first(rows * channels));
    WriteFileAtomic(list_file, list);
    session.progress().Note(fmt::format("{}: {} x {} features; {}: the photo of every row", Printable(common_.output),
                                        rows, channels, Printable(list_file.native())));
    return broken.empty() ? ExitCode::kDone : ExitCode::kSomeInputsFailed;
  }

  std::string model_, weights_;
  std::vector<std::string> photos_;
  std::string pooling_ = "average";
  RecipeOptions recipe_options_;
};

}  // namespace

std::unique_ptr<Verb> MakeFeatures() {
  return std::make_unique<FeaturesVerb>();
}

}  // namespace siskin::cli
