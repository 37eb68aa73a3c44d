// `siskin networks`: the catalogue as a table.
#include <fmt/format.h>

#include <optional>

#include "base/json.h"
#include "cli/text.h"
#include "cli/verb.h"
#include "kernels/isa.h"
#include "networks/catalogue.h"
#include "networks/measure.h"
#include "train/initial_weights.h"

namespace siskin::cli {
namespace {

// The network as published: own size, ImageNet's 1,000 classes.
Graph PublishedGraph(const NetworkCard& card) {
  NetworkOptions options;
  options.network = card.name;
  options.top = true;
  return BuildNetwork(WithDefaults(options));
}

// One line of the table.
struct Line {
  const NetworkCard* card;
  Graph graph;
  std::optional<InferenceCost> cost;
};

std::string Percent(double percent) {
  return percent > 0 ? fmt::format("{:.1f} %", percent) : "";
}

// "MIT" of "MIT (Keras); trained on ImageNet, whose own terms may apply".
std::string ShortLicence(const NetworkCard& card) {
  return card.weights.empty() ? "" : card.weights[0].licence.substr(0, card.weights[0].licence.find(' '));
}

std::string Table(const std::vector<Line>& lines) {
  std::vector<std::vector<std::string>> rows = {
      {"network", "input", "parameters", "size", "multiply-adds", "depth", "top-1", "top-5", "weights"}};
  const bool measured = lines[0].cost.has_value();
  if (measured) rows[0].insert(rows[0].end(), {"one photo", fmt::format("{} at once", kMeasuredBatch), "memory"});
  for (const Line& line : lines) {
    const Graph& graph = line.graph;
    rows.push_back({line.card->name, std::to_string(line.card->default_size), WithCommas(graph.num_parameters()),
                    BytesText(sizeof(float) * static_cast<uint64_t>(graph.num_parameters())),
                    fmt::format("{:.2f} G", static_cast<double>(graph.num_multiply_adds()) / 1e9),
                    std::to_string(graph.depth()), Percent(line.card->top1), Percent(line.card->top5),
                    ShortLicence(*line.card)});
    if (!measured) continue;
    rows.back().insert(rows.back().end(), {fmt::format("{:.1f} ms", line.cost->ms_per_photo),
                                           fmt::format("{:.1f} photos/s", line.cost->photos_per_second),
                                           BytesText(line.cost->memory_bytes)});
  }
  return AlignColumns(rows, {1, 2, 3, 4, 5, 6, 7, 9, 10, 11}) +
         "\nWith ImageNet's classifier. weights: the licence of those that `siskin weights list` has; ImageNet's own "
         "terms may apply to them.\n";
}

Json TableAsJson(const std::vector<Line>& lines) {
  Json networks = Json::array();
  for (const auto& [card, graph, cost] : lines) {
    Json weights = Json::array();
    for (const WeightsCard& w : card->weights) weights.push_back(w.name);
    networks.push_back({{"name", card->name},
                        {"title", card->title},
                        {"paper", card->paper},
                        {"default_size", card->default_size},
                        {"min_size", card->min_size},
                        {"alphas", card->alphas},
                        {"parameters", graph.num_parameters()},
                        {"bytes", sizeof(float) * static_cast<uint64_t>(graph.num_parameters())},
                        {"multiply_adds", graph.num_multiply_adds()},
                        {"depth", graph.depth()},
                        {"top1", card->top1},
                        {"top5", card->top5},
                        {"weights", weights},
                        {"licence", card->weights.empty() ? "" : card->weights[0].licence}});
    if (!cost) continue;
    networks.back()["measured"] = {{"ms_per_photo", cost->ms_per_photo},
                                   {"batch", kMeasuredBatch},
                                   {"photos_per_second", cost->photos_per_second},
                                   {"memory_bytes", cost->memory_bytes},
                                   {"isa", CurrentIsa()}};
  }
  return {{"v", 1}, {"networks", networks}};
}

class NetworksVerb : public Verb {
 public:
  void Declare(Options options) override {
    options.Describe("List the networks.",
                     "Input size, parameters, multiply-adds and depth (convolutions and dense layers on the longest "
                     "way) with ImageNet's classifier, published ImageNet accuracy, licence of the weights.");
    options.Text("--networks", "NAME,NAME", Words(&names_), "only these (default: all)");
    options.Flag("--measure", &measure_, "add what each takes on this machine: time and memory of prediction");
    options.Number("--seconds", &seconds_, 0, 3600, "how long to measure: each network, one photo and several");
    AddThreads(options);
    AddFormat(options, {"text", "json"});
    AddOutput(options, kNetworkTable);
    options.Footer(
        "Examples:\n"
        "  siskin networks\n"
        "  siskin networks --measure --threads 2\n"
        "  siskin networks --networks mobilenet,mobilenet_v2 --measure\n"
        "  siskin info xception");
  }

  ExitCode Run(Session& session) override {
    std::vector<Line> lines;
    for (const NetworkCard* card : Chosen()) {
      Line line{card, PublishedGraph(*card), std::nullopt};
      if (measure_) line.cost = Measure(line.graph, session);
      lines.push_back(std::move(line));
    }
    Output output = session.OpenOutput();
    output.Write(session.format() == "json" ? ToText(TableAsJson(lines), 2) + "\n" : Table(lines));
    output.Commit();
    return ExitCode::kDone;
  }

 private:
  std::vector<const NetworkCard*> Chosen() const {
    std::vector<const NetworkCard*> cards;
    for (const std::string& name : names_) cards.push_back(&FindNetwork(name));
    if (!cards.empty()) return cards;
    for (const NetworkCard& card : Catalogue()) cards.push_back(&card);
    return cards;
  }

  InferenceCost Measure(const Graph& graph, Session& session) const {
    return MeasureInference(graph, InitialWeights(graph.Layout(), 0), seconds_, session.context().threads);
  }

  std::vector<std::string> names_;
  bool measure_ = false;
  double seconds_ = 1;
};

}  // namespace

std::unique_ptr<Verb> MakeNetworks() {
  return std::make_unique<NetworksVerb>();
}

}  // namespace siskin::cli
