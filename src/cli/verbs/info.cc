// `siskin info`: the card of a model or network, and its layers.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <filesystem>

#include "base/error.h"
#include "base/json.h"
#include "base/utf8.h"
#include "cli/layer_table.h"
#include "cli/text.h"
#include "cli/verb.h"
#include "diagram/block.h"
#include "diagram/diagram.h"
#include "model/model_argument.h"

namespace siskin::cli {
namespace {

using Rows = std::vector<std::vector<std::string>>;

std::string ScalingText(const Preprocessing& p) {
  return fmt::format("{} x {}, {}, {}; byte x {:.6g} {:+.6g}{}", p.height, p.width, Name(p.resize),
                     Name(p.interpolation), p.scale[0], p.shift[0], p.bgr ? ", blue first" : "");
}

std::string CostText(const Graph& graph) {
  return fmt::format("{} parameters, {:.2f} billion multiply-adds per photo", WithCommas(graph.num_parameters()),
                     static_cast<double>(graph.num_multiply_adds()) / 1e9);
}

// "0.9912 (0.9889 to 0.9930)" from the metrics that training stored; empty if they are not there.
std::string AccuracyText(const Json& metrics, const char* split) {
  const auto found = metrics.find(split);
  if (found == metrics.end() || !found->is_object()) return "";
  const auto accuracy = found->find("accuracy");
  if (accuracy == found->end() || !accuracy->is_number()) return "";
  return PercentText(accuracy->get<double>());
}

Rows ModelRows(const ModelCard& card, const Graph& graph) {
  Rows rows;
  std::vector<std::string> classes;
  for (const std::string& name : card.class_names) classes.push_back(Printable(name));
  rows.push_back({"network", card.network.network});
  rows.push_back({"started from", Printable(card.weights_name)});
  rows.push_back({"classes", fmt::format("{}: {}", classes.size(), fmt::join(classes, ", "))});
  rows.push_back({"head", fmt::format("{}, dropout {:g}", fmt::join(card.head.hidden, " - "), card.head.dropout)});
  rows.push_back({"input", ScalingText(card.preprocessing)});
  rows.push_back({"size", CostText(graph)});
  if (card.class_names.size() == 2) rows.push_back({"threshold", fmt::format("{:g}", card.threshold)});
  for (const char* split : {"validation", "test"}) {
    const std::string accuracy = AccuracyText(card.metrics, split);
    if (!accuracy.empty()) rows.push_back({split, accuracy});
  }
  rows.push_back({"references", std::to_string(card.references.size())});
  return rows;
}

Rows NetworkRows(const NetworkCard& card, const NetworkOptions& options, const Graph& graph) {
  Rows rows;
  rows.push_back({"network", card.title});
  rows.push_back({"paper", card.paper});
  rows.push_back({"input", ScalingText(DefaultPreprocessing(options))});
  rows.push_back({"smallest input", fmt::format("{0} x {0}", card.min_size)});
  rows.push_back({"size", CostText(graph)});
  if (card.alphas.size() > 1) rows.push_back({"widths (alpha)", fmt::format("{}", fmt::join(card.alphas, ", "))});
  if (card.top1 > 0) rows.push_back({"ImageNet", fmt::format("top-1 {} %, top-5 {} %", card.top1, card.top5)});
  for (const WeightsCard& weights : card.weights) {
    rows.push_back({"weights", fmt::format("{} ({})", weights.name, weights.licence)});
  }
  return rows;
}

class InfoVerb : public Verb {
 public:
  void Declare(Options options) override {
    options.Describe("Show what a model or network is, and its layers.");
    options.Argument("MODEL", Reads(&model_),
                     "a model file made by `siskin train`, or a network (see `siskin networks`)");
    options.Whole("--size", &size_, 0, 65535, "height and width of the input of a network; 0: its own");
    options.Number("--alpha", &alpha_, 0, 10, "width of a network that has several");
    options.Flag("--top", &top_, "a network with ImageNet's classifier instead of pooled features");
    options.Flag("--no-layers", &no_layers_, "leave the table of layers out");
    options.Text("--diagram", "FILE", Writes(&diagram_, kDiagram),
                 "draw it (SVG, - for standard output) instead of describing it");
    options.Text("--block", "NAME", Word(&block_), "with --diagram: only this block, such as mixed4 of inception_v3");
    AddFormat(options, {"text", "json"});
    AddOutput(options, kCard);
    options.Footer(
        "Examples:\n"
        "  siskin info pets.safetensors\n"
        "  siskin info mobilenet --alpha 0.5 --size 160\n"
        "  siskin info xception --top --diagram xception.svg\n"
        "  siskin info pets.safetensors --format json | jq .card.metrics.test");
  }

  ExitCode Run(Session& session) override {
    const NetworkCard* network = NetworkNamed(model_);
    if (!diagram_.empty()) return WriteDiagram(network);
    if (!block_.empty())
      Fail(ErrorKind::kUsage, "--block {}: of a diagram; give --diagram FILE, too", Printable(block_));
    const bool json = session.format() == "json";
    const std::string text = network != nullptr ? DescribeNetwork(*network, json) : DescribeModel(json);
    Output output = session.OpenOutput();
    output.Write(text);
    output.Commit();
    return ExitCode::kDone;
  }

 private:
  ExitCode WriteDiagram(const NetworkCard* network) const {
    std::string svg;
    if (network != nullptr) {
      svg = Diagram(BuildNetwork(AskedOptions(*network)), network->title);
    } else {
      RequireModelFile(model_);
      const ModelCard card = ReadModelCard(model_);
      const std::string name = FindNetwork(card.network.network).title;
      svg = Diagram(BuildModelGraph(card), fmt::format("{} ({})", std::filesystem::path(model_).stem().string(), name));
    }
    Output output(diagram_);
    output.Write(svg);
    output.Commit();
    return ExitCode::kDone;
  }

  std::string Diagram(const Graph& graph, const std::string& title) const {
    if (block_.empty()) return DiagramSvg(graph, title, CostText(graph));
    const Graph block = BlockNamed(graph, block_);
    return DiagramSvg(block, fmt::format("{}: {}", title, block_), CostText(block));
  }

  NetworkOptions AskedOptions(const NetworkCard& card) const {
    NetworkOptions asked;
    asked.network = card.name;
    asked.height = asked.width = size_;
    asked.alpha = alpha_;
    asked.top = top_;
    return WithDefaults(asked);
  }

  std::string DescribeModel(bool json) const {
    RequireModelFile(model_);
    const ModelCard card = ReadModelCard(model_);
    const Graph graph = BuildModelGraph(card);
    if (!json) return AlignColumns(ModelRows(card, graph)) + Layers(graph);
    return JsonText({{"v", 1}, {"model", ToValidUtf8(model_)}, {"card", ToJson(card)}}, graph);
  }

  std::string DescribeNetwork(const NetworkCard& card, bool json) const {
    const NetworkOptions options = AskedOptions(card);
    const Graph graph = BuildNetwork(options);
    if (!json) return AlignColumns(NetworkRows(card, options, graph)) + Layers(graph);
    Json description = {{"v", 1},
                        {"network", ToJson(options)},
                        {"title", card.title},
                        {"paper", card.paper},
                        {"preprocessing", ToJson(DefaultPreprocessing(options))}};
    return JsonText(std::move(description), graph);
  }

  std::string JsonText(Json description, const Graph& graph) const {
    description["parameters"] = graph.num_parameters();
    description["multiply_adds"] = graph.num_multiply_adds();
    if (!no_layers_) description["layers"] = LayersToJson(graph);
    return ToText(description, 2) + "\n";
  }

  std::string Layers(const Graph& graph) const { return no_layers_ ? "" : "\n" + LayerTable(graph); }

  std::string model_, diagram_, block_;
  int size_ = 0;
  double alpha_ = 1;
  bool top_ = false, no_layers_ = false;
};

}  // namespace

std::unique_ptr<Verb> MakeInfo() {
  return std::make_unique<InfoVerb>();
}

}  // namespace siskin::cli
